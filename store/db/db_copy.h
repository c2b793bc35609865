/* Copying a database while others write. */
#pragma once

#include "store/db/db.h"

/* Writes a consistent copy, also while another process writes. It is read back from the disk and proven
 * (SQLite's quick check, the number of rows of each table) before `path` appears or is replaced; a log
 * (-wal, -shm, -journal) that a former file of that name left behind goes with it. False, with what was
 * at `path` as it was, where that is the database itself or one that a process of ours has open to
 * write, or where the copy cannot be written or proven. */
bool db_copy_to(struct db *db, const char *path, struct err *err);
