/* Opening and closing a store, and the frame of a transaction. */
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "scanner/base/shell_word.h"
#include "scanner/words/words.h"
#include "store/db/db_file.h"
#include "store/db/lock.h"
#include "store/db/migrations.h"
#include "store/store_private.h"

#include <stdlib.h>

enum { CACHE_KB = 8192, BUSY_MS = 250 };

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
static void keep_period(struct db *db, int64_t period_ms) {
    struct db_query *query = db_query(
        db, "INSERT INTO meta (key, value) VALUES ('period_ms', ?1) ON CONFLICT (key) DO UPDATE"
            " SET value = excluded.value WHERE value IS NOT excluded.value");
    db_int(query, 1, period_ms);
    db_run(query);
    if (db_changes(db) == 0)
        return;
    query = db_query(db, "INSERT INTO meta (key, value) VALUES ('period_since', ?1)"
                         " ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    db_int(query, 1, clock_wall_ms());
    db_run(query);
}

/* That of the process that scans: what is imported beside it is due within its period. */
static struct schedule read_schedule(struct db *db) {
    int64_t period_ms = db_number(db, "SELECT value FROM meta WHERE key = 'period_ms'");
    return schedule_every(period_ms >= SECOND_MS ? period_ms : DAY_MS);
}

static bool prepare_to_write(struct store *store, const struct db_file_state *state,
                             unsigned newest, struct err *err) {
    db_begin_write(store->db);
    if (state->version < newest)
        migrations_apply(store->db, state->version, newest);
    store->migrated = newest - state->version;
    write_group_names(store->db);
    db_exec(store->db, "DELETE FROM lease");
    if (store->schedule.period_ms)
        keep_period(store->db, store->schedule.period_ms);
    if (db_end(store->db, err) != DB_FINE)
        return false;
    db_file_use_wal(store->db);
    return db_fault(store->db, err) == DB_FINE;
}

static bool prepare_to_read(const struct store_options *options, const struct db_file_state *state,
                            unsigned newest, struct err *err) {
    if (state->version == newest)
        return true;
    char *command = shell_word_command("db", options->path, "migrate");
    err_set(err, "%s: made by an older originscan (schema %u of %u); run `%s`", options->path,
            state->version, newest, command);
    free(command);
    return false;
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
    struct store *made = alloc_zero(1, sizeof *made);
    *made =
        (struct store){.db = db, .schedule = options->schedule, .keep_scans = options->keep_scans};
    bool writer = file.write && !file.beside;
    bool ready = writer ? prepare_to_write(made, &state, newest, err)
                        : prepare_to_read(options, &state, newest, err);
    if (ready && !made->schedule.period_ms)
        made->schedule = read_schedule(db);
    if (ready && db_fault(db, err) == DB_FINE)
        return made;
    store_close(made);
    return NULL;
}

const char *store_path(const struct store *store) {
    return db_path(store->db);
}

void store_close(struct store *store) {
    if (!store)
        return;
    db_close(store->db);
    free(store);
}

void store_interrupt(const struct store *store) {
    db_interrupt(store->db);
}

long store_writer(const char *path) {
    return lock_holder(path);
}

unsigned store_migrated(const struct store *store) {
    return store->migrated;
}

enum store_result store_transaction(struct store *store, store_work *work, void *arg,
                                    struct err *err) {
    enum store_result result = STORE_OK;
    if (db_begin_write(store->db))
        result = work(arg, err);
    if (result == STORE_OK)
        return store_result(db_end(store->db, err));
    db_rollback(store->db);
    return result;
}
