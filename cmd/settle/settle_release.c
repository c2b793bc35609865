/* An operator's release. */
#include "cmd/settle/origin_update.h"
#include "cmd/settle/settle.h"
#include "report/zone/zone_pack.h"
#include "store/store_read.h"

struct releasing {
    const struct settle_options *options;
    struct store *store;
    int64_t zone_id;
    int64_t now_ms;
    enum store_result result; /* of the origin that was released last */
    struct err *err;
};

static bool release_origin(void *arg, const struct store_origin *origin) {
    struct releasing *r = arg;
    struct observation release = {.time_ms = r->now_ms, .kind = KIND_RELEASE};
    struct origin_update o;
    origin_update_init(&o, r->options, r->store, origin->id, NULL);
    r->result = origin_update_load(&o, origin->visits, r->err);
    if (r->result == STORE_OK) {
        origin_update_keep(&o, &release);
        r->result = origin_update_save(&o, r->err);
    }
    origin_update_clear(&o);
    if (r->result == STORE_OK) /* its other zones may gain by it, too */
        r->result = store_origin_touch(r->store, origin->id, r->err);
    return r->result == STORE_OK;
}

static enum store_result release_zone(struct store *store, int64_t zone_id, struct err *err) {
    uint8_t bytes[ZONE_PACK_MAX];
    size_t n = 0;
    struct zone_state state;
    enum store_result result = store_zone_state_get(store, zone_id, bytes, sizeof bytes, &n, err);
    if (result != STORE_OK || !zone_pack_read(bytes, n <= sizeof bytes ? n : 0, &state))
        return result;
    zone_state_release(&state);
    n = zone_pack_write(&state, bytes);
    return store_zone_state_put(store, zone_id, bytes, n, err);
}

static enum store_result release_all(void *arg, struct err *err) {
    struct releasing *r = arg;
    r->err = err;
    enum store_result result = store_origins_of_zone(r->store, r->zone_id, release_origin, r, err);
    if (result == STORE_OK)
        result = r->result;
    if (result == STORE_OK)
        result = release_zone(r->store, r->zone_id, err);
    return result == STORE_OK ? store_zone_touch(r->store, r->zone_id, err) : result;
}

enum store_result settle_release(struct store *store, const struct settle_options *options,
                                 int64_t zone_id, int64_t now_ms, struct err *err) {
    struct releasing r = {.options = options, .store = store, .zone_id = zone_id, .now_ms = now_ms};
    return store_transaction(store, release_all, &r, err);
}
