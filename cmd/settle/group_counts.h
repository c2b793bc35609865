/* How many origins support and choose each group, counted while all origins are read: the numbers of
 * v_group_share, without a second reading of the table. */
#pragma once

#include "report/fleet/fleet_report.h"
#include "store/store_read.h"

struct group_counts {
    uint16_t hybrid; /* the group that is measured as the hybrid now */
    struct fleet_report_group judged[JUDGED_GROUPS];
    struct fleet_report_group others[FACTS_OTHERS]; /* as facts_other_groups */
};

void group_counts_init(struct group_counts *counts, uint16_t hybrid);

/* To be called once for each origin, in however many zones it is. */
void group_counts_add(struct group_counts *counts, const struct store_origin *stored);

/* Gives the report a row for each of the judged groups, then for each other one that some origin has,
 * in the order of the view. */
void group_counts_report(const struct group_counts *counts, struct fleet_report *report);
