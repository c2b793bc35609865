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

/* NAME.lock beside the file that the path leads to, so that a symbolic link has no lock of its own. */
static bool name_of_lock(const char *path, char out[PATH_MAX]) {
    char real[PATH_MAX];
    const char *found = realpath(path, real) ? real : path;
    return snprintf(out, PATH_MAX, "%s.lock", found) < PATH_MAX;
}

/* In one reading of the kernel's list, which comes in pieces: a lock is passed over where others of the list are
 * released between two of them. */
static long look_for_locker(const struct stat *file, bool exact) {
    FILE *locks = fopen("/proc/locks", "re");
    char line[256];
    long found = 0;
    while (locks && !found && fgets(line, sizeof line, locks)) {
        long process;
        unsigned major_n, minor_n;
        unsigned long inode;
        if (sscanf(line, "%*d: FLOCK %*s WRITE %ld %x:%x:%lu", &process, &major_n, &minor_n,
                   &inode) == 4 &&
            inode == file->st_ino &&
            (!exact || (major_n == major(file->st_dev) && minor_n == minor(file->st_dev))))
            found = process;
    }
    if (locks)
        fclose(locks);
    return found;
}

/* The process that has the file locked, as the kernel lists it; 0: it lists none. Some file systems
 * list another device than stat() tells: without `exact` the inode is enough. */
static long find_locker(const struct stat *file, bool exact) {
    enum { READINGS = 5 };
    long found = 0;
    for (int i = 0; i < READINGS && !found; i++)
        found = look_for_locker(file, exact);
    return found;
}

static void tell_in_use(const char *path, long process, struct err *err) {
    if (process)
        err_set(err, "%s: in use by another originscan (process %ld)", path, process);
    else
        err_set(err, "%s: in use by another originscan, by another name of the file", path);
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

bool lock_is_by_name(const char *path) {
    return holder_of_name(path) != 0;
}
