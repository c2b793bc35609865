/* One origin while its news are taken into its memo and its visits. */
#pragma once

#include "cmd/settle/settle_options.h"
#include "report/rule/origin_history.h"

struct observing {
    const struct settle_options *options; /* borrowed, as the store */
    struct store *store;
    int64_t origin_id;
    struct origin_history memo;
    uint8_t *visits; /* ORIGIN_VISITS_SIZE bytes */
    size_t visits_n;
    bool changed;           /* something conclusive came */
    struct store_hour sums; /* of the scans that were taken */
};

/* Begins with nothing known. */
void observing_init(struct observing *o, const struct settle_options *options, struct store *store,
                    int64_t origin_id);
void observing_clear(struct observing *o);

/* Reads what is kept, and takes from the history what is missing of the origin's `visits` scans.
 * Errors of the store make its transaction fail and are told at its end; here as in the others. */
void observing_load(struct observing *o, uint32_t visits);

/* Takes one visit; an extra one is made a confirming one where a failure waits for that. */
void observing_keep(struct observing *o, struct observation *scan);
void observing_scan(struct observing *o, const struct scan *scan,
                    const struct judgement *judgement);

void observing_save(struct observing *o);
