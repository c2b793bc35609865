/* A second look at a database of which SQLite said that it is damaged: a disk or a network that failed for
 * a moment gives the same answer as a file that is. */
#pragma once

#include "store/db/db.h"

/* Forgets all pages that were read and reads them again, for so long at most. DB_BROKEN with `err` if that
 * finds damage, and at once if the file itself was lost (db_has_lost_file); DB_FINE if it is sound as far
 * as it was read. Outside a transaction. */
enum db_fault db_recheck(struct db *db, unsigned limit_ms, struct err *err);
