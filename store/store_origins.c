/* Reading origins, their history and the counts of groups. */
#include "scanner/base/alloc.h"
#include "store/pack/pack.h"
#include "store/store_address.h"
#include "store/store_private.h"
#include "store/store_state.h"

#include <stdlib.h>
#include <string.h>

static enum store_result each_origin(struct db *db, struct db_query *query, store_each_origin *each,
                                     void *arg, struct err *err) {
    struct store_origin origin;
    while (db_row(query)) {
        store_state_read(query, &origin);
        if (!each(arg, &origin)) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}

enum store_result store_origins_by_host(struct store *store, const char *host, uint16_t port,
                                        store_each_origin *each, void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query = db_query(
        db,
        "SELECT " STORE_STATE_COLUMNS " FROM origin o CROSS JOIN membership m ON m.origin_id = o.id"
        " CROSS JOIN zone z ON z.id = m.zone_id WHERE o.host = ?1 AND (?2 = 0 OR o.port = ?2)"
        " ORDER BY o.port, o.sni, o.address, o.id, m.zone_id");
    db_text(query, 1, host);
    db_int(query, 2, port);
    return each_origin(db, query, each, arg, err);
}

enum store_result store_origins_of_zone_after(struct store *store, int64_t zone_id, int64_t after,
                                              store_each_origin *each, void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT " STORE_STATE_COLUMNS
                     " FROM membership m CROSS JOIN origin o ON o.id = m.origin_id"
                     " CROSS JOIN zone z ON z.id = m.zone_id"
                     " WHERE m.zone_id = ?1 AND m.origin_id > ?2 ORDER BY m.origin_id");
    db_int(query, 1, zone_id);
    db_int(query, 2, after);
    return each_origin(db, query, each, arg, err);
}

enum store_result store_origins_of_zone(struct store *store, int64_t zone_id,
                                        store_each_origin *each, void *arg, struct err *err) {
    return store_origins_of_zone_after(store, zone_id, 0, each, arg, err);
}

enum store_result store_origin_addresses(struct store *store, int64_t origin_id,
                                         store_each_address *each, void *arg, struct err *err) {
    struct store_addresses *addresses = alloc_zero(1, sizeof *addresses);
    db_begin_read(store->db);
    store_address_load(store->db, origin_id, addresses);
    for (size_t i = 0; i < addresses->n; i++) {
        const struct store_address *from = &addresses->list[i];
        struct store_origin_address address = {
            .address = from->address,
            .verdict = from->judged ? from->judgement.verdict : VERDICT_COUNT,
            .scanned_ms = from->judged ? from->scanned_ms : 0,
        };
        if (!each(arg, &address))
            break;
    }
    free(addresses);
    return store_result(db_end(store->db, err));
}

enum store_result store_origin_count(struct store *store, uint64_t *n, struct err *err) {
    db_begin_read(store->db);
    *n = (uint64_t)db_number(store->db, "SELECT count(*) FROM origin");
    return store_result(db_end(store->db, err));
}

/* The rows of an origin's chain, newest first; at most `limit`. The caller frees. */
static int64_t *list_scans(struct db *db, int64_t origin_id, size_t limit, size_t *n) {
    int64_t *ids = NULL;
    size_t room = 0;
    *n = 0;
    struct db_query *query = db_query(db, "SELECT last_scan FROM origin WHERE id = ?1");
    db_int(query, 1, origin_id);
    int64_t id = db_row(query) ? db_get_int(query, "last_scan") : 0;
    db_reset(query);
    while (id && *n < limit) {
        query = db_query(db, "SELECT previous FROM scan WHERE id = ?1 AND origin_id = ?2");
        db_int(query, 1, id);
        db_int(query, 2, origin_id);
        if (!db_row(query))
            break; /* what was before is pruned */
        if (*n == room)
            ids = alloc_resize(ids, room = 2 * room + 64, sizeof *ids);
        ids[(*n)++] = id;
        id = db_get_int(query, "previous");
        db_reset(query);
    }
    return ids;
}

/* False for one that is damaged, too, with the reason in `why`. */
static bool read_scan(struct db *db, int64_t id, const struct origin *origin, struct scan *out,
                      struct err *why) {
    struct db_query *query = db_query(db, "SELECT started_at, packed FROM scan WHERE id = ?1");
    db_int(query, 1, id);
    if (!db_row(query))
        return err_set(why, "it is missing");
    size_t n;
    const uint8_t *packed = db_get_blob(query, "packed", &n);
    out->origin = *origin;
    out->started_ms = db_get_int(query, "started_at");
    bool good = packed ? pack_read_scan(packed, n, out, why) : err_set(why, "it is empty");
    db_reset(query);
    return good;
}

/* Told of a scan that cannot be read; false: the rest is not wanted. */
typedef bool note_damaged_scan(void *arg, int64_t id, const char *host, const char *why);

struct reading_history {
    store_each_scan *each;
    note_damaged_scan *damaged;
    void *arg; /* of each */
    void *damaged_arg;
};

static enum store_result read_history(struct store *store, int64_t origin_id, size_t limit,
                                      const struct reading_history *reading, struct err *err) {
    struct db *db = store->db;
    struct store_origin state;
    size_t n = 0;
    int64_t *ids = NULL;
    db_begin_read(db);
    if (store_state_load(db, origin_id, &state))
        ids = list_scans(db, origin_id, limit, &n);
    for (bool more = true; more && n > 0 && !db_failed(db);) {
        struct scan scan;
        struct err why;
        if (read_scan(db, ids[--n], &state.origin, &scan, &why)) {
            more = reading->each(reading->arg, &scan);
            pack_scan_clear(&scan);
        } else if (!db_failed(db)) {
            more = reading->damaged(reading->damaged_arg, ids[n], state.origin.host, why.text);
        }
    }
    free(ids);
    return store_result(db_end(db, err));
}

static bool fail_at_damaged_scan(void *arg, int64_t id, const char *host, const char *why) {
    struct db *db = arg;
    db_fail(db, "%s: scan %lld of %s: %s", db_path(db), (long long)id, host, why);
    return false;
}

static bool keep_first_damaged_scan(void *arg, int64_t id, const char *host, const char *why) {
    struct store_damaged *damaged = arg;
    (void)host;
    if (damaged->n++ == 0) {
        damaged->scan_id = id;
        err_set(&damaged->why, "%s", why);
    }
    return true;
}

enum store_result store_history_sound(struct store *store, int64_t origin_id, size_t limit,
                                      store_each_scan *each, void *arg,
                                      struct store_damaged *damaged, struct err *err) {
    *damaged = (struct store_damaged){.n = 0};
    struct reading_history reading = {each, keep_first_damaged_scan, arg, damaged};
    return read_history(store, origin_id, limit, &reading, err);
}

enum store_result store_history(struct store *store, int64_t origin_id, size_t limit,
                                store_each_scan *each, void *arg, struct err *err) {
    struct reading_history reading = {each, fail_at_damaged_scan, arg, store->db};
    return read_history(store, origin_id, limit, &reading, err);
}
