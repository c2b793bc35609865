/* A visit that was made beside whoever scans: stored like any other, but it moves no due time. */
#include "store/store_private.h"
#include "store/store_schedule.h"

#include <stdio.h>

enum store_result store_beside_begin(struct store *store, int64_t origin_id, int64_t now_ms,
                                     struct store_beside *out, struct err *err) {
    struct db *db = store->db;
    *out = (struct store_beside){.origin_id = origin_id};
    db_begin_write(db);
    struct db_query *query =
        db_query(db, "SELECT due_at, ifnull(due_plan, '') AS due_plan,"
                     " EXISTS (SELECT 1 FROM lease WHERE origin_id = o.id) AS leased"
                     " FROM origin o WHERE id = ?1");
    db_int(query, 1, origin_id);
    bool found = db_row(query);
    if (found) {
        out->due_ms = db_get_int(query, "due_at");
        db_get_copy(query, "due_plan", out->due_plan, sizeof out->due_plan);
        out->free = db_get_int(query, "leased") == 0;
    }
    db_reset(query);
    if (out->free) {
        query = db_query(db, "INSERT INTO lease (origin_id, claimed_at) VALUES (?1, ?2)");
        db_int(query, 1, origin_id);
        db_int(query, 2, now_ms);
        db_run(query);
    }
    return store_result(db_end(db, err));
}

enum store_result store_beside_end(struct store *store, const struct store_beside *beside,
                                   struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    struct db_query *query =
        db_query(db, "UPDATE origin SET due_at = ?2, due_plan = nullif(?3, '') WHERE id = ?1");
    db_int(query, 1, beside->origin_id);
    db_int(query, 2, beside->due_ms);
    db_text(query, 3, beside->due_plan);
    db_run(query);
    return store_result(db_end(db, err));
}
