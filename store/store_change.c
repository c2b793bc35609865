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

enum store_result store_changes(struct store *store, int64_t since_ms, store_each_change *each,
                                void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT changed_at, subject, field, old, new, reason FROM change"
                     " WHERE changed_at >= ?1 ORDER BY subject, changed_at, id");
    db_int(query, 1, since_ms);
    while (db_row(query)) {
        struct store_change change = {
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
