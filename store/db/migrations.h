/* The schema as the list of steps that made it. A step that was released is never changed; a new
 * need is a new step at the end. user_version counts the steps that a database has seen. */
#pragma once

#include "store/db/db.h"

#include <stdint.h>

/* "Orsc" in the header of each of our databases (PRAGMA application_id). */
#define MIGRATIONS_APPLICATION_ID UINT32_C(0x4f727363)

struct migration {
    const char *what; /* one line for the operator */
    const char *sql;
};

/* All steps in order. */
const struct migration *migrations_table(unsigned *count);

/* Brings a database from `from` steps to `to`, in the running transaction; 0 is an empty file. */
void migrations_apply(struct db *db, unsigned from, unsigned to);
