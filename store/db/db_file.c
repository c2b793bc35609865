/* Database files: opening and checking. */
#include "store/db/db_file.h"

#include "scanner/base/shell_word.h"
#include "store/db/db_sleep.h"

#include "store/db/lock.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEADER_SIZE = 100,          /* https://sqlite.org/fileformat.html#the_database_header */
    QUICK_CHECK_MAX = 64 << 20, /* larger files are checked by `db check` only */
    CHECKPOINT_PAGES = 4000,    /* 16 MB: a page changed often is copied once */
};

static uint32_t big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool has_beside(const char *path, const char *suffix) {
    char name[PATH_MAX];
    struct stat found;
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    return n < (int)sizeof name && stat(name, &found) == 0 && found.st_size > 0;
}

/* A log of another connection, or of a process that was killed, may hold what the file lacks. SQLite
 * keeps it beside the file that a symbolic link leads to. */
static bool has_log(const char *path) {
    char real[PATH_MAX];
    const char *name = realpath(path, real) ? real : path;
    return has_beside(name, "-wal") || has_beside(name, "-journal");
}

static bool check_size(const char *path, const uint8_t *header, sqlite3_int64 size,
                       struct err *err) {
    uint32_t page = (uint32_t)header[16] << 8 | header[17];
    sqlite3_int64 whole = (sqlite3_int64)(page == 1 ? 65536 : page) * big_endian(header + 28);
    if (size < whole && !has_log(path))
        return err_set(err, "%s: damaged: truncated at %lld of %lld bytes", path, (long long)size,
                       (long long)whole);
    return true;
}

static bool check_header(const struct db_file_options *options, const uint8_t *header,
                         sqlite3_int64 size, struct err *err) {
    if (size < HEADER_SIZE || memcmp(header, "SQLite format 3", 16) != 0)
        return err_set(err, "%s: not an originscan database", options->path);
    if (big_endian(header + 68) != options->application_id)
        return err_set(err, "%s: an SQLite database, but not one that originscan made",
                       options->path);
    uint32_t version = big_endian(header + 60);
    if (version > options->version)
        return err_set(err, "%s: made by a newer originscan (schema %u, this one knows %u)",
                       options->path, version, options->version);
    return check_size(options->path, header, size, err);
}

/* Reads the header through SQLite's own file handle: closing another descriptor of the same file
 * would drop the locks that this process holds on it (POSIX). Starts no transaction. */
static bool inspect_header(sqlite3 *handle, const struct db_file_options *options,
                           struct db_file_state *state, struct err *err) {
    uint8_t header[HEADER_SIZE] = {0};
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    assert(file);
    if (!file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return err_set(err, "%s: cannot be read", options->path);
    state->empty = size == 0;
    if (state->empty)
        return options->create || err_set(err, "%s: the file is empty", options->path);
    int code = file->pMethods->xRead(file, header, HEADER_SIZE, 0);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
        return err_set(err, "%s: cannot be read", options->path);
    return check_header(options, header, size, err);
}

/* Of a restore that was ended between moving the database away and putting the copy in its place: a new,
 * empty one would pass for it. */
static bool is_being_restored(const char *path) {
    return has_beside(path, DB_FILE_RESTORING);
}

/* Before SQLite sees the path: it would report most of these as "unable to open". */
static bool check_path(const struct db_file_options *options, struct err *err) {
    struct stat found;
    if (stat(options->path, &found) == 0) {
        if (!S_ISREG(found.st_mode))
            return err_set(err, "%s: not a regular file", options->path);
        if (access(options->path, options->write ? R_OK | W_OK : R_OK) != 0)
            return err_set(err, "%s: %s", options->path,
                           access(options->path, R_OK) == 0 ? "read-only" : strerror(errno));
        return true;
    }
    if (errno != ENOENT || !options->create)
        return err_set(err, "%s: %s", options->path, strerror(errno));
    if (is_being_restored(options->path))
        return err_set(err, "%s: is missing because a restore was interrupted; run it again",
                       options->path);
    return true;
}

/* Each name of a file has a log of its own, and what is written by one of them damages what is read by
 * the other. A mount of the file alone is a name that no link count tells. */
static bool check_names(const struct db_file_options *options, struct err *err) {
    struct stat found;
    if (stat(options->path, &found) != 0)
        return true;
    bool several = found.st_nlink > 1;
    if (several && options->write) {
        char *command = shell_word_command("db", options->path, "backup");
        err_set(err,
                "%s: the file has %lu names (hard links), which SQLite must not write to;"
                " remove the others or make a copy with `%s COPY`",
                options->path, (unsigned long)found.st_nlink, command);
        free(command);
        return false;
    }
    bool writer = options->write && !options->beside;
    long holder = writer ? 0 : lock_holder_by_other_name(options->path);
    return holder == 0 ||
           err_set(err, "%s: process %ld writes to it under another name (%s); use that name",
                   options->path, holder, several ? "hard link" : "mount");
}

/* Settings of the connection: none of them touches the file. */
static bool set_up(struct db *db, const struct db_file_options *options, struct err *err) {
    char sql[64];
    sqlite3 *handle = db_handle(db);
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, (int)options->busy_ms);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL); /* we have none */
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    snprintf(sql, sizeof sql, "PRAGMA cache_size=-%u", options->cache_kb);
    db_exec(db, sql);
    db_exec(db, "PRAGMA mmap_size=0;"
                "PRAGMA foreign_keys=ON;"
                "PRAGMA cell_size_check=ON;"
                "PRAGMA temp_store=MEMORY;"
                "PRAGMA synchronous=NORMAL;"
                "PRAGMA journal_size_limit=67108864");
    db_checkpoint_from(db, CHECKPOINT_PAGES);
    return db_fault(db, err) == DB_FINE;
}

