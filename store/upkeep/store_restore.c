/* Restoring: a proven copy first, then four renames. */
#include "store/upkeep/store_restore.h"

#include "store/db/db_copy.h"
#include "store/db/db_file.h"
#include "store/db/lock.h"
#include "store/db/migrations.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SUFFIX_SIZE = 48, KEPT_MAX = 10000, CACHE_KB = 8192 };

/* What belongs to a database file; the lock stays where it is. */
static const char *const parts[] = {"", "-wal", "-shm", "-journal"};
enum { PARTS = sizeof parts / sizeof *parts };

struct restoring {
    const char *path;
    char copy[PATH_MAX]; /* beside it, until it is proven */
    const struct store_readers *readers;
    struct store_restored *out;
};

static bool fail_with_errno(struct err *err, const char *what, const char *path) {
    return err_set(err, "cannot %s %s: %s", what, path, strerror(errno));
}

static void remove_copy(const struct restoring *restoring) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    char name[PATH_MAX + SUFFIX_SIZE];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", restoring->copy, suffixes[i]);
        unlink(name);
    }
}

/* A backup of an older originscan may be read here: the copy is brought up to date. */
static bool copy_backup(const struct restoring *restoring, const char *backup, struct err *err) {
    unsigned newest;
    migrations_table(&newest);
    struct db_file_options file = {.path = backup,
                                   .application_id = MIGRATIONS_APPLICATION_ID,
                                   .version = newest,
                                   .cache_kb = CACHE_KB};
    struct db_file_state state;
    struct db *db = db_file_open(&file, &state, err);
    if (!db)
        return false;
    bool done = state.empty ? err_set(err, "%s: nothing is in it", backup)
                            : db_copy_to(db, restoring->copy, err);
    db_close(db);
    return done;
}

static bool prove_copy(const struct restoring *restoring, const char *backup,
                       store_problem *problem, void *arg, struct err *err) {
    struct store_options options = {.path = restoring->copy, .access = STORE_WRITE};
    struct store *store = store_open(&options, err);
    uint64_t problems = 0;
    if (!store)
        return false;
    restoring->out->migrated = store_migrated(store);
    bool done = store_check(store, restoring->readers, problem, arg, &problems, err) == STORE_OK;
    store_close(store);
    if (done && problems > 0)
        done = err_set(err, "%s: %llu problems in it; nothing was restored", backup,
                       (unsigned long long)problems);
    return done;
}

/* The first name that nothing has yet, of the file and of what would stand beside it. */
static bool find_kept_name(struct restoring *restoring, struct err *err) {
    for (unsigned i = 1; i <= KEPT_MAX; i++) {
        bool taken = false;
        int n = snprintf(restoring->out->kept, sizeof restoring->out->kept, "%s.replaced-%u",
                         restoring->path, i);
        if (n >= (int)sizeof restoring->out->kept - SUFFIX_SIZE)
            return err_set(err, "the name of the database is too long");
        for (size_t part = 0; part < PARTS; part++) {
            char name[PATH_MAX + SUFFIX_SIZE];
            struct stat info;
            snprintf(name, sizeof name, "%s%s", restoring->out->kept, parts[part]);
            taken = taken || lstat(name, &info) == 0;
        }
        if (!taken)
            return true;
    }
    return err_set(err, "there are %d replaced databases beside %s: remove some", KEPT_MAX,
                   restoring->path);
}

/* The file first: without it, a log that is left behind by a crash here belongs to nothing. */
static bool move_former(struct restoring *restoring, struct err *err) {
    char from[PATH_MAX + SUFFIX_SIZE], to[PATH_MAX + SUFFIX_SIZE];
    bool any = false;
    if (!find_kept_name(restoring, err))
        return false;
    for (size_t part = 0; part < PARTS; part++) {
        snprintf(from, sizeof from, "%s%s", restoring->path, parts[part]);
        snprintf(to, sizeof to, "%s%s", restoring->out->kept, parts[part]);
        if (rename(from, to) == 0)
            any = true;
        else if (errno != ENOENT)
            return fail_with_errno(err, "move", from);
    }
    if (!any)
        restoring->out->kept[0] = '\0';
    return true;
}

static bool move_copy(const struct restoring *restoring, struct err *err) {
    char name[PATH_MAX];
    if (rename(restoring->copy, restoring->path) != 0)
        return fail_with_errno(err, "move", restoring->copy);
    snprintf(name, sizeof name, "%s", restoring->path);
    int folder = open(dirname(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    return done ? true : fail_with_errno(err, "write the folder of", restoring->path);
}

/* The owner and mode of the former database go on. */
static void copy_mode(const struct restoring *restoring) {
    struct stat info;
    if (stat(restoring->path, &info) != 0)
        return;
    if (chown(restoring->copy, info.st_uid, info.st_gid) == 0)
        chmod(restoring->copy, info.st_mode & 07777);
}

static bool is_same_file(const char *a, const char *b) {
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

bool store_restore(const char *path, const char *backup, const struct store_readers *readers,
                   store_problem *problem, void *arg, struct store_restored *out, struct err *err) {
    char real[PATH_MAX]; /* of a symbolic link, what it leads to is replaced */
    if (realpath(path, real))
        path = real;
    struct restoring restoring = {.path = path, .readers = readers, .out = out};
    *out = (struct store_restored){.migrated = 0};
    int n = snprintf(restoring.copy, sizeof restoring.copy, "%s" DB_FILE_RESTORING, path);
    if (n + SUFFIX_SIZE >= PATH_MAX)
        return err_set(err, "the name of the database is too long");
    if (is_same_file(path, backup))
        return err_set(err, "%s is the database itself", backup);
    struct lock *lock = lock_take(path, err);
    if (!lock)
        return false;
    remove_copy(&restoring); /* of a run that was killed */
    bool done =
        copy_backup(&restoring, backup, err) && prove_copy(&restoring, backup, problem, arg, err);
    if (done) {
        copy_mode(&restoring);
        done = move_former(&restoring, err) && move_copy(&restoring, err);
    }
    remove_copy(&restoring);
    lock_release(lock);
    return done;
}
