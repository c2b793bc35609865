/* Whether an open database still is the file of its name. POSIX lets a file be removed, replaced or cut
 * while it is open, and SQLite then goes on and commits into nothing. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct sqlite3;

enum db_watch_found {
    DB_WATCH_FINE,
    DB_WATCH_DELETED,
    DB_WATCH_REPLACED,
    DB_WATCH_CUT,
    DB_WATCH_LED_ELSEWHERE, /* the link by which it was opened */
    DB_WATCH_LOG_DELETED,   /* its write-ahead log, or the index of that */
    DB_WATCH_LOG_REPLACED,
    DB_WATCH_LOG_CUT, /* -wal alone */
};

enum { DB_WATCH_FILES = 3 }; /* the database, its log, the log's index */

struct db_watch {
    struct db_watch_id {
        bool known;
        dev_t device;
        ino_t inode;
    } ids[DB_WATCH_FILES];
    long long size;   /* the largest that was seen */
    const char *path; /* by which it was opened; borrowed */
};

/* Notes which file is open; its log is noted at the first look that finds one. */
void db_watch_begin(struct db_watch *watch, struct sqlite3 *handle, const char *path);

/* Looks: five calls of stat() and two short reads. To be called inside a transaction. */
enum db_watch_found db_watch_look(struct db_watch *watch, struct sqlite3 *handle);

/* What happened to it, for the operator: "was deleted while it was open". */
const char *db_watch_text(enum db_watch_found found);

/* Instead of what SQLite does when a database is closed, for one that is not what it was: what the log
 * holds goes to the file that is open, which may have another name now, and a log of a former database
 * does not stay beside its successor, which would replay it. */
void db_watch_part(const struct db_watch *watch, struct sqlite3 *handle, enum db_watch_found found);
