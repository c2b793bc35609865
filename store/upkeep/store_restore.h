/* Puts a backup in the place of a database. */
#pragma once

#include "store/upkeep/store_check.h"

#include <limits.h>

/* What was done. */
struct store_restored {
    char kept
        [PATH_MAX]; /* where the former database is now, its logs beside it; "": none was there */
    unsigned migrated; /* schema steps that the backup had to be brought up by */
};

/* Copies the backup beside `path`, brings its schema up to date, checks all of it, and only then
 * moves the former database with its logs to another name and the copy to `path`. Holds the
 * writer's lock all the while. False with the reason: the database is running, the backup is missing,
 * foreign, newer, damaged or the database itself; then `path` is as it was. `problem` is called for
 * each defect that the check finds in the backup. */
bool store_restore(const char *path, const char *backup, const struct store_readers *readers,
                   store_problem *problem, void *arg, struct store_restored *out, struct err *err);
