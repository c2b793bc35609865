/* Deferred visits that are not yet written to the store. */
#pragma once

#include "scanner/visit/visit.h"
#include "store/store_schedule.h"

/* Starts as {0}. */
struct deferred_visits {
    size_t n;
    size_t room;
    struct store_deferral *rows;
};

/* How long to put off a visit that may be made `after_ms` later, in milliseconds: spread over as long
 * again, so that those that were turned away together do not come back together. Our own trouble must
 * not cost an origin its slot: half a period is the longest then. */
uint64_t deferred_visits_wait_ms(enum visit_reason reason, uint32_t after_ms, uint32_t period_s);

/* `until_ms` as in struct store_deferral. */
void deferred_visits_add(struct deferred_visits *deferred_visits, int64_t origin_id,
                         int64_t until_ms);

/* All are due as before, whatever was said of them. */
void deferred_visits_drop_times(struct deferred_visits *deferred_visits);

/* Tells the store of all; on STORE_OK they are forgotten, else they stay. */
STORE_RESULT deferred_visits_flush(struct deferred_visits *deferred_visits, struct store *store,
                                   struct err *err);

void deferred_visits_clear(struct deferred_visits *deferred_visits);
