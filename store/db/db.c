/* Statements, values and transactions of SQLite. */
#include "store/db/db.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/shell_word.h"
#include "store/db/db_limit.h"
#include "store/db/db_reason.h"
#include "store/db/db_room.h"
#include "store/db/db_watch.h"
#include "store/db/lock.h"

#include <assert.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 48 };

struct column {
    const char *name;
    int at;
};

struct db_query {
    struct db *db;
    const char *sql;
    sqlite3_stmt *statement;
    bool in_use;
    uint64_t steps; /* of SQLite's machine, since it was reset */
    /* Those that were asked for, in the order of their first time. The next one that is asked for is
     * mostly the next here. */
    size_t columns_n;
    size_t columns_next;
    struct column columns[COLUMNS_MAX];
};

struct db {
    sqlite3 *handle;
    char *path;
    struct lock *lock; /* NULL for a reader */
    unsigned depth;    /* of transactions inside each other: only the outermost is SQLite's */
    bool writing;      /* the outermost may write */
    struct db_watch watch;
    enum db_watch_found found; /* by the last look at the file */
    struct db_limit limit;
    struct db_frozen frozen;
    enum db_fault fault;
    bool full; /* the device has no room: that is what failed */
    struct err err;
    int checkpoint_pages; /* of db_checkpoint_from() */
    uint64_t page_bytes;  /* of a page in the log, its header included */
    struct db_log log;
    size_t queries_n;
    size_t queries_room;
    struct db_query **queries;
};

struct db *db_new(struct sqlite3 *handle, const char *path) {
    struct db *db = alloc_zero(1, sizeof *db);
    db->handle = handle;
    db->path = alloc_string(path);
    db_watch_begin(&db->watch, handle, db->path);
    db_limit_begin(&db->limit, handle);
    return db;
}

void db_close(struct db *db) {
    if (!db)
        return;
    for (size_t i = 0; i < db->queries_n; i++) {
        sqlite3_finalize(db->queries[i]->statement);
        free(db->queries[i]);
    }
    if (db->found != DB_WATCH_FINE)
        db_watch_part(&db->watch, db->handle, db->found);
    int closed = sqlite3_close(db->handle);
    assert(closed == SQLITE_OK);
    (void)closed;
    free(db->queries);
    lock_release(db->lock);
    free(db->path);
    free(db);
}

void db_interrupt(const struct db *db) {
    sqlite3_interrupt(db->handle);
}

void db_stop_at(struct db *db, uint64_t end_us) {
    db_limit_until(&db->limit, end_us);
}

bool db_has_lost_file(const struct db *db) {
    return db->found != DB_WATCH_FINE;
}

bool db_lock(struct db *db, struct err *err) {
    db->lock = lock_take(db->path, err);
    return db->lock != NULL;
}

struct sqlite3 *db_handle(struct db *db) {
    return db->handle;
}

const char *db_path(const struct db *db) {
    return db->path;
}

struct db_log db_log(const struct db *db) {
    return db->log;
}

/* A checkpoint stops where the oldest reader still looks into the log; the rest stays until that one
 * is done, and each commit adds to it. */
static int take_commit(void *arg, sqlite3 *handle, const char *name, int pages) {
    struct db *db = arg;
    int in_log = pages, copied = pages;
    if (pages >= db_room_pages(handle, db->checkpoint_pages, db->page_bytes, pages))
        sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
    db->log = (struct db_log){(uint64_t)pages * db->page_bytes, copied < in_log};
    return SQLITE_OK;
}

void db_checkpoint_from(struct db *db, int pages) {
    enum { FRAME_HEADER = 24 }; /* https://sqlite.org/fileformat.html#the_write_ahead_log */
    db->checkpoint_pages = pages;
    db->page_bytes = (uint64_t)db_number(db, "PRAGMA page_size") + FRAME_HEADER;
    sqlite3_wal_hook(db->handle, take_commit, db);
}

static enum db_fault fault_of(int code) {
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return DB_FINE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_INTERRUPT:
        return DB_LATER;
    }
    return DB_BROKEN;
}

static void note_fault(struct db *db, int code) {
    if (fault_of(code) == DB_FINE || db->fault != DB_FINE)
        return;
    bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    if (db->limit.reached || damaged) {
        const char *what = "a query does not end, so the file is not as originscan made it";
        char *command = shell_word_command("db", db->path, "check");
        db_fail(db, "%s: %s; run `%s` for details", db->path,
                db->limit.reached ? what : db_reason_text(db->handle, code), command);
        free(command);
        return;
    }
    db->fault = fault_of(code);
    db->full = (code & 0xff) == SQLITE_FULL;
    err_set(&db->err, "%s: %s", db->path, db_reason_text(db->handle, code));
}

