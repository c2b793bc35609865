/* One origin's stored state while a visit is added to it: the state itself (struct origin_history)
 * and the recent visits from which it can be rebuilt. Every change of either goes through here. */
#pragma once

#include "cmd/settle/settle_options.h"
#include "report/rule/origin_history.h"
#include "store/store_rule.h"

struct judgement;
struct scan;

struct origin_update {
    const struct settle_options *options; /* borrowed, as the store */
    struct store *store;
    int64_t origin_id;
    struct origin_history history;
    struct store_origin_rule *rule; /* the bytes of both; `own`, or an observer's */
    struct store_origin_rule *own;
    bool changed;           /* a visit that may count, or a release, was added */
    struct store_hour sums; /* of the scans that were added */
    int64_t
        now_ms; /* what is kept of days far ahead is a wrong clock's, and forgotten; 0: nothing is */
};

/* Begins with nothing known. `options` and `store` have to outlive it. `rule` is where the bytes are
 * read from and written to; with NULL it has bytes of its own, for load and save. */
void origin_update_init(struct origin_update *o, const struct settle_options *options,
                        struct store *store, int64_t origin_id, struct store_origin_rule *rule);
void origin_update_clear(struct origin_update *o);

/* Reads what is kept; load: asks the store for it first. Of the origin's `visits` scans, those that
 * it does not cover yet are added from the stored scans; one that is damaged is passed over. */
STORE_RESULT origin_update_read(struct origin_update *o, uint32_t visits, struct err *err);
STORE_RESULT origin_update_load(struct origin_update *o, uint32_t visits, struct err *err);

/* Adds one visit; an extra one counts as a confirming one if a failure waits to be confirmed. */
void origin_update_keep(struct origin_update *o, struct observation *scan);
void origin_update_scan(struct origin_update *o, const struct scan *scan,
                        const struct judgement *judgement);

/* The same of a scan of which the visit `before` was kept (NULL: none was). */
void origin_update_again(struct origin_update *o, const struct scan *scan,
                         const struct judgement *judgement, const struct observation *before);

/* Writes the state to where it was read from; save: gives it to the store as well. */
void origin_update_write(struct origin_update *o);
STORE_RESULT origin_update_save(struct origin_update *o, struct err *err);
