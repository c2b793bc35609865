/* Reading a database whose folder this user may not write. */
#include "store/db/db_frozen.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool may_write_folder(const char *real) {
    char folder[PATH_MAX];
    const char *slash = strrchr(real, '/');
    snprintf(folder, sizeof folder, "%.*s", slash > real ? (int)(slash - real) : 1, real);
    return access(folder, W_OK | X_OK) == 0;
}

static off_t size_of_log(const char *real) {
    char name[PATH_MAX];
    struct stat found;
    return snprintf(name, sizeof name, "%s-wal", real) < PATH_MAX && stat(name, &found) == 0
               ? found.st_size
               : 0;
}

static bool may_read(const char *real, const char *suffix, char name[PATH_MAX]) {
    return snprintf(name, PATH_MAX, "%s%s", real, suffix) < PATH_MAX && access(name, R_OK) == 0;
}

bool db_frozen_needed(const char *path, bool *needed, struct err *err) {
    char real[PATH_MAX], name[PATH_MAX];
    *needed = false;
    if (!realpath(path, real) || may_write_folder(real))
        return true;
    bool log = may_read(real, "-wal", name), index = may_read(real, "-shm", name);
    if (log && index) /* SQLite reads both, whoever made them */
        return true;
    *needed = size_of_log(real) == 0;
    if (*needed)
        return true;
    return err_set(err,
                   "%s: its write-ahead log has to be read, too, but %s-%s cannot be read and this"
                   " user may not write the folder; run as one who may",
                   path, real, log ? "shm" : "wal");
}

/* Everything but letters, digits and what paths are made of as %XX. */
static void write_uri(const char *path, char *out, size_t size) {
    size_t n = (size_t)snprintf(out, size, "file:");
    for (const char *at = path; *at && n + 24 < size; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= '0' && *at <= '9') || strchr("/._-", *at);
        n += (size_t)snprintf(out + n, size - n, plain ? "%c" : "%%%02X", (unsigned char)*at);
    }
    snprintf(out + n, size - n, "?immutable=1");
}

int db_frozen_open(struct db_frozen *frozen, const char *path, struct sqlite3 **handle) {
    char real[PATH_MAX], uri[3 * PATH_MAX + 32];
    struct stat found;
    if (!realpath(path, real) || stat(real, &found) != 0)
        return SQLITE_CANTOPEN;
    *frozen = (struct db_frozen){true, found.st_ino, found.st_size, found.st_mtim};
    write_uri(real, uri, sizeof uri);
    return sqlite3_open_v2(uri, handle,
                           SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
}

bool db_frozen_holds(const struct db_frozen *frozen, struct sqlite3 *handle) {
    struct stat found;
    const char *name = sqlite3_db_filename(handle, "main");
    return !frozen->on ||
           (name && stat(name, &found) == 0 && found.st_ino == frozen->inode &&
            found.st_size == frozen->size && found.st_mtim.tv_sec == frozen->changed.tv_sec &&
            found.st_mtim.tv_nsec == frozen->changed.tv_nsec && size_of_log(name) == 0);
}
