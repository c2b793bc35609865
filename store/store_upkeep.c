/* Pruning and copying. */
#include "store/store_upkeep.h"

#include "store/db/db_copy.h"
#include "store/db/db_recheck.h"
#include "store/store_private.h"

static void delete_scan(struct db *db, int64_t id) {
    struct db_query *query = db_query(db, "DELETE FROM scan WHERE id = ?1");
    db_int(query, 1, id);
    db_run(query);
}

uint64_t store_prune_origin(struct db *db, int64_t origin_id, int64_t last_scan, unsigned keep,
                            int64_t before_ms) {
    uint64_t passed = 0, deleted = 0;
    bool deleting = false;
    for (int64_t id = last_scan; id;) {
        struct db_query *query =
            db_query(db, "SELECT previous, started_at FROM scan WHERE id = ?1 AND origin_id = ?2");
        db_int(query, 1, id);
        db_int(query, 2, origin_id);
        if (!db_row(query))
            break;
        int64_t previous = db_get_int(query, "previous");
        int64_t started_ms = db_get_int(query, "started_at");
        db_reset(query);
        deleting = deleting || (passed > 0 && ((keep && passed >= keep) || started_ms < before_ms));
        if (deleting) {
            delete_scan(db, id);
            deleted++;
        }
        passed++;
        id = previous;
    }
    struct db_query *query = db_query(db, "UPDATE origin SET kept = ?2 WHERE id = ?1");
    db_int(query, 1, origin_id);
    db_int(query, 2, (int64_t)(passed - deleted));
    if (deleted)
        db_run(query);
    else
        db_reset(query);
    return deleted;
}

static bool next_origin(struct db *db, int64_t *id, int64_t *last_scan) {
    struct db_query *query =
        db_query(db, "SELECT id, last_scan FROM origin WHERE id > ?1 ORDER BY id LIMIT 1");
    db_int(query, 1, *id);
    if (!db_row(query))
        return false;
    *id = db_get_int(query, "id");
    *last_scan = db_get_int(query, "last_scan");
    db_reset(query);
    return true;
}

enum store_result store_prune(struct store *store, unsigned keep_scans, int64_t before_ms,
                              int64_t *cursor, size_t limit, struct store_pruned *pruned,
                              struct err *err) {
    struct db *db = store->db;
    struct store_pruned done = {0};
    int64_t id = *cursor, last_scan = 0;
    bool more = true;
    db_begin_write(db);
    for (size_t i = 0; i < limit && more && !db_failed(db); i++) {
        more = next_origin(db, &id, &last_scan);
        if (more)
            done.scans += store_prune_origin(db, id, last_scan, keep_scans, before_ms);
    }
    if (*cursor == 0 && before_ms > 0) {
        struct db_query *query = db_query(db, "DELETE FROM change WHERE changed_at < ?1");
        db_int(query, 1, before_ms);
        if (db_run(query))
            done.changes = (uint64_t)db_changes(db);
    }
    enum store_result result = store_result(db_end(db, err));
    if (result != STORE_OK)
        return result;
    *cursor = more ? id : 0;
    pruned->scans += done.scans;
    pruned->changes += done.changes;
    return STORE_OK;
}

struct store_log store_log(const struct store *store) {
    struct db_log log = db_log(store->db);
    return (struct store_log){.bytes = log.bytes, .held = log.held};
}

enum store_result store_look_again(struct store *store, unsigned limit_ms, struct err *err) {
    return store_result(db_recheck(store->db, limit_ms, err));
}

enum store_result store_backup(struct store *store, const char *path, struct err *err) {
    return db_copy_to(store->db, path, err) ? STORE_OK : STORE_RETRY;
}
