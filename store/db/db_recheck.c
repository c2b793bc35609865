/* A second look at a database of which SQLite said that it is damaged. */
#include "store/db/db_recheck.h"

#include "scanner/base/clock.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static enum db_fault check_pages(struct db *db, struct err *err) {
    char problem[200] = "";
    db_begin_read(db);
    struct db_query *query = db_query(db, "SELECT quick_check AS line FROM pragma_quick_check(1)");
    if (db_row(query))
        snprintf(problem, sizeof problem, "%s", db_get_text(query, "line"));
    db_reset(query);
    enum db_fault fault = db_end(db, err);
    if (fault != DB_FINE || strcmp(problem, "ok") == 0)
        return fault;
    err_set(err, "%s: damaged: %s", db_path(db), problem);
    return DB_BROKEN;
}

enum db_fault db_recheck(struct db *db, unsigned limit_ms, struct err *err) {
    if (db_has_lost_file(db)) {
        err_set(err, "%s: no longer the file that was opened", db_path(db));
        return DB_BROKEN;
    }
    sqlite3_db_release_memory(db_handle(db));
    db_stop_at(db, clock_mono_us() + limit_ms * UINT64_C(1000));
    enum db_fault fault = check_pages(db, err);
    db_stop_at(db, 0);
    return fault == DB_BROKEN ? DB_BROKEN : DB_FINE; /* else it had no time, or is locked */
}
