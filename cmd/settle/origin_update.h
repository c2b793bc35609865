/* One origin while its news are taken into its memo and its visits. */
#pragma once

#include "cmd/settle/settle_options.h"
#include "report/rule/origin_history.h"

struct origin_update {
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
void origin_update_init(struct origin_update *o, const struct settle_options *options,
                        struct store *store, int64_t origin_id);
void origin_update_clear(struct origin_update *o);

/* Reads what is kept, and takes from the history what is missing of the origin's `visits` scans.
 * Errors of the store make its transaction fail and are told at its end; here as in the others. */
void origin_update_load(struct origin_update *o, uint32_t visits);

/* Takes one visit; an extra one is made a confirming one where a failure waits for that. */
void origin_update_keep(struct origin_update *o, struct observation *scan);
void origin_update_scan(struct origin_update *o, const struct scan *scan,
                        const struct judgement *judgement);

void origin_update_save(struct origin_update *o);
