/* The one place, with db_file, that speaks SQLite: statements, values and transactions.
 *
 * Errors are sticky: the first one inside a transaction is kept, everything after it does nothing,
 * and db_end() rolls back and tells. So a run of statements is written without a check after each.
 * A query that could not be made is NULL; all functions on queries accept it. */
#pragma once

#include "scanner/base/err.h"
#include "store/db/db_frozen.h"

#include <stddef.h>
#include <stdint.h>

struct db;
struct db_query;
struct sqlite3;

enum db_fault {
    DB_FINE,
    DB_LATER,  /* locked, no room, read-only now: the same may work another time */
    DB_BROKEN, /* damaged, or not what we think it is: an operator must act */
};

/* Takes over an open handle; db_close() closes it. `path` is for messages. */
struct db *db_new(struct sqlite3 *handle, const char *path);
void db_close(struct db *db);

/* Ends the statements that are running, from any thread; they fail as DB_LATER. */
void db_interrupt(const struct db *db);

/* Statements that run at that moment of the monotonic clock end there, as DB_LATER, and so does each that
 * begins behind it. 0: none does. */
void db_stop_at(struct db *db, uint64_t end_us);

/* Whether the last db_end() of a transaction that may write found the file deleted, replaced or cut. */
bool db_has_lost_file(const struct db *db);

/* Makes this the one process of ours that writes to the database, until db_close(). */
bool db_lock(struct db *db, struct err *err);

/* From now on a transaction fails, as DB_LATER, if the file that it read was written meanwhile. */
void db_expect_frozen(struct db *db, const struct db_frozen *frozen);

/* Both as they were given to db_new(); the handle is for db_*.c alone. */
struct sqlite3 *db_handle(struct db *db);
const char *db_path(const struct db *db);

/* The write-ahead log as the last commit of this connection left it. */
struct db_log {
    uint64_t bytes; /* what it holds; 0 before the first commit */
    bool held;      /* it cannot be emptied: another connection still reads from it */
};
struct db_log db_log(const struct db *db);

/* From now on a commit that leaves at least so many pages in the log copies them to the file: what
 * SQLite's autocheckpoint does, but db_log() tells what became of it. */
void db_checkpoint_from(struct db *db, int pages);

/* Starts a transaction that may write (BEGIN IMMEDIATE; false if it could not) or one that only
 * reads, and forgets older errors. Inside another one it is part of that. Each is followed by
 * db_end() in any case. */
bool db_begin_write(struct db *db);
void db_begin_read(struct db *db);

/* Commits if nothing failed since the start, else rolls back and fills `err`. Inside another one it
 * only tells what failed so far. One that may write also fails, as DB_BROKEN, if the file was deleted,
 * replaced or cut, or its log was, since it was opened. */
enum db_fault db_end(struct db *db, struct err *err);

/* Ends a transaction without a trace of it. Inside another one it makes that fail at its end. */
void db_rollback(struct db *db);

/* Makes the running transaction fail at db_end(), for what SQLite itself cannot see. */
__attribute__((format(printf, 2, 3))) void db_fail(struct db *db, const char *format, ...);
bool db_failed(const struct db *db);

/* For what ran outside a transaction: tells the first error and forgets it. */
enum db_fault db_fault(struct db *db, struct err *err);

/* Runs statements that give no rows. */
void db_exec(struct db *db, const char *sql);

/* A prepared statement, kept for the next call with the same `sql`, which must stay in memory (a
 * literal). May be used again inside its own loop. */
struct db_query *db_query(struct db *db, const char *sql);

/* Parameters count from 1. Text and blobs are borrowed until the query is reset. A NULL text is
 * NULL. */
void db_int(struct db_query *query, int parameter, int64_t value);
void db_real(struct db_query *query, int parameter, double value);
void db_text(struct db_query *query, int parameter, const char *text);
void db_blob(struct db_query *query, int parameter, const void *bytes, size_t n);
void db_null(struct db_query *query, int parameter);

/* Numbers as one text that json_each() takes apart again. */
void db_ids(struct db_query *query, int parameter, const int64_t *ids, size_t n);

/* The next row; false at the end or on an error, and then the query is reset. */
bool db_row(struct db_query *query);

/* Ends a loop before its end. */
void db_reset(struct db_query *query);

/* For a query without rows; true if it worked. */
bool db_run(struct db_query *query);

/* Columns by the name that the query gives them, which must be a literal: where it stands in the row
 * is looked up once. They are valid until the next row. NULL reads as 0 and "". */
int64_t db_get_int(struct db_query *query, const char *column);
int64_t db_get_int_or(struct db_query *query, const char *column, int64_t if_null);
double db_get_real(struct db_query *query, const char *column);
const char *db_get_text(struct db_query *query, const char *column);
const char *db_get_text_or_null(struct db_query *query, const char *column);
const uint8_t *db_get_blob(struct db_query *query, const char *column, size_t *n);
bool db_get_null(struct db_query *query, const char *column);

/* A text of its own, cut to `size` bytes with the zero at its end. */
void db_get_copy(struct db_query *query, const char *column, char *out, size_t size);

/* Of the last statement that ran. */
int64_t db_changes(struct db *db);
int64_t db_last_id(struct db *db);

/* The first column of the first row of a query without parameters; 0 if there is none. */
int64_t db_number(struct db *db, const char *sql);