static void note_problem(void *arg, const char *text) {
    char *first = arg;
    if (!*first)
        snprintf(first, 200, "%s", text);
}

static size_t run_check(struct db *db, const char *sql, db_file_problem *problem, void *arg) {
    size_t found = 0;
    struct db_query *query = db_query(db, sql);
    while (db_row(query))
        if (strcmp(db_get_text(query, "line"), "ok") != 0) {
            found++;
            problem(arg, db_get_text(query, "line"));
        }
    return found;
}

/* What can only be asked through SQLite: does the schema parse, is the log's version newer, may we
 * write now. The write lock is taken and given back without a change. */
static bool check_inside(struct db *db, const struct db_file_options *options,
                         struct db_file_state *state, struct err *err) {
    char problem[200] = "";
    db_begin_read(db);
    state->version = (unsigned)db_number(db, "PRAGMA user_version");
    db_number(db, "SELECT count(*) FROM sqlite_schema");
    if (!db_failed(db) && db_number(db, "PRAGMA page_count") <
                              QUICK_CHECK_MAX / (db_number(db, "PRAGMA page_size") + 1))
        run_check(db, "SELECT quick_check AS line FROM pragma_quick_check(1)", note_problem,
                  problem);
    if (db_end(db, err) != DB_FINE)
        return false;
    if (*problem)
        return err_set(err, "%s: damaged: %s", options->path, problem);
    if (state->version > options->version)
        return err_set(err, "%s: made by a newer originscan (schema %u, this one knows %u)",
                       options->path, state->version, options->version);
    if (!options->write)
        return true;
    if (sqlite3_db_readonly(db_handle(db), "main"))
        return err_set(err, "%s: read-only", options->path);
    db_begin_write(db);
    return db_end(db, err) == DB_FINE;
}

/* Each connection is used by one thread, but there may be several of them in the process, and what they
 * share (the list of open files with their locks) is locked. Nobody asks what memory SQLite takes, so it
 * need not count at each allocation. Has no effect once SQLite is in use. */
static void spare_locks(void) {
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    db_sleep_limit();
}

static int open_handle(const struct db_file_options *options, struct db_frozen *frozen,
                       sqlite3 **handle) {
    if (frozen->on)
        return db_frozen_open(frozen, options->path, handle);
    int flags = !options->write
                    ? SQLITE_OPEN_READONLY
                    : SQLITE_OPEN_READWRITE | (options->create ? SQLITE_OPEN_CREATE : 0);
    return sqlite3_open_v2(options->path, handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
}

struct db *db_file_open(const struct db_file_options *options, struct db_file_state *state,
                        struct err *err) {
    *state = (struct db_file_state){0};
    spare_locks();
    if (!check_path(options, err))
        return NULL;
    sqlite3 *handle = NULL;
    struct db_frozen frozen = {.on = false};
    if (!options->write && !db_frozen_needed(options->path, &frozen.on, err))
        return NULL;
    int code = open_handle(options, &frozen, &handle);
    if (code != SQLITE_OK) {
        err_set(err, "%s: %s", options->path,
                handle && sqlite3_system_errno(handle) ? strerror(sqlite3_system_errno(handle))
                                                       : sqlite3_errstr(code));
        sqlite3_close(handle);
        return NULL;
    }
    struct db *db = db_new(handle, options->path);
    db_expect_frozen(db, &frozen);
    if (inspect_header(handle, options, state, err) &&
        (!options->write || options->beside || db_lock(db, err)) && check_names(options, err) &&
        set_up(db, options, err) && (state->empty || check_inside(db, options, state, err)))
        return db;
    db_close(db);
    return NULL;
}

void db_file_use_wal(struct db *db) {
    struct db_query *query = db_query(db, "PRAGMA journal_mode=WAL");
    bool on = db_row(query) && strcmp(db_get_text(query, "journal_mode"), "wal") == 0;
    db_reset(query);
    if (!on)
        db_fail(db, "%s: its file system cannot hold a write-ahead log", db_path(db));
}

size_t db_file_check(struct db *db, db_file_problem *problem, void *arg) {
    size_t found = run_check(db, "SELECT integrity_check AS line FROM pragma_integrity_check(100)",
                             problem, arg);
    struct db_query *query = db_query(db, "PRAGMA foreign_key_check");
    while (db_row(query)) {
        char text[200];
        snprintf(text, sizeof text, "row %lld of %s refers to a row of %s that does not exist",
                 (long long)db_get_int(query, "rowid"), db_get_text(query, "table"),
                 db_get_text(query, "parent"));
        problem(arg, text);
        found++;
    }
    return found;
}
