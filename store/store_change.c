/* Changes of settings and facts: noted when they are made, read for reports. */
#include "store/store_private.h"
#include "store/store_read.h"

void store_change_note(struct db *db, const struct store_change *change) {
    struct db_query *query =
        db_query(db, "INSERT INTO change (changed_at, subject, field, old, new, reason)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    db_int(query, 1, change->at_ms);
    db_text(query, 2, change->subject);
    db_text(query, 3, change->field);
    db_text(query, 4, change->old);
    db_text(query, 5, change->new);
    db_text(query, 6, change->reason);
    db_run(query);
}

static enum store_result each_change(struct db *db, struct db_query *query, store_each_change *each,
                                     void *arg, struct err *err) {
    while (db_row(query)) {
        struct store_change change = {
            .number = db_get_int(query, "id"),
            .at_ms = db_get_int(query, "changed_at"),
            .subject = db_get_text(query, "subject"),
            .field = db_get_text(query, "field"),
            .old = db_get_text_or_null(query, "old"),
            .new = db_get_text_or_null(query, "new"),
            .reason = db_get_text_or_null(query, "reason"),
        };
        if (!each(arg, &change)) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}

#define CHANGES "SELECT id, changed_at, subject, field, old, new, reason FROM change"

enum store_result store_changes(struct store *store, int64_t since_ms, store_each_change *each,
                                void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, CHANGES " WHERE changed_at >= ?1 ORDER BY subject, changed_at, id");
    db_int(query, 1, since_ms);
    return each_change(db, query, each, arg, err);
}

enum store_result store_change_last(struct store *store, int64_t *number, struct err *err) {
    db_begin_read(store->db);
    *number = db_number(store->db, "SELECT ifnull(max(id), 0) FROM change");
    return store_result(db_end(store->db, err));
}

enum store_result store_changes_after(struct store *store, int64_t number, store_each_change *each,
                                      void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query = db_query(db, CHANGES " WHERE id > ?1 ORDER BY id");
    db_int(query, 1, number);
    return each_change(db, query, each, arg, err);
}
