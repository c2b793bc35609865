/* Reading a database whose folder this user may not write. SQLite then cannot make the index of a
 * write-ahead log; where there is no log, it can read the file as one that nobody changes. Whether that
 * held is looked at afterwards. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct sqlite3;

struct db_frozen {
    bool on;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

/* Whether `path` has to be read so: no log stands beside it and none can be made. False with `err` where
 * a log stands there whose index can be neither read nor made. */
bool db_frozen_needed(const char *path, bool *needed, struct err *err);

/* As sqlite3_open_v2(), and notes the file as it is. */
int db_frozen_open(struct db_frozen *frozen, const char *path, struct sqlite3 **handle);

/* Whether nobody has written to it, or begun to, since it was opened. */
bool db_frozen_holds(const struct db_frozen *frozen, struct sqlite3 *handle);
