/* Preloaded into a program: calls about the files of one database fail when they are told to.
 *
 *     STORE_FAULT_FILE   a part of the files' names: the database, its log, its lock
 *     STORE_FAULT_AT     the number of the first call that fails, from 1; 0 or none: none
 *     STORE_FAULT_FOR    how many calls fail from there on (1)
 *     STORE_FAULT_KIND   eio, full (ENOSPC on what writes, EIO on what reads), locked (EAGAIN on
 *                        locks, else as full) or short (reads end early, writes write a half)
 *     STORE_FAULT_COUNT  a file that holds how many calls there were and how many failed
 *
 * Counted are open, read, write, sync, truncate and lock; closing, unlinking and looking never
 * fail. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024 };

enum call { CALL_OPEN, CALL_READ, CALL_WRITE, CALL_SYNC, CALL_LOCK };

static bool ours[DESCRIPTORS]; /* descriptors of the database's files */
static long calls, failed;

static const char *setting(const char *name, const char *otherwise) {
    const char *text = getenv(name);
    return text && *text ? text : otherwise;
}

static void write_count(void) {
    const char *path = setting("STORE_FAULT_COUNT", NULL);
    char text[64];
    static int (*open_file)(const char *, int, ...);
    if (!path)
        return;
    if (!open_file)
        *(void **)&open_file = dlsym(RTLD_NEXT, "open");
    int fd = open_file(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int n = snprintf(text, sizeof text, "%ld %ld\n", calls, failed);
    if (fd < 0)
        return;
    if (write(fd, text, (size_t)n) != n)
        abort();
    close(fd);
}

/* The error of this call; 0: it is made. -1: it is cut short. */
static int next_fault(enum call call) {
    long at = strtol(setting("STORE_FAULT_AT", "0"), NULL, 10);
    long n = strtol(setting("STORE_FAULT_FOR", "1"), NULL, 10);
    const char *kind = setting("STORE_FAULT_KIND", "eio");
    calls++;
    bool fails = at > 0 && calls >= at && calls - at < n;
    failed += fails;
    write_count();
    if (!fails)
        return 0;
    bool writes = call == CALL_WRITE || call == CALL_SYNC || call == CALL_OPEN;
    if (strcmp(kind, "short") == 0)
        return call == CALL_READ || call == CALL_WRITE ? -1 : EIO;
    if (strcmp(kind, "locked") == 0 && call == CALL_LOCK)
        return EAGAIN;
    if (strcmp(kind, "eio") != 0 && writes)
        return ENOSPC;
    return call == CALL_LOCK ? ENOLCK : EIO;
}

static bool is_ours(int fd) {
    return fd >= 0 && fd < DESCRIPTORS && ours[fd];
}

#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    if (!real)                                                                                     \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

static int note_open(const char *path, int fd) {
    if (fd >= 0 && fd < DESCRIPTORS)
        ours[fd] = strstr(path, setting("STORE_FAULT_FILE", "//")) != NULL;
    return fd;
}

static bool refuses_open(const char *path) {
    if (!strstr(path, setting("STORE_FAULT_FILE", "//")))
        return false;
    int fault = next_fault(CALL_OPEN);
    if (fault)
        errno = fault;
    return fault != 0;
}

static mode_t mode_of(int flags, va_list args) {
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(args, unsigned) : 0;
}

int open(const char *path, int flags, ...) {
    REAL(open);
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return refuses_open(path) ? -1 : note_open(path, real(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list args;
    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    return refuses_open(path) ? -1 : note_open(path, real(path, flags, mode));
}

int close(int fd) {
    REAL(close);
    if (fd >= 0 && fd < DESCRIPTORS)
        ours[fd] = false;
    return real(fd);
}

ssize_t pread64(int fd, void *out, size_t n, off64_t at) {
    REAL(pread64);
    int fault = is_ours(fd) ? next_fault(CALL_READ) : 0;
    if (fault == -1)
        return 0;
    if (fault)
        errno = fault;
    return fault ? -1 : real(fd, out, n, at);
}

ssize_t pwrite64(int fd, const void *in, size_t n, off64_t at) {
    REAL(pwrite64);
    int fault = is_ours(fd) ? next_fault(CALL_WRITE) : 0;
    if (fault == -1)
        return real(fd, in, n / 2, at);
    if (fault)
        errno = fault;
    return fault ? -1 : real(fd, in, n, at);
}

static bool fails(int fd, enum call call) {
    int fault = is_ours(fd) ? next_fault(call) : 0;
    if (fault)
        errno = fault;
    return fault != 0;
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return fails(fd, CALL_SYNC) ? -1 : real(fd);
}

int flock(int fd, int what) {
    REAL(flock);
    return what != LOCK_UN && fails(fd, CALL_LOCK) ? -1 : real(fd, what);
}

int fsync(int fd) {
    REAL(fsync);
    return fails(fd, CALL_SYNC) ? -1 : real(fd);
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    return fails(fd, CALL_SYNC) ? -1 : real(fd, size);
}

static int call_fcntl(__typeof__(fcntl) *real, int fd, int what, void *argument) {
    bool locks = what == F_SETLK || what == F_OFD_SETLK;
    bool unlocks = locks && ((const struct flock *)argument)->l_type == F_UNLCK;
    return locks && !unlocks && fails(fd, CALL_LOCK) ? -1 : real(fd, what, argument);
}

int fcntl(int fd, int what, ...) {
    REAL(fcntl);
    va_list args;
    va_start(args, what);
    void *argument = va_arg(args, void *);
    va_end(args);
    return call_fcntl(real, fd, what, argument);
}

int fcntl64(int fd, int what, ...) {
    REAL(fcntl64);
    va_list args;
    va_start(args, what);
    void *argument = va_arg(args, void *);
    va_end(args);
    return call_fcntl(real, fd, what, argument);
}
