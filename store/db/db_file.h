/* Database files: opening with every check that needs no schema, and checking.
 *
 * Nothing is written to a file, and no file is made beside it, before its header has been found to
 * be ours and not newer than this program. */
#pragma once

#include "store/db/db.h"

/* What is appended to the name of a database for the copy that is to take its place. */
#define DB_FILE_RESTORING ".restoring"

struct db_file_options {
    const char *path;
    bool write;              /* else only reading: the file is not changed */
    bool beside;             /* with write: while another process is the writer */
    bool create;             /* with write: make the file, or fill an empty one */
    uint32_t application_id; /* of the files that are ours, "file" format offset 68 */
    unsigned version;        /* the newest user_version that is understood */
    unsigned cache_kb;       /* SQLite's page cache */
    unsigned busy_ms;        /* how long to wait for another program's lock */
};

/* What was found, besides the open database. */
struct db_file_state {
    bool empty;       /* nothing in it yet: the caller makes the schema */
    unsigned version; /* its user_version */
};

/* NULL with one clear line for a file that is missing, foreign, newer, damaged, locked by another
 * program or, with `write`, read-only, in use by another writer of ours or one that has several names
 * (hard links). SQLite's mmap stays off, foreign keys are on. */
struct db *db_file_open(const struct db_file_options *options, struct db_file_state *state,
                        struct err *err);

/* Turns on write-ahead logging; after the schema of a new file is in. */
void db_file_use_wal(struct db *db);

/* Calls `problem` with a line for each defect that SQLite finds; the number of them. */
typedef void db_file_problem(void *arg, const char *text);
size_t db_file_check(struct db *db, db_file_problem *problem, void *arg);
