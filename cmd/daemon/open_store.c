/* Opens the configured database. */
#include "cmd/daemon/open_store.h"

/* A scanner waits this long for another program's lock before it goes on with its probes and asks
 * again later. */
#define BUSY_MS 100

struct store *open_store(const struct config *config, enum store_access access, struct err *err) {
    struct store_options options = {
        .path = config->database,
        .access = access,
        .schedule = schedule_every(config->period_s * INT64_C(1000)),
        .keep_scans = config->keep_scans,
        .busy_ms = BUSY_MS,
    };
    return store_open(&options, err);
}
