/* Due times: visits that could not be made now are moved, and origins that are wanted early; how many are due. */
#include "scanner/base/alloc.h"
#include "store/store_private.h"
#include "store/store_read.h"
#include "store/store_schedule.h"

#include <stdlib.h>

enum store_result store_defer(struct store *store, const struct store_deferral *later, size_t n,
                              struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    for (size_t i = 0; i < n; i++) {
        struct db_query *query = db_query(db, "DELETE FROM lease WHERE origin_id = ?1");
        db_int(query, 1, later[i].origin_id);
        db_run(query);
        if (db_changes(db) == 0 || later[i].until_ms == 0)
            continue;
        query = db_query(db, "UPDATE origin SET due_at = ?2 WHERE id = ?1");
        db_int(query, 1, later[i].origin_id);
        db_int(query, 2, later[i].until_ms);
        db_run(query);
    }
    return store_result(db_end(db, err));
}

/* The ones that are due next after *cursor; their due times go to `last`. */
static size_t find_new(struct db *db, int64_t cursor_ms, size_t limit, int64_t *ids,
                       int64_t *last_ms) {
    size_t n = 0;
    struct db_query *query = db_query(db, "SELECT id, due_at FROM origin INDEXED BY origin_due"
                                          " WHERE due_at >= ?1 AND unseen = 1"
                                          " ORDER BY due_at LIMIT ?2");
    db_int(query, 1, cursor_ms);
    db_int(query, 2, (int64_t)limit);
    while (n < limit && db_row(query)) {
        ids[n++] = db_get_int(query, "id");
        *last_ms = db_get_int(query, "due_at");
    }
    db_reset(query);
    return n;
}

/* Origins are due since then, though their slots are a period back. As long as one of those before is left, their time
 * stays: else whoever hastens a new one every hour would never hear that others are not reached. To be called before
 * any due time is moved. */
static void note_hastening(struct db *db, int64_t now_ms) {
    struct db_query *query =
        db_query(db, "INSERT INTO meta (key, value) VALUES ('hastened', ?1) ON CONFLICT (key)"
                     " DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value"
                     " AND NOT EXISTS (SELECT 1 FROM origin INDEXED BY origin_due"
                     " WHERE due_at <= meta.value AND unseen = 1)");
    db_int(query, 1, now_ms);
    db_run(query);
}

/* Back by a period and a jitter: all become due, in the order that they had. */
enum store_result store_hasten(struct store *store, int64_t now_ms, int64_t *cursor_ms,
                               size_t limit, size_t *n, struct err *err) {
    int64_t *ids = alloc_zero(limit, sizeof *ids);
    int64_t last_ms = *cursor_ms;
    db_begin_write(store->db);
    size_t found =
        find_new(store->db, *cursor_ms > now_ms ? *cursor_ms : now_ms + 1, limit, ids, &last_ms);
    if (found > 0)
        note_hastening(store->db, now_ms);
    for (size_t i = 0; i < found; i++) {
        struct db_query *query =
            db_query(store->db, "UPDATE origin SET due_at = min(due_at - ?3, ?2) WHERE id = ?1");
        db_int(query, 1, ids[i]);
        db_int(query, 2, now_ms);
        db_int(query, 3, store->schedule.period_ms + store->schedule.jitter_ms);
        db_run(query);
    }
    free(ids);
    enum store_result result = store_result(db_end(store->db, err));
    *n = result == STORE_OK ? found : 0;
    if (result == STORE_OK)
        *cursor_ms = last_ms; /* others may be due at the same time; these are not any more */
    return result;
}

enum store_result store_count_due(struct store *store, int64_t now_ms, uint64_t *n,
                                  struct err *err) {
    db_begin_read(store->db);
    struct db_query *query = db_query(store->db, "SELECT count(*) AS n FROM origin INDEXED BY"
                                                 " origin_due WHERE due_at <= ?1 OR unseen = 1");
    db_int(query, 1, now_ms);
    *n = db_row(query) ? (uint64_t)db_get_int(query, "n") : 0;
    db_reset(query);
    return store_result(db_end(store->db, err));
}

enum store_result store_fleet_read(struct store *store, int64_t now_ms, struct store_fleet *out,
                                   struct err *err) {
    struct db *db = store->db;
    *out = (struct store_fleet){0};
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT count(*) AS n, ifnull(" STORE_OLDEST_DUE ", 0) AS oldest"
                     " FROM origin INDEXED BY origin_due WHERE due_at <= ?1");
    db_int(query, 1, now_ms);
    if (db_row(query)) {
        out->due = (uint64_t)db_get_int(query, "n");
        out->oldest_due_ms = db_get_int(query, "oldest");
    }
    db_reset(query);
    out->in_flight = (uint64_t)db_number(db, "SELECT count(*) FROM lease");
    out->feedback_ms = db_number(db, "SELECT ifnull(max(reported_at), 0) FROM feedback");
    out->hybrid = (uint16_t)db_number(
        db, "SELECT ifnull((SELECT value FROM meta WHERE key = 'hybrid'), 4588)");
    out->period_ms =
        db_number(db, "SELECT ifnull((SELECT value FROM meta WHERE key = 'period_ms'), 0)");
    out->period_since_ms =
        db_number(db, "SELECT ifnull((SELECT value FROM meta WHERE key = 'period_since'), 0)");
    out->rate = (double)db_number(db, "SELECT ifnull((SELECT value FROM meta WHERE key ="
                                      " 'rate_thousandths'), 0)") /
                1000;
    return store_result(db_end(db, err));
}

enum store_result store_rate_put(struct store *store, double rate, struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    struct db_query *query = db_query(
        db, "INSERT INTO meta (key, value) VALUES ('rate_thousandths', ?1) ON CONFLICT (key)"
            " DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value");
    db_int(query, 1, (int64_t)(rate * 1000));
    db_run(query);
    return store_result(db_end(db, err));
}
