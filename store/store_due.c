/* Moving due times: visits that could not be made now, and origins that are wanted early. */
#include "store/store_private.h"

enum store_result store_due_put_off(struct store *store, const struct store_later *later, size_t n,
                                    struct err *err) {
    struct db *db = store_private(store)->db;
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

/* Back by a period and a jitter: all become due, in the order that they had. */
enum store_result store_due_hasten(struct store *store, int64_t now_ms, uint64_t *n,
                                   struct err *err) {
    struct sqlite_store *mine = store_private(store);
    db_begin_write(mine->db);
    struct db_query *query = db_query(mine->db, "UPDATE origin SET due_at = min(due_at - ?2, ?1)"
                                                " WHERE unseen = 1 AND due_at > ?1");
    db_int(query, 1, now_ms);
    db_int(query, 2, mine->schedule.period_ms + mine->schedule.jitter_ms);
    *n = db_run(query) ? (uint64_t)db_changes(mine->db) : 0;
    return store_result(db_end(mine->db, err));
}
