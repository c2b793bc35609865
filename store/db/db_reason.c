/* Why SQLite could not do what it was asked to, for an operator. */
#include "store/db/db_reason.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

/* What the system said of a call that failed; SQLite has one text for all of them. */
static const char *text_of_system(struct sqlite3 *handle) {
    int why = sqlite3_system_errno(handle);
    if (why == ENOSPC || why == EDQUOT || why == EFBIG)
        return "no space left on the device";
    return why ? strerror(why) : sqlite3_errmsg(handle);
}

const char *db_reason_text(struct sqlite3 *handle, int code) {
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return "locked by another program";
    case SQLITE_FULL:
        return "no space left on the device";
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return text_of_system(handle);
    case SQLITE_READONLY:
        return "read-only";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "damaged";
    }
    return sqlite3_errmsg(handle);
}
