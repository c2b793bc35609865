/* Origins that somebody wants scanned now. */
#include "store/store_wanted.h"

#include "store/store_private.h"

/* A millisecond before whatever is due first. */
enum store_result store_want(struct store *store, const int64_t *ids, size_t n, int64_t now_ms,
                             struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    struct db_query *query = db_query(
        db,
        "UPDATE origin SET due_plan = NULL, due_at = min(?2, (SELECT min(due_at) FROM origin) - 1)"
        " WHERE id IN (SELECT value FROM json_each(?1))"
        " AND id NOT IN (SELECT origin_id FROM lease)");
    db_ids(query, 1, ids, n);
    db_int(query, 2, now_ms);
    db_run(query);
    return store_result(db_end(db, err));
}

static void read_wanted(struct db_query *query, struct store_wanted *out) {
    *out = (struct store_wanted){
        .id = db_get_int(query, "id"),
        .leased_ms = db_get_int(query, "claimed_at"),
        .scanned_ms = db_get_int(query, "scanned_at"),
        .verdict = VERDICT_COUNT,
        .touched = db_get_int(query, "touched") != 0,
    };
    if (!status_parse(db_get_text(query, "status"), &out->status))
        out->scanned_ms = 0;
    if (!verdict_parse(db_get_text(query, "verdict"), &out->verdict))
        out->verdict = VERDICT_COUNT;
}

enum store_result store_wanted_look(struct store *store, const int64_t *ids, size_t n,
                                    store_each_wanted *each, void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT o.id, l.claimed_at, o.scanned_at, o.status, o.verdict,"
                     " EXISTS (SELECT 1 FROM membership m CROSS JOIN zone_touched t"
                     "  ON t.zone_id = m.zone_id WHERE m.origin_id = o.id) AS touched"
                     " FROM json_each(?1) j CROSS JOIN origin o ON o.id = j.value"
                     " LEFT JOIN lease l ON l.origin_id = o.id ORDER BY j.key");
    db_ids(query, 1, ids, n);
    while (db_row(query)) {
        struct store_wanted wanted;
        read_wanted(query, &wanted);
        if (!each(arg, &wanted)) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}
