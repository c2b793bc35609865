/* One line on a terminal that says how far a run is. */
#include "cmd/scan/scan_progress.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <event2/event.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EVERY_US 500000

struct scan_progress {
    scan_progress_ask *ask;
    void *arg;
    struct event *timer;
    uint64_t begun_us;
};

/* "about 12 s", "about 3 min", "about 2 h". */
static void print_duration(double seconds) {
    if (seconds < 100)
        fprintf(stderr, "about %.0f s", seconds);
    else if (seconds < 100 * 60)
        fprintf(stderr, "about %.0f min", seconds / 60);
    else
        fprintf(stderr, "about %.0f h", seconds / 3600);
}

static void show_progress(evutil_socket_t fd, short what, void *arg) {
    struct scan_progress *progress = arg;
    struct scan_progress_numbers now = progress->ask(progress->arg);
    double seconds = (double)(clock_mono_us() - progress->begun_us) / 1e6;
    double rate = seconds > 0 ? (double)now.done / seconds : 0;
    (void)fd;
    (void)what;
    if (now.total < now.done)
        now.total = now.done;
    fprintf(stderr, "\r\033[K%" PRIu64 " of %" PRIu64 " origins, %.1f a second, %" PRIu64 " left",
            now.done, now.total, rate, now.total - now.done);
    if (rate > 0 && now.total > now.done) {
        fputs(", ", stderr);
        print_duration((double)(now.total - now.done) / rate);
    }
    fprintf(stderr, "; %" PRIu64 " not measured; %zu in flight%s", now.not_measured, now.in_flight,
            now.store_late ? "; the database is unavailable" : "");
    fflush(stderr);
}

struct scan_progress *scan_progress_new(struct event_base *base, scan_progress_ask *ask,
                                        void *arg) {
    struct timeval every = {0, EVERY_US};
    if (!isatty(STDERR_FILENO))
        return NULL;
    struct scan_progress *progress = alloc_zero(1, sizeof *progress);
    progress->ask = ask;
    progress->arg = arg;
    progress->begun_us = clock_mono_us();
    progress->timer = event_new(base, -1, EV_PERSIST, show_progress, progress);
    event_add(progress->timer, &every);
    return progress;
}

void scan_progress_free(struct scan_progress *progress) {
    if (!progress)
        return;
    event_free(progress->timer);
    fputs("\r\033[K", stderr);
    fflush(stderr);
    free(progress);
}
