/* Whether the schema of a database is the one that the migrations make. */
#pragma once

#include "store/db/db_file.h"

struct db_schema_found {
    size_t problems;
    bool readable; /* no table and no column is missing: our queries can be asked */
};

/* Compares with a new database in memory, in the running transaction, and calls `problem` for each
 * table, column, index and view that is missing or another, and for each trigger and unique index that
 * is too many: these change what a statement does. Tables, views and plain indexes of an operator's own
 * do no harm. */
struct db_schema_found db_schema_compare(struct db *db, db_file_problem *problem, void *arg);
