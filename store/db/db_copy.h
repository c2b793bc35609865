/* Copying a database while others write. */
#pragma once

#include "store/db/db.h"

/* Writes a consistent copy, also while another process writes; `path` appears, or is replaced, only
 * when the copy is complete and on the disk. */
bool db_copy_to(struct db *db, const char *path, struct err *err);
