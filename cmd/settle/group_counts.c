/* Counting groups as v_group_share does. */
#include "cmd/settle/group_counts.h"

void group_counts_init(struct group_counts *counts, uint16_t hybrid) {
    *counts = (struct group_counts){.hybrid = hybrid};
    for (enum judged_group i = 0; i < JUDGED_GROUPS; i++)
        counts->judged[i].group = judgement_group(i, hybrid);
    for (unsigned i = 0; i < FACTS_OTHERS; i++)
        counts->others[i].group = facts_other_groups[i];
}

static void count_judged(struct group_counts *counts, const struct facts *facts) {
    for (enum judged_group i = 0; i < JUDGED_GROUPS; i++) {
        struct fleet_report_group *group = &counts->judged[i];
        bool asked = i != JUDGED_HYBRID || facts->hybrid == counts->hybrid;
        group->origins += asked && facts->groups[i] != TRUTH_UNKNOWN;
        group->supported += asked && facts->groups[i] == TRUTH_TRUE;
        group->preferred += facts->preferred_group == group->group;
    }
}

static void count_others(struct group_counts *counts, const struct facts *facts) {
    bool any = facts->others >> FACTS_OTHER_SUPPORTED != 0;
    for (unsigned i = 0; i < FACTS_OTHERS; i++) {
        struct fleet_report_group *group = &counts->others[i];
        group->origins += facts->others >> i & 1;
        group->supported += facts->others >> (FACTS_OTHER_SUPPORTED + i) & 1;
        group->preferred += any && facts->preferred_group == group->group;
    }
}

void group_counts_add(struct group_counts *counts, const struct store_origin *stored) {
    if (!stored->scanned || stored->status != STATUS_COMPLETE)
        return;
    count_judged(counts, &stored->facts);
    if (stored->facts.others)
        count_others(counts, &stored->facts);
}

/* The first of them behind that group that has a row. */
static const struct fleet_report_group *next_other(const struct group_counts *counts,
                                                   uint16_t after) {
    const struct fleet_report_group *next = NULL;
    for (unsigned i = 0; i < FACTS_OTHERS; i++) {
        const struct fleet_report_group *group = &counts->others[i];
        if (group->supported > 0 && group->group != counts->hybrid && group->group > after &&
            (!next || group->group < next->group))
            next = group;
    }
    return next;
}

void group_counts_report(const struct group_counts *counts, struct fleet_report *report) {
    for (enum judged_group i = 0; i < JUDGED_GROUPS; i++)
        fleet_report_group(report, &counts->judged[i]);
    const struct fleet_report_group *group = next_other(counts, 0);
    for (; group; group = next_other(counts, group->group))
        fleet_report_group(report, group);
}
