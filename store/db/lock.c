/* One writing process for a database. */
#include "store/db/lock.h"

#include "scanner/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct lock {
    int name_fd; /* NAME.lock */
    int file_fd; /* the database; -1: it was not there */
};

static long read_process_id(int fd) {
    char text[24] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    return n > 0 ? strtol(text, NULL, 10) : 0;
}

static void write_process_id(int fd) {
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* Only for messages: a lock without a process number locks as well. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        return;
}

/* Beside the file that the path leads to, so that a symbolic link has none of its own. */
static bool name_beside(const char *path, const char *suffix, char out[PATH_MAX]) {
    char real[PATH_MAX];
    const char *found = realpath(path, real) ? real : path;
    return snprintf(out, PATH_MAX, "%s%s", found, suffix) < PATH_MAX;
}

static bool name_of_lock(const char *path, char out[PATH_MAX]) {
    return name_beside(path, ".lock", out);
}

/* What is looked for in the kernel's list of locks. Some file systems list another device than stat()
 * tells: without `exact` the inode is enough. */
struct wanted_lock {
    const char *kind;   /* "FLOCK" or "POSIX" */
    const char *access; /* "READ" or "WRITE" */
    struct stat file;
    bool exact;
    long process; /* 0: whichever */
};

/* The process whose lock the line is, if that is the wanted one; else 0. */
static long match_lock(const char *line, const struct wanted_lock *wanted) {
    char kind[16], access[16];
    long process;
    unsigned major_n, minor_n;
    unsigned long inode;
    bool same = sscanf(line, "%*d: %15s %*s %15s %ld %x:%x:%lu", kind, access, &process, &major_n,
                       &minor_n, &inode) == 6 &&
                inode == wanted->file.st_ino && strcmp(kind, wanted->kind) == 0 &&
                strcmp(access, wanted->access) == 0 &&
                (!wanted->process || process == wanted->process) &&
                (!wanted->exact ||
                 (major_n == major(wanted->file.st_dev) && minor_n == minor(wanted->file.st_dev)));
    return same ? process : 0;
}

/* In one reading of the kernel's list, which comes in pieces: a lock is passed over where others of the list are
 * released between two of them. */
static long look_for_locker(const struct wanted_lock *wanted) {
    FILE *locks = fopen("/proc/locks", "re");
    char line[256];
    long found = 0;
    while (locks && !found && fgets(line, sizeof line, locks))
        found = match_lock(line, wanted);
    if (locks)
        fclose(locks);
    return found;
}

/* The process that has it, as the kernel lists it; 0: it lists none. */
static long find_lock(const struct wanted_lock *wanted) {
    enum { READINGS = 5 };
    long found = 0;
    for (int i = 0; i < READINGS && !found; i++)
        found = look_for_locker(wanted);
    return found;
}

static long find_locker(const struct stat *file, bool exact) {
    return find_lock(
        &(struct wanted_lock){.kind = "FLOCK", .access = "WRITE", .file = *file, .exact = exact});
}

static void tell_in_use(const char *path, long process, struct err *err) {
    if (process)
        err_set(err, "%s: in use by another originscan (process %ld)", path, process);
    else
        err_set(err, "%s: in use by another originscan, under another name of the file", path);
}

static bool lock_name(struct lock *lock, const char *path, struct err *err) {
    char name[PATH_MAX];
    if (!name_of_lock(path, name))
        return err_set(err, "%s: the name is too long", path);
    lock->name_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock->name_fd < 0)
        return err_set(err, "%s: %s", name, strerror(errno));
    if (flock(lock->name_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno != EWOULDBLOCK)
        return err_set(err, "%s: cannot be locked: %s", name, strerror(errno));
    tell_in_use(path, read_process_id(lock->name_fd), err);
    return false;
}

/* By device and inode: holds for hard links too, and where NAME.lock was removed. */
static bool lock_file(struct lock *lock, const char *path, struct err *err) {
    struct stat file;
    lock->file_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (lock->file_fd < 0)
        return errno == ENOENT || err_set(err, "%s: %s", path, strerror(errno));
    if (flock(lock->file_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno != EWOULDBLOCK)
        return err_set(err, "%s: cannot be locked: %s", path, strerror(errno));
    if (fstat(lock->file_fd, &file) != 0)
        return err_set(err, "%s: %s", path, strerror(errno));
    long process = find_locker(&file, true);
    tell_in_use(path, process ? process : find_locker(&file, false), err);
    return false;
}

struct lock *lock_take(const char *path, struct err *err) {
    struct lock *lock = alloc_zero(1, sizeof *lock);
    *lock = (struct lock){.name_fd = -1, .file_fd = -1};
    if (!lock_name(lock, path, err) || !lock_file(lock, path, err)) {
        lock_release(lock);
        return NULL;
    }
    write_process_id(lock->name_fd);
    return lock;
}

void lock_release(struct lock *lock) {
    if (!lock)
        return;
    if (lock->file_fd >= 0)
        close(lock->file_fd);
    if (lock->name_fd >= 0)
        close(lock->name_fd);
    free(lock);
}

/* One that is free is held for the blink of an eye, as every lock that is asked for this way. */
static long holder_of_name(const char *path) {
    char name[PATH_MAX];
    if (!name_of_lock(path, name))
        return 0;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    long holder = held ? read_process_id(fd) : 0;
    close(fd);
    return holder;
}

long lock_holder(const char *path) {
    struct stat file;
    long holder = holder_of_name(path);
    return holder || stat(path, &file) != 0 ? holder : find_locker(&file, true);
}

static bool holds_beside(long holder, const char *path, const char *suffix, const char *kind,
                         const char *access) {
    struct wanted_lock wanted = {.kind = kind, .access = access, .process = holder};
    char name[PATH_MAX];
    return name_beside(path, suffix, name) && stat(name, &wanted.file) == 0 &&
           find_lock(&wanted) != 0;
}

/* By NAME.lock, or where that was removed by the index of SQLite's log, of which whoever has a database
 * open holds a lock. */
long lock_holder_by_other_name(const char *path) {
    struct stat file;
    long holder = stat(path, &file) == 0 ? find_locker(&file, true) : 0;
    bool here = holder == 0 || holds_beside(holder, path, ".lock", "FLOCK", "WRITE") ||
                holds_beside(holder, path, "-shm", "POSIX", "READ");
    return here ? 0 : holder;
}
