/* How late an event loop comes to its work. */
#include "scanner/probe/loop_lag.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <event2/event.h>

#include <assert.h>
#include <stdlib.h>

/* How often the loop has to show that it runs. */
enum { TICK_MS = 50 };

struct loop_lag {
    struct event *tick;
    unsigned watchers;
    uint64_t due_us;  /* when the next tick should come */
    uint64_t lost_us; /* by ticks of before */
};

static void expect_tick(struct loop_lag *lag) {
    const struct timeval wait = {.tv_usec = TICK_MS * 1000};
    lag->due_us = clock_mono_us() + TICK_MS * UINT64_C(1000);
    event_add(lag->tick, &wait);
}

/* By how much the tick that is expected is late. */
static uint64_t late_us(const struct loop_lag *lag) {
    uint64_t now_us = clock_mono_us();
    if (lag->watchers == 0 || now_us < lag->due_us + LOOP_LAG_FORGIVEN_MS * UINT64_C(1000))
        return 0;
    return now_us - lag->due_us;
}

static void on_tick(evutil_socket_t fd, short what, void *arg) {
    struct loop_lag *lag = arg;
    (void)fd;
    (void)what;
    lag->lost_us += late_us(lag);
    expect_tick(lag);
}

struct loop_lag *loop_lag_new(struct event_base *base) {
    struct loop_lag *lag = alloc_zero(1, sizeof *lag);
    lag->tick = evtimer_new(base, on_tick, lag);
    return lag;
}

void loop_lag_free(struct loop_lag *lag) {
    if (!lag)
        return;
    event_free(lag->tick);
    free(lag);
}

void loop_lag_watch(struct loop_lag *lag) {
    if (lag->watchers++ == 0)
        expect_tick(lag);
}

void loop_lag_unwatch(struct loop_lag *lag) {
    assert(lag->watchers > 0);
    lag->lost_us += lag->watchers == 1 ? late_us(lag) : 0;
    if (--lag->watchers == 0)
        event_del(lag->tick);
}

uint64_t loop_lag_us(const struct loop_lag *lag) {
    return lag->lost_us + late_us(lag);
}
