/* Time for tests of whole event loops: clocks stand still while the program works, and a wait that
 * nothing ends takes none. So hours of a loop pass in a second, and always alike.
 *
 * Defines clock_gettime and epoll_wait for the program, libevent included: include it in the one
 * file of a test. Peers have to live in the same event loop or in the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct {
    int64_t run_us;   /* since the start, but for sleep: CLOCK_MONOTONIC */
    int64_t sleep_us; /* with run_us: CLOCK_BOOTTIME and, with wall_us, CLOCK_REALTIME */
    int64_t wall_us;  /* at the start it is 2026-11-23T15:00:00.123Z */
} virtual_time = {.run_us = 1000000000, .wall_us = INT64_C(1795445000123000)};

/* No processor time is ever used. */
int clock_gettime(clockid_t clock, struct timespec *out) {
    bool works = clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
    int64_t us = works ? 0 : virtual_time.run_us;
    if (clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME)
        us += virtual_time.sleep_us;
    if (clock == CLOCK_REALTIME)
        us += virtual_time.wall_us;
    out->tv_sec = us / 1000000;
    out->tv_nsec = us % 1000000 * 1000;
    return 0;
}

int epoll_wait(int fd, struct epoll_event *events, int room, int timeout_ms) {
    int n = (int)syscall(SYS_epoll_pwait, fd, events, room, 0, NULL, 0);
    if (n == 0 && timeout_ms > 0)
        virtual_time.run_us += timeout_ms * INT64_C(1000);
    return n;
}

/* As if the machine had been suspended. */
static inline void virtual_time_sleep(int64_t ms) {
    virtual_time.sleep_us += ms * 1000;
}

/* As if somebody had set the wall clock. */
static inline void virtual_time_set_wall(int64_t later_ms) {
    virtual_time.wall_us += later_ms * 1000;
}
