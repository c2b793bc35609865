/* Deferred visits that are not yet written to the store. */
#include "cmd/daemon/deferred_visits.h"

#include "scanner/base/array.h"

#include <stdlib.h>

uint64_t deferred_visits_wait_ms(enum visit_reason reason, uint32_t after_ms, uint32_t period_s) {
    uint64_t most_ms = period_s * UINT64_C(1000) / 4;
    if (reason != VISIT_CROWDED && after_ms > most_ms)
        after_ms = (uint32_t)most_ms;
    return (uint64_t)after_ms + arc4random_uniform(after_ms + 1);
}

void deferred_visits_add(struct deferred_visits *deferred_visits, int64_t origin_id,
                         int64_t until_ms) {
    deferred_visits->rows = array_reserve(deferred_visits->rows, deferred_visits->n + 1,
                                          &deferred_visits->room, sizeof *deferred_visits->rows);
    deferred_visits->rows[deferred_visits->n++] =
        (struct store_deferral){.origin_id = origin_id, .until_ms = until_ms};
}

void deferred_visits_drop_times(struct deferred_visits *deferred_visits) {
    for (size_t i = 0; i < deferred_visits->n; i++)
        deferred_visits->rows[i].until_ms = 0;
}

enum store_result deferred_visits_flush(struct deferred_visits *deferred_visits,
                                        struct store *store, struct err *err) {
    if (deferred_visits->n == 0)
        return STORE_OK;
    enum store_result result = store_defer(store, deferred_visits->rows, deferred_visits->n, err);
    if (result == STORE_OK)
        deferred_visits->n = 0;
    return result;
}

void deferred_visits_clear(struct deferred_visits *deferred_visits) {
    free(deferred_visits->rows);
    *deferred_visits = (struct deferred_visits){0};
}
