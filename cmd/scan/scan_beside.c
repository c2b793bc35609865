/* Scanning by another process. */
#include "cmd/scan/scan_beside.h"

#include "cmd/scan/scan_progress.h"
#include "cmd/service/stop_signals.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "store/store_wanted.h"

#include <event2/event.h>

#include <stdlib.h>

enum { LOOK_EVERY_US = 250000, SETTLE_WAIT_MS = 20000 };

struct waiting {
    const struct scan_beside_options *options;
    struct scan_names *names;
    struct err *err;
    struct event_base *base;
    int64_t since_ms; /* what was scanned since then is done */
    bool *begun; /* by place: its visit began before, so that it is wanted again when that ends */
    struct store_wanted *seen;
    size_t seen_n;
    size_t done;
    size_t leased;
    size_t not_measured;
    size_t touched;
    uint64_t done_us; /* monotonic: when all were done */
    bool ended;
    enum scan_beside_end end;
};

static void end_waiting(struct waiting *w, enum scan_beside_end end) {
    w->ended = true;
    w->end = end;
    event_base_loopbreak(w->base);
}

static bool is_done(const struct waiting *w, const struct store_wanted *one) {
    return one->scanned_ms >= w->since_ms && !one->leased_ms;
}

static bool take_wanted(void *arg, const struct store_wanted *one) {
    struct waiting *w = arg;
    bool done = is_done(w, one);
    w->seen[w->seen_n++] = *one;
    w->done += done;
    w->leased += one->leased_ms != 0;
    w->not_measured += done && one->status != STATUS_COMPLETE;
    w->touched += one->touched;
    return true;
}

static enum store_result look_again(struct waiting *w) {
    w->seen_n = w->done = w->leased = w->not_measured = w->touched = 0;
    return store_wanted_look(w->options->store, w->names->ids, w->names->n, take_wanted, w, w->err);
}

/* A visit that had begun before shows how things were before. */
static enum store_result want_again(struct waiting *w) {
    size_t n = 0;
    int64_t *ids = alloc_zero(w->seen_n + 1, sizeof *ids);
    for (size_t i = 0; i < w->seen_n; i++) {
        const struct store_wanted *one = &w->seen[i];
        if (one->leased_ms) {
            w->begun[i] = w->begun[i] || one->leased_ms < w->since_ms;
        } else if (w->begun[i] && !is_done(w, one)) {
            w->begun[i] = false;
            ids[n++] = one->id;
        }
    }
    enum store_result result =
        n > 0 ? store_want(w->options->store, ids, n, clock_wall_ms(), w->err) : STORE_OK;
    free(ids);
    return result;
}

static void look_for_end(struct waiting *w) {
    if (w->done < w->seen_n) {
        if (store_writer(w->options->path) == 0)
            end_waiting(w, SCAN_BESIDE_GONE);
        return;
    }
    uint64_t now_us = clock_mono_us();
    if (!w->done_us)
        w->done_us = now_us;
    if (w->touched == 0)
        end_waiting(w, SCAN_BESIDE_DONE);
    else if (now_us - w->done_us > SETTLE_WAIT_MS * UINT64_C(1000))
        end_waiting(w, SCAN_BESIDE_UNSETTLED);
}

static void on_look(evutil_socket_t fd, short what, void *arg) {
    struct waiting *w = arg;
    (void)fd;
    (void)what;
    if (w->ended)
        return;
    enum store_result result = look_again(w);
    if (result == STORE_OK)
        result = want_again(w);
    if (result == STORE_BROKEN)
        end_waiting(w, SCAN_BESIDE_FAILED);
    else if (result == STORE_OK)
        look_for_end(w);
}

static void on_stop(void *arg) {
    end_waiting(arg, SCAN_BESIDE_STOPPED);
}

static struct scan_progress_numbers tell_progress(void *arg) {
    const struct waiting *w = arg;
    return (struct scan_progress_numbers){.total = w->seen_n,
                                          .done = w->done,
                                          .not_measured = w->not_measured,
                                          .in_flight = w->leased};
}

static void note_done(struct waiting *w, struct scan_summary *summary) {
    size_t left = 0;
    for (size_t i = 0; i < w->seen_n; i++) {
        const struct store_wanted *one = &w->seen[i];
        if (is_done(w, one))
            scan_summary_count(summary, one->status, one->verdict);
        else
            w->names->ids[left++] = one->id;
    }
    if (w->end == SCAN_BESIDE_GONE)
        w->names->n = left;
}

static void wait_for_all(struct waiting *w) {
    struct timeval every = {0, LOOK_EVERY_US};
    struct stop_signals *signals = stop_signals_new(w->base, on_stop, w);
    struct event *timer = event_new(w->base, -1, EV_PERSIST, on_look, w);
    event_add(timer, &every);
    on_look(-1, 0, w);
    struct scan_progress *progress =
        w->options->quiet ? NULL : scan_progress_new(w->base, tell_progress, w);
    if (!w->ended)
        event_base_dispatch(w->base);
    scan_progress_free(progress);
    event_free(timer);
    stop_signals_free(signals);
}

enum scan_beside_end scan_beside_run(const struct scan_beside_options *options,
                                     struct scan_names *names, struct scan_summary *summary,
                                     struct err *err) {
    struct waiting w = {.options = options,
                        .names = names,
                        .err = err,
                        .base = event_base_new(),
                        .since_ms = clock_wall_ms(),
                        .begun = alloc_zero(names->n + 1, sizeof *w.begun),
                        .seen = alloc_zero(names->n + 1, sizeof *w.seen),
                        .end = SCAN_BESIDE_FAILED};
    if (store_want(options->store, names->ids, names->n, w.since_ms, err) == STORE_OK) {
        wait_for_all(&w);
        note_done(&w, summary);
    }
    event_base_free(w.base);
    free(w.begun);
    free(w.seen);
    return w.end;
}
