/* Deletes history that is too old. */
#include "cmd/daemon/pruner.h"

#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "store/store_upkeep.h"

enum { ORIGINS = 200, EVERY_S = 6 * 3600 };

enum store_result pruner_slice(struct pruner *pruner, struct store *store,
                               const struct config *config, struct err *err) {
    struct store_pruned pruned = {0};
    uint64_t now_us = clock_mono_us();
    if (config->keep_days == 0 || now_us < pruner->again_us) /* commits limit it by number */
        return STORE_OK;
    int64_t before_ms = clock_wall_ms() - config->keep_days * DAY_MS;
    enum store_result result =
        store_prune(store, config->keep_scans, before_ms, &pruner->cursor, ORIGINS, &pruned, err);
    if (result == STORE_OK && pruner->cursor == 0)
        pruner->again_us = now_us + EVERY_S * UINT64_C(1000000);
    return result;
}
