/* One writing process for a database. */
#include "store/db/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static long read_process_id(int fd) {
    char text[24] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    return n > 0 ? strtol(text, NULL, 10) : 0;
}

static void write_process_id(int fd) {
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* Only for the message above: a lock without a name locks as well. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        return;
}

int lock_take(const char *path, struct err *err) {
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s.lock", path) >= (int)sizeof name) {
        err_set(err, "%s: the name is too long", path);
        return -1;
    }
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        err_set(err, "%s: %s", name, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err_set(err, "%s: in use by another originscan (process %ld)", path, read_process_id(fd));
        close(fd);
        return -1;
    }
    write_process_id(fd);
    return fd;
}

void lock_release(int fd) {
    if (fd >= 0)
        close(fd);
}

/* One that is free is held for the blink of an eye, as every lock that is asked for this way. */
long lock_holder(const char *path) {
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s.lock", path) >= (int)sizeof name)
        return 0;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    long holder = held ? read_process_id(fd) : 0;
    close(fd);
    return holder;
}
