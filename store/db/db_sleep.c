/* How long SQLite may sleep. */
#include "store/db/db_sleep.h"

#include <sqlite3.h>
#include <stddef.h>

static sqlite3_vfs *before;
static sqlite3_vfs limited;

/* The busy handler sleeps for whole milliseconds. The other wait, walTryBeginRead() in SQLite's wal.c,
 * sleeps for 39 us times the squares of 1, 2, 3 and so on, and has made its best tries when that is long. */
static int sleep_limited(sqlite3_vfs *vfs, int us) {
    enum { MILLISECOND_US = 1000, LONGEST_US = 20 * MILLISECOND_US };
    (void)vfs;
    return us > LONGEST_US && us % MILLISECOND_US != 0 ? 0 : before->xSleep(before, us);
}

void db_sleep_limit(void) {
    if (before)
        return;
    before = sqlite3_vfs_find(NULL);
    if (!before)
        return;
    limited = *before;
    limited.zName = "originscan";
    limited.xSleep = sleep_limited;
    sqlite3_vfs_register(&limited, 1);
}
