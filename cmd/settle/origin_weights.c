/* Weights from counts of handshakes. */
#include "cmd/settle/origin_weights.h"

#include "scanner/base/alloc.h"
#include "scanner/base/duration.h"
#include "store/store_traffic.h"

#include <stdlib.h>

struct counting {
    const struct settle_origin *origins;
    size_t origins_n;
    size_t at;
    double *counts; /* of each origin */
    int64_t newest_ms;
};

/* Both come in the order of ids. */
static bool take_count(void *arg, int64_t origin_id, double handshakes, int64_t counted_ms) {
    struct counting *counting = arg;
    while (counting->at < counting->origins_n && counting->origins[counting->at].id < origin_id)
        counting->at++;
    if (counting->at < counting->origins_n && counting->origins[counting->at].id == origin_id &&
        counting->origins[counting->at].weight > 0) {
        counting->counts[counting->at] = handshakes;
        if (counted_ms > counting->newest_ms)
            counting->newest_ms = counted_ms;
    }
    return true;
}

static void replace_weights(struct settle_origin *origins, size_t origins_n, double *counts) {
    double all = 0, imported = 0, raised = 0;
    for (size_t i = 0; i < origins_n; i++)
        all += counts[i];
    if (!(all > 0))
        return;
    for (size_t i = 0; i < origins_n; i++) {
        if (!(origins[i].weight > 0))
            continue;
        if (counts[i] < ORIGIN_WEIGHTS_LEAST * all)
            counts[i] = ORIGIN_WEIGHTS_LEAST * all;
        imported += origins[i].weight;
        raised += counts[i];
    }
    for (size_t i = 0; i < origins_n; i++) {
        if (!(origins[i].weight > 0))
            continue;
        origins[i].weight = counts[i] / raised * imported;
        origins[i].by_traffic = true;
    }
}

enum store_result origin_weights_by_traffic(struct store *store, int64_t zone_id, int64_t now_ms,
                                            struct settle_origin *origins, size_t origins_n,
                                            struct err *err) {
    struct counting counting = {.origins = origins,
                                .origins_n = origins_n,
                                .counts = alloc_zero(origins_n + 1, sizeof *counting.counts)};
    enum store_result result =
        store_traffic_of_zone(store, zone_id, now_ms, take_count, &counting, err);
    if (result == STORE_OK && counting.newest_ms >= now_ms - ORIGIN_WEIGHTS_DAYS * DAY_MS)
        replace_weights(origins, origins_n, counting.counts);
    free(counting.counts);
    return result;
}
