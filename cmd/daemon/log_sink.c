/* Where lines go that must not hold up whoever writes them. */
#include "cmd/daemon/log_sink.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum way {
    WAY_FILE,   /* a write takes as long as the disk does */
    WAY_SOCKET, /* one message can be told not to wait */
    WAY_OPENED, /* a pipe or terminal that was opened once more, for ourselves and without waiting */
    WAY_POLLED  /* one that may not be opened again: no more than there certainly is room for */
};

struct log_sink {
    int fd;
    enum way way;
    /* WAY_POLLED: what a write takes without waiting if poll(2) says that it takes any */
    size_t piece;
    size_t n;
    char *waiting; /* NULL until needed */
};

/* O_NONBLOCK belongs to the open file, which a shell or another program may share: so it is set on one
 * of our own. */
static int open_again(int fd) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_APPEND | O_NOCTTY | O_CLOEXEC);
}

struct log_sink *log_sink_new(int fd) {
    struct log_sink *sink = alloc_zero(1, sizeof *sink);
    struct stat about;
    sink->fd = fd;
    if (fstat(fd, &about) != 0 || S_ISREG(about.st_mode))
        return sink;
    if (S_ISSOCK(about.st_mode)) {
        sink->way = WAY_SOCKET;
        return sink;
    }
    int own = open_again(fd);
    sink->way = own < 0 ? WAY_POLLED : WAY_OPENED;
    sink->piece = S_ISFIFO(about.st_mode) ? PIPE_BUF : 1;
    if (own >= 0)
        sink->fd = own;
    return sink;
}

void log_sink_free(struct log_sink *sink) {
    if (!sink)
        return;
    if (sink->way == WAY_OPENED)
        close(sink->fd);
    free(sink->waiting);
    free(sink);
}

static bool wait_for_room(const struct log_sink *sink, int ms) {
    struct pollfd about = {.fd = sink->fd, .events = POLLOUT};
    return poll(&about, 1, ms) == 1 && (about.revents & POLLOUT);
}

/* As write(2). */
static ssize_t write_once(const struct log_sink *sink, const char *text, size_t n) {
    switch (sink->way) {
    case WAY_SOCKET:
        return send(sink->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    case WAY_POLLED:
        if (!wait_for_room(sink, 0))
            return 0;
        return write(sink->fd, text, n < sink->piece ? n : sink->piece);
    case WAY_FILE:
    case WAY_OPENED:
        break;
    }
    return write(sink->fd, text, n);
}

/* How much of it was taken. */
static size_t write_some(const struct log_sink *sink, const char *text, size_t n) {
    size_t done = 0;
    while (done < n) {
        ssize_t taken = write_once(sink, text + done, n - done);
        if (taken < 0 && errno == EINTR)
            continue;
        if (taken <= 0)
            break;
        done += (size_t)taken;
    }
    return done;
}

static bool keep_waiting(struct log_sink *sink, const char *text, size_t n) {
    if (n > LOG_SINK_WAITING_MAX - sink->n)
        return false;
    if (!sink->waiting)
        sink->waiting = alloc_zero(LOG_SINK_WAITING_MAX, 1);
    memcpy(sink->waiting + sink->n, text, n);
    sink->n += n;
    return true;
}

void log_sink_flush(struct log_sink *sink) {
    if (sink->n == 0)
        return;
    size_t done = write_some(sink, sink->waiting, sink->n);
    if (done == 0)
        return;
    sink->n -= done;
    memmove(sink->waiting, sink->waiting + done, sink->n);
}

bool log_sink_put(struct log_sink *sink, const char *text, size_t n) {
    log_sink_flush(sink);
    if (sink->n > 0 || n > LOG_SINK_WAITING_MAX)
        return keep_waiting(sink, text, n);
    size_t done = write_some(sink, text, n);
    return done == n || keep_waiting(sink, text + done, n - done);
}

void log_sink_finish(struct log_sink *sink, int ms) {
    uint64_t end_us = clock_mono_us() + (uint64_t)ms * 1000;
    log_sink_flush(sink);
    for (uint64_t now_us = clock_mono_us(); sink->n > 0 && now_us < end_us;
         now_us = clock_mono_us()) {
        if (!wait_for_room(sink, (int)((end_us - now_us) / 1000) + 1))
            break;
        size_t before = sink->n;
        log_sink_flush(sink);
        if (sink->n == before)
            break; /* its reader is gone */
    }
}