void db_fail(struct db *db, const char *format, ...) {
    if (db->fault != DB_FINE)
        return;
    char why[sizeof db->err.text - 1];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    db->fault = DB_BROKEN;
    snprintf(db->err.text, sizeof db->err.text, "%s", why);
}

bool db_failed(const struct db *db) {
    return db->fault != DB_FINE;
}

void db_exec(struct db *db, const char *sql) {
    if (db->fault != DB_FINE)
        return;
    db_limit_start(&db->limit, 0);
    note_fault(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
    db_limit_stop(&db->limit);
}

static bool begin_transaction(struct db *db, bool writing) {
    if (db->depth++ == 0) {
        db->fault = DB_FINE;
        db->writing = writing;
        db_exec(db, writing ? "BEGIN IMMEDIATE" : "BEGIN");
    }
    return db->fault == DB_FINE;
}

bool db_begin_write(struct db *db) {
    return begin_transaction(db, true);
}

void db_begin_read(struct db *db) {
    begin_transaction(db, false);
}

/* A commit to a file that has no name any more, or another one, is lost. */
static void look_at_file(struct db *db) {
    db->found = db_watch_look(&db->watch, db->handle);
    if (db->found == DB_WATCH_FINE)
        return;
    db->fault = DB_FINE; /* that it cannot be read or written now comes of it */
    db_fail(db, "%s: %s; the last changes were not written", db->path, db_watch_text(db->found));
}

static void roll_back(struct db *db) {
    for (size_t i = 0; i < db->queries_n; i++)
        db_reset(db->queries[i]);
    if (!sqlite3_get_autocommit(db->handle)) /* SQLite itself rolls back after some errors */
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    if (db->full) /* give back what the log takes, or else nothing changes until somebody else does */
        sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    db->full = false;
}

void db_expect_frozen(struct db *db, const struct db_frozen *frozen) {
    db->frozen = *frozen;
}

/* What was read is of no moment, perhaps of none at all. */
static void look_at_frozen(struct db *db) {
    if (db_frozen_holds(&db->frozen, db->handle))
        return;
    db->fault = DB_FINE; /* that a half-written file is damaged says nothing */
    db_fail(db, "%s: was written while it was read; run it again", db->path);
    db->fault = DB_LATER;
}

void db_rollback(struct db *db) {
    assert(db->depth);
    if (--db->depth > 0) {
        db_fail(db, "%s: a part of the transaction was given up", db->path);
        return;
    }
    roll_back(db);
    db->fault = DB_FINE;
}

enum db_fault db_end(struct db *db, struct err *err) {
    assert(db->depth);
    if (db->fault != DB_BROKEN && db->depth == 1 && db->writing)
        look_at_file(db);
    if (db->depth == 1 && (db->fault == DB_FINE || db->frozen.on))
        look_at_frozen(db);
    if (db->fault == DB_FINE && db->depth == 1)
        db_exec(db, "COMMIT");
    enum db_fault fault = db->fault;
    if (fault != DB_FINE && err)
        *err = db->err;
    if (--db->depth > 0)
        return fault; /* the outermost rolls back */
    if (fault != DB_FINE)
        roll_back(db);
    db->fault = DB_FINE;
    return fault;
}

enum db_fault db_fault(struct db *db, struct err *err) {
    assert(!db->depth);
    enum db_fault fault = db->fault;
    if (fault != DB_FINE && err)
        *err = db->err;
    db->fault = DB_FINE;
    return fault;
}

/* One that is not in use: a loop that is inside another one of the same text has its own. */
static struct db_query *find_query(struct db *db, const char *sql) {
    for (size_t i = 0; i < db->queries_n; i++)
        if (db->queries[i]->sql == sql && !db->queries[i]->in_use)
            return db->queries[i];
    return NULL;
}

struct db_query *db_query(struct db *db, const char *sql) {
    if (db->fault != DB_FINE)
        return NULL;
    struct db_query *query = find_query(db, sql);
    if (query) {
        query->in_use = true;
        return query;
    }
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    note_fault(db, code);
    if (code != SQLITE_OK)
        return NULL;
    query = alloc_zero(1, sizeof *query);
    query->db = db;
    query->sql = sql;
    query->statement = statement;
    query->in_use = true;
    db->queries =
        array_reserve(db->queries, db->queries_n + 1, &db->queries_room, sizeof(struct db_query *));
    db->queries[db->queries_n++] = query;
    return query;
}

void db_int(struct db_query *query, int parameter, int64_t value) {
    if (query)
        note_fault(query->db, sqlite3_bind_int64(query->statement, parameter, value));
}

void db_real(struct db_query *query, int parameter, double value) {
    if (query)
        note_fault(query->db, sqlite3_bind_double(query->statement, parameter, value));
}

void db_text(struct db_query *query, int parameter, const char *text) {
    if (query)
        note_fault(query->db,
                   sqlite3_bind_text(query->statement, parameter, text, -1, SQLITE_STATIC));
}

void db_blob(struct db_query *query, int parameter, const void *bytes, size_t n) {
    if (query)
        note_fault(query->db, sqlite3_bind_blob64(query->statement, parameter, n ? bytes : "", n,
                                                  SQLITE_STATIC));
}

void db_null(struct db_query *query, int parameter) {
    if (query)
        note_fault(query->db, sqlite3_bind_null(query->statement, parameter));
}

void db_ids(struct db_query *query, int parameter, const int64_t *ids, size_t n) {
    if (!query)
        return;
    enum { LONGEST = 21 }; /* a sign, 19 digits and a comma */
    char *text = alloc_zero(n * LONGEST + 3, 1), *at = text;
    *at++ = '[';
    for (size_t i = 0; i < n; i++)
        at += sprintf(at, "%s%" PRId64, i ? "," : "", ids[i]);
    *at = ']';
    note_fault(query->db, sqlite3_bind_text(query->statement, parameter, text, -1, free));
}

void db_reset(struct db_query *query) {
    if (!query)
        return;
    sqlite3_reset(query->statement);
    sqlite3_clear_bindings(query->statement);
    query->steps = 0;
    query->in_use = false;
}

static int take_step(struct db_query *query) {
    struct db_limit *limit = &query->db->limit;
    db_limit_start(limit, query->steps);
    int code = sqlite3_step(query->statement);
    query->steps = db_limit_stop(limit);
    return code;
}

bool db_row(struct db_query *query) {
    if (!query)
        return false;
    query->columns_next = 0;
    int code = query->db->fault == DB_FINE ? take_step(query) : SQLITE_DONE;
    if (code == SQLITE_ROW)
        return true;
    note_fault(query->db, code);
    db_reset(query);
    return false;
}

bool db_run(struct db_query *query) {
    if (!query)
        return false;
    struct db *db = query->db;
    while (db_row(query))
        ;
    return db->fault == DB_FINE;
}

static int find_column(const struct db_query *query, const char *name) {
    int n = sqlite3_column_count(query->statement);
    for (int i = 0; i < n; i++)
        if (strcmp(sqlite3_column_name(query->statement, i), name) == 0)
            return i;
    assert(false && "a column that the query does not have");
    return n; /* which reads as NULL */
}

static int column_at(struct db_query *query, const char *name) {
    size_t next = query->columns_next;
    if (next > 0 && query->columns[next - 1].name == name)
        return query->columns[next - 1].at; /* after a look whether it is NULL */
    if (next == query->columns_n || query->columns[next].name != name)
        for (next = 0; next < query->columns_n && query->columns[next].name != name;)
            next++;
    if (next == query->columns_n) {
        assert(next < COLUMNS_MAX);
        query->columns[query->columns_n++] = (struct column){name, find_column(query, name)};
    }
    query->columns_next = next + 1;
    return query->columns[next].at;
}

int64_t db_get_int(struct db_query *query, const char *column) {
    return sqlite3_column_int64(query->statement, column_at(query, column));
}

int64_t db_get_int_or(struct db_query *query, const char *column, int64_t if_null) {
    int at = column_at(query, column);
    int64_t value = sqlite3_column_int64(query->statement, at);
    bool null = value == 0 && sqlite3_column_type(query->statement, at) == SQLITE_NULL;
    return null ? if_null : value;
}

double db_get_real(struct db_query *query, const char *column) {
    return sqlite3_column_double(query->statement, column_at(query, column));
}

const char *db_get_text(struct db_query *query, const char *column) {
    const char *text = db_get_text_or_null(query, column);
    return text ? text : "";
}

const char *db_get_text_or_null(struct db_query *query, const char *column) {
    return (const char *)sqlite3_column_text(query->statement, column_at(query, column));
}

const uint8_t *db_get_blob(struct db_query *query, const char *column, size_t *n) {
    int at = column_at(query, column);
    const uint8_t *bytes = sqlite3_column_blob(query->statement, at);
    *n = (size_t)sqlite3_column_bytes(query->statement, at);
    return bytes;
}

bool db_get_null(struct db_query *query, const char *column) {
    return sqlite3_column_type(query->statement, column_at(query, column)) == SQLITE_NULL;
}

void db_get_copy(struct db_query *query, const char *column, char *out, size_t size) {
    const char *text = db_get_text(query, column);
    size_t n = strnlen(text, size - 1);
    memcpy(out, text, n);
    out[n] = '\0';
}

int64_t db_changes(struct db *db) {
    return sqlite3_changes64(db->handle);
}

int64_t db_last_id(struct db *db) {
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t db_number(struct db *db, const char *sql) {
    struct db_query *query = db_query(db, sql);
    int64_t number = db_row(query) ? sqlite3_column_int64(query->statement, 0) : 0;
    db_reset(query);
    return number;
}
