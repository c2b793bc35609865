/* Counting handshakes by zone and origin. */
#include "store/store_traffic.h"

#include "scanner/base/duration.h"
#include "store/store_private.h"

#include <math.h>

/* What is left of a count of one after that time. */
static double decay(int64_t ms) {
    return ms > 0 ? exp2(-(double)ms / DAY_MS) : 1;
}

/* The older of the two, the count or the report, is brought to the time of the newer. */
static void add_to_origin(struct db *db, int64_t zone_id, int64_t origin_id, double handshakes,
                          int64_t at_ms) {
    double before = 0;
    int64_t before_ms = at_ms;
    struct db_query *query = db_query(db, "SELECT handshakes, counted_at FROM origin_traffic"
                                          " WHERE zone_id = ?1 AND origin_id = ?2");
    db_int(query, 1, zone_id);
    db_int(query, 2, origin_id);
    if (db_row(query)) {
        before = db_get_real(query, "handshakes");
        before_ms = db_get_int(query, "counted_at");
    }
    db_reset(query);
    int64_t newer_ms = before_ms > at_ms ? before_ms : at_ms;
    query = db_query(db, "INSERT INTO origin_traffic (zone_id, origin_id, handshakes, counted_at)"
                         " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (zone_id, origin_id) DO UPDATE"
                         " SET handshakes = excluded.handshakes, counted_at = excluded.counted_at");
    db_int(query, 1, zone_id);
    db_int(query, 2, origin_id);
    db_real(query, 3, before * decay(newer_ms - before_ms) + handshakes * decay(newer_ms - at_ms));
    db_int(query, 4, newer_ms);
    db_run(query);
}

enum { SAME_ENDPOINT_MAX = 64 };

static size_t find_origins(struct db *db, int64_t zone_id, const struct store_traffic *of,
                           int64_t ids[SAME_ENDPOINT_MAX]) {
    size_t n = 0;
    struct db_query *query =
        db_query(db, "SELECT id FROM origin o WHERE host = ?1 AND port = ?2 AND EXISTS (SELECT 1"
                     " FROM membership WHERE zone_id = ?3 AND origin_id = o.id) LIMIT ?4");
    db_text(query, 1, of->host);
    db_int(query, 2, of->port);
    db_int(query, 3, zone_id);
    db_int(query, 4, SAME_ENDPOINT_MAX);
    while (db_row(query))
        ids[n++] = db_get_int(query, "id");
    return n;
}

enum store_result store_traffic_add(struct store *store, const struct store_feedback *report,
                                    struct store_traffic *origins, size_t origins_n,
                                    struct err *err) {
    struct db *db = store->db;
    bool past = report->until_ms != 0 && report->until_ms < report->reported_ms;
    int64_t at_ms = past ? report->until_ms : report->reported_ms;
    db_begin_write(db);
    for (size_t i = 0; i < origins_n; i++) {
        int64_t ids[SAME_ENDPOINT_MAX];
        size_t n = find_origins(db, report->zone_id, &origins[i], ids);
        origins[i].unknown = n == 0;
        for (size_t k = 0; k < n; k++)
            add_to_origin(db, report->zone_id, ids[k], (double)origins[i].handshakes / (double)n,
                          at_ms);
    }
    return store_result(db_end(db, err));
}

enum store_result store_traffic_any(struct store *store, int64_t since_ms, bool *any,
                                    struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT 1 FROM origin_traffic WHERE counted_at >= ?1 LIMIT 1");
    db_int(query, 1, since_ms);
    *any = db_row(query);
    db_reset(query);
    return store_result(db_end(db, err));
}

enum store_result store_traffic_of_zone(struct store *store, int64_t zone_id, int64_t now_ms,
                                        store_each_traffic *each, void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT origin_id, handshakes, counted_at FROM origin_traffic"
                     " WHERE zone_id = ?1 ORDER BY origin_id");
    db_int(query, 1, zone_id);
    while (db_row(query)) {
        int64_t counted_ms = db_get_int(query, "counted_at");
        if (!each(arg, db_get_int(query, "origin_id"),
                  db_get_real(query, "handshakes") * decay(now_ms - counted_ms), counted_ms)) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}
