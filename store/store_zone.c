/* Zones as rows. */
#include "store/store_zone.h"

#include "scanner/base/quote.h"
#include "scanner/words/origin.h"
#include "scanner/words/zone_name.h"
#include "store/store_private.h"
#include "store/store_read.h"

#include <string.h>

int64_t store_zone_find(struct db *db, const char *name) {
    struct db_query *query = db_query(db, "SELECT id FROM zone WHERE name = ?1");
    db_text(query, 1, name);
    int64_t id = db_row(query) ? db_get_int(query, "id") : 0;
    db_reset(query);
    return id;
}

int64_t store_zone_insert(struct db *db, const char *name) {
    struct db_query *query =
        db_query(db, "INSERT INTO zone (name) VALUES (?1) ON CONFLICT (name) DO NOTHING");
    db_text(query, 1, name);
    if (db_run(query) && db_changes(db))
        return db_last_id(db);
    return store_zone_find(db, name);
}

void store_zone_touch_id(struct db *db, int64_t zone_id) {
    struct db_query *query = db_query(db, "INSERT OR IGNORE INTO zone_touched (zone_id)"
                                          " SELECT id FROM zone WHERE id = ?1");
    db_int(query, 1, zone_id);
    db_run(query);
}

void store_zone_touch_of(struct db *db, int64_t origin_id) {
    struct db_query *query = db_query(db, "INSERT OR IGNORE INTO zone_touched (zone_id)"
                                          " SELECT zone_id FROM membership WHERE origin_id = ?1");
    db_int(query, 1, origin_id);
    db_run(query);
}

bool store_zone_drop_if_empty(struct db *db, int64_t zone_id) {
    struct db_query *query =
        db_query(db, "DELETE FROM zone WHERE id = ?1"
                     " AND NOT EXISTS (SELECT 1 FROM membership WHERE zone_id = ?1)"
                     " AND NOT EXISTS (SELECT 1 FROM lever WHERE zone_id = ?1)");
    db_int(query, 1, zone_id);
    return db_run(query) && db_changes(db) > 0;
}

enum store_result store_zone_drop(struct store *store, int64_t zone_id, struct err *err) {
    db_begin_write(store->db);
    store_zone_drop_if_empty(store->db, zone_id);
    return store_result(db_end(store->db, err));
}

enum store_result store_zone_make(struct store *store, const char *name, int64_t *id,
                                  struct err *err) {
    if (!zone_name_check(name, err))
        return STORE_BROKEN;
    db_begin_write(store->db);
    *id = store_zone_insert(store->db, name);
    return store_result(db_end(store->db, err));
}

static void write_name(struct db *db, int64_t zone_id, const char *old, const char *name,
                       int64_t now_ms) {
    struct db_query *query = db_query(db, "UPDATE zone SET name = ?2 WHERE id = ?1");
    db_int(query, 1, zone_id);
    db_text(query, 2, name);
    db_run(query);
    struct store_change change = {.at_ms = now_ms,
                                  .subject = name,
                                  .field = "name",
                                  .old = old,
                                  .new = name,
                                  .reason = "operator"};
    store_change_note(db, &change);
}

enum store_result store_zone_rename(struct store *store, const char *old, const char *name,
                                    int64_t now_ms, struct err *err) {
    char quoted[QUOTE_SIZE];
    if (!zone_name_check(name, err))
        return STORE_BROKEN;
    db_begin_write(store->db);
    int64_t zone_id = store_zone_find(store->db, old);
    if (!db_failed(store->db) && (!zone_id || store_zone_find(store->db, name))) {
        db_rollback(store->db);
        err_set(err, zone_id ? "there is already a zone %s" : "there is no zone %s",
                quote_text(zone_id ? name : old, quoted));
        return STORE_BROKEN;
    }
    write_name(store->db, zone_id, old, name, now_ms);
    return store_result(db_end(store->db, err));
}
