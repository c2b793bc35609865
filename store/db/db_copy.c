/* Copying a database while others write. */
#include "store/db/db_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The new name must be on the disk too before the copy counts as made. */
static bool sync_path(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced;
}

static bool sync_directory_of(const char *path) {
    char *directory = strdup(path);
    char *slash = directory ? strrchr(directory, '/') : NULL;
    if (slash)
        slash[slash == directory] = '\0';
    bool synced = sync_path(slash ? directory : ".", O_RDONLY | O_DIRECTORY);
    free(directory);
    return synced;
}

static bool copy_pages(struct db *db, const char *to, struct err *err) {
    sqlite3 *copy = NULL;
    int code = sqlite3_open_v2(
        to, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_backup *backup =
        code == SQLITE_OK ? sqlite3_backup_init(copy, "main", db_handle(db), "main") : NULL;
    if (backup) {
        sqlite3_backup_step(backup, -1); /* at once: one consistent snapshot of the source */
        code = sqlite3_backup_finish(backup);
    } else if (code == SQLITE_OK) {
        code = sqlite3_errcode(copy);
    }
    if (code != SQLITE_OK)
        err_set(err, "%s: cannot be written: %s", to, sqlite3_errstr(code));
    sqlite3_close(copy);
    return code == SQLITE_OK;
}

static bool same_file(const char *a, const char *b) {
    struct stat left, right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
           left.st_ino == right.st_ino;
}

bool db_copy_to(struct db *db, const char *path, struct err *err) {
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        return err_set(err, "%s: the name is too long", path);
    if (same_file(db_path(db), path))
        return err_set(err, "%s: is the database itself", path);
    unlink(part);
    bool done = copy_pages(db, part, err);
    if (done && !(sync_path(part, O_RDONLY) && rename(part, path) == 0 && sync_directory_of(path)))
        done = err_set(err, "%s: %s", path, strerror(errno));
    if (!done)
        unlink(part);
    return done;
}
