/* A daemon that a test writes the answers of, on a Unix socket, and a clock that runs ahead as the test wishes.
 *
 * Defines clock_gettime and nanosleep for the program: include it in the one file of a test. */
#pragma once

#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static volatile int64_t ahead_us;

int clock_gettime(clockid_t clock, struct timespec *out) {
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    int64_t ns = out->tv_nsec + ahead_us % 1000000 * 1000;
    out->tv_sec += ahead_us / 1000000 + ns / 1000000000;
    out->tv_nsec = ns % 1000000000;
    return result;
}

/* Sleep takes no time. */
int nanosleep(const struct timespec *wanted, struct timespec *left) {
    (void)left;
    ahead_us += wanted->tv_sec * INT64_C(1000000) + wanted->tv_nsec / 1000;
    return 0;
}

/* Each connection is taken, its request read, and the next text sent. */
struct fake_daemon {
    const char *const *texts;
    size_t n;
    size_t piece;      /* bytes that are sent at once */
    int64_t piece_us;  /* how long one takes, by the clock above */
    char path[64];     /* of the socket, set when it starts */
    char request[256]; /* the last one */
    int listener;
    pthread_t thread;
};

static void read_request(struct fake_daemon *daemon, int fd) {
    size_t n = 0;
    memset(daemon->request, 0, sizeof daemon->request);
    while (!strstr(daemon->request, "\r\n\r\n")) {
        ssize_t got = recv(fd, daemon->request + n, sizeof daemon->request - 1 - n, 0);
        if (got <= 0)
            return;
        n += (size_t)got;
    }
}

static void wait_until_taken(int fd) {
    int unread = 1;
    while (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0)
        sched_yield();
}

static void send_pieces(const struct fake_daemon *daemon, int fd, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        size_t n = left < daemon->piece ? left : daemon->piece;
        ahead_us += daemon->piece_us;
        if (send(fd, text, n, MSG_NOSIGNAL) < 0)
            return;
        text += n;
        left -= n;
        if (daemon->piece_us > 0)
            wait_until_taken(fd);
    }
}

/* Ends with the texts, or when the socket is shut down. */
static void *answer_all(void *arg) {
    struct fake_daemon *daemon = arg;
    for (size_t i = 0; i < daemon->n; i++) {
        int fd = accept(daemon->listener, NULL, NULL);
        if (fd < 0)
            break;
        read_request(daemon, fd);
        send_pieces(daemon, fd, daemon->texts[i]);
        close(fd);
    }
    return NULL;
}

static void fake_daemon_start(struct fake_daemon *daemon) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(daemon->path, sizeof daemon->path, "/tmp/originscan-fake-%d", (int)getpid());
    unlink(daemon->path);
    memcpy(address.sun_path, daemon->path, strlen(daemon->path));
    daemon->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(daemon->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(daemon->listener, 1), 0);
    assert_int_equal(pthread_create(&daemon->thread, NULL, answer_all, daemon), 0);
}

static void fake_daemon_end(struct fake_daemon *daemon) {
    shutdown(daemon->listener, SHUT_RDWR);
    pthread_join(daemon->thread, NULL);
    close(daemon->listener);
    unlink(daemon->path);
}
