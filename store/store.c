/* Opening an SQLite store, and the table of what it can do. */
#include "store/store.h"

#include "scanner/base/alloc.h"
#include "store/db/db_file.h"
#include "store/db/migrations.h"
#include "store/store_private.h"

#include <stdlib.h>

enum { DAY_MS = 24 * 3600 * 1000, CACHE_KB = 8192, BUSY_MS = 250 };

enum store_result store_result(enum db_fault fault) {
    switch (fault) {
    case DB_FINE:
        return STORE_OK;
    case DB_LATER:
        return STORE_RETRY;
    case DB_BROKEN:
        return STORE_BROKEN;
    }
    return STORE_BROKEN;
}

static void close_store(struct store *store) {
    db_close(store_private(store)->db);
    free(store);
}

static enum store_result backup(struct store *store, const char *path, struct err *err) {
    return db_file_backup(store_private(store)->db, path, err) ? STORE_OK : STORE_RETRY;
}

static const struct store_ops sqlite_ops = {
    .close = close_store,
    .begin = store_import_begin,
    .end = store_import_end,
    .import_begin = store_import_begin,
    .import = store_import,
    .import_end = store_import_end,
    .claim = store_claim,
    .release = store_claim_release,
    .defer = store_due_defer,
    .hasten = store_due_hasten,
    .commit = store_commit,
    .repair_due = store_claim_repair,
    .backlog = store_claim_backlog,
    .origins_by_host = store_read_by_host,
    .origins_of_zone = store_read_of_zone,
    .history = store_read_history,
    .zones = store_setting_zones,
    .zone_by_name = store_setting_by_name,
    .zone_by_id = store_setting_by_id,
    .shares = store_read_shares,
    .changes = store_read_changes,
    .setting_put = store_setting_put,
    .evidence_get = store_setting_evidence_get,
    .evidence_put = store_setting_evidence_put,
    .evidence_of_zone = store_rule_evidence_of_zone,
    .visits_get = store_rule_visits_get,
    .visits_put = store_rule_visits_put,
    .visits_of_zone = store_rule_visits_of_zone,
    .zone_memo_get = store_rule_zone_get,
    .zone_memo_put = store_rule_zone_put,
    .zone_touch = store_rule_touch,
    .zone_untouch = store_rule_untouch,
    .zones_touched = store_rule_touched,
    .zone_count = store_rule_zone_count,
    .lever_set = store_lever_set,
    .levers = store_lever_of,
    .levers_all = store_lever_all,
    .feedback_add = store_lever_feedback,
    .hour_add = store_rule_hour_add,
    .hours = store_rule_hours,
    .rule_put = store_rule_put,
    .rule_all = store_rule_all,
    .prune = store_prune,
    .check = store_check,
    .backup = backup,
};

/* Views show names of groups; the vocabulary may have grown since the last start. */
static void write_group_names(struct db *db) {
    size_t n;
    const struct group *groups = group_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct db_query *query = db_query(
            db, "INSERT INTO tls_group (id, name) VALUES (?1, ?2)"
                " ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE name <> excluded.name");
        db_int(query, 1, groups[i].id);
        db_text(query, 2, groups[i].name);
        db_run(query);
    }
}

/* One transaction: a process that is killed in it leaves the file as it was. */
static bool prepare_to_write(struct sqlite_store *store, const struct db_file_state *state,
                             unsigned newest, struct err *err) {
    db_begin_write(store->db);
    if (state->version < newest)
        migrations_apply(store->db, state->version, newest);
    store->migrated = newest - state->version;
    write_group_names(store->db);
    db_exec(store->db, "DELETE FROM lease");
    if (db_end(store->db, err) != DB_FINE)
        return false;
    db_file_use_wal(store->db);
    return db_fault(store->db, err) == DB_FINE;
}

static bool prepare_to_read(const struct store_options *options, const struct db_file_state *state,
                            unsigned newest, struct err *err) {
    if (state->version == newest)
        return true;
    return err_set(err,
                   "%s: made by an older originscan (schema %u of %u); run `originscan db migrate`",
                   options->path, state->version, newest);
}

struct store *store_open(const struct store_options *options, struct err *err) {
    unsigned newest;
    migrations_table(&newest);
    struct db_file_options file = {
        .path = options->path,
        .write = options->access != STORE_READ,
        .beside = options->access == STORE_BESIDE,
        .create = options->access == STORE_CREATE,
        .application_id = MIGRATIONS_APPLICATION_ID,
        .version = newest,
        .cache_kb = options->cache_kb ? options->cache_kb : CACHE_KB,
        .busy_ms = options->busy_ms ? options->busy_ms : BUSY_MS,
    };
    struct db_file_state state;
    struct db *db = db_file_open(&file, &state, err);
    if (!db)
        return NULL;
    struct sqlite_store *made = alloc_zero(1, sizeof *made);
    *made = (struct sqlite_store){
        .store.ops = &sqlite_ops,
        .db = db,
        .schedule = options->schedule.period_ms ? options->schedule : schedule_every(DAY_MS),
        .keep_scans = options->keep_scans,
    };
    bool writer = file.write && !file.beside;
    if (writer ? prepare_to_write(made, &state, newest, err)
               : prepare_to_read(options, &state, newest, err))
        return &made->store;
    close_store(&made->store);
    return NULL;
}

void store_close(struct store *store) {
    if (store)
        store->ops->close(store);
}

unsigned store_migrated(const struct store *store) {
    return ((const struct sqlite_store *)store)->migrated;
}
