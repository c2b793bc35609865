/* One visit to one origin. */
#include "scanner/visit/visit.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/net/politeness.h"
#include "scanner/net/resolver.h"
#include "scanner/probe/tls_probe.h"
#include "scanner/visit/scan_steps.h"
#include "scanner/visit/visit_addresses.h"

#include <event2/event.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Own trouble is tried again after this long. */
#define TROUBLE_MS 60000
/* Connections that a scan usually makes, to guess how long a queue takes. */
#define CONNECTIONS 11

struct visit {
    const struct visit_options *options;
    visit_cb *cb;
    void *arg;
    struct visit_request visit;
    struct scan_steps *scan;
    enum visit_phase phase;
    int64_t started_ms;
    uint64_t started_us;
    uint8_t address; /* the one in use */
    struct visit_addresses addresses;
    struct scan_steps_step step;
    struct politeness_place *place;
    /* at most one of these is under way */
    struct resolver_query *query;
    struct tls_probe *probe;
    struct event *timer;
    void (*after)(struct visit *task); /* when the timer is over */
};

static void release(struct visit *task) {
    resolver_cancel(task->query);
    tls_probe_cancel(task->probe);
    if (task->timer)
        event_free(task->timer);
    scan_steps_free(task->scan);
    politeness_leave(task->place);
    free(task);
}

static void enter_phase(struct visit *task, enum visit_phase phase) {
    if (task->phase == phase)
        return;
    task->phase = phase;
    if (task->options->phase)
        task->options->phase(phase, task->arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct visit *task = arg;
    (void)fd;
    (void)what;
    task->after(task);
}

static void go_on_after(struct visit *task, uint64_t wait_us, void (*after)(struct visit *task)) {
    struct timeval wait = {.tv_sec = (time_t)(wait_us / 1000000),
                           .tv_usec = (suseconds_t)(wait_us % 1000000)};
    if (!task->timer)
        task->timer = evtimer_new(task->options->base, on_timer, task);
    task->after = after;
    event_add(task->timer, &wait);
}

static void defer(struct visit *task, enum visit_reason reason, uint64_t after_us) {
    visit_deferred_cb *deferred = task->options->deferred;
    void *arg = task->arg;
    release(task);
    deferred(reason, (uint32_t)(after_us / 1000), arg);
}

static void start_clock(struct visit *task) {
    task->started_ms = clock_wall_ms();
    task->started_us = clock_mono_us();
}

static void begin(struct visit *task);

/* The same visit goes on with the next address as a scan of its own. */
static void next_address(struct visit *task) {
    scan_steps_free(task->scan);
    task->scan = scan_steps_new(task->visit.plan, task->options->hybrid);
    task->address++;
    start_clock(task);
    begin(task);
}

static void describe(const struct visit *task, struct scan *scan) {
    *scan = (struct scan){
        .origin = task->visit.origin,
        .plan = task->visit.plan,
        .hybrid = task->options->hybrid,
        .started_ms = task->started_ms,
        .duration_ms = (uint32_t)((clock_mono_us() - task->started_us) / 1000),
        .status = scan_steps_status(task->scan),
        .more = task->options->all_addresses && task->address + 1 < task->addresses.dialable,
    };
    if (task->addresses.count > 0)
        visit_addresses_format(&task->addresses.all[task->address], scan->address);
}

/* The results move into a scan that lives until the callback returns. */
static void finish(struct visit *task) {
    size_t count;
    char addresses[RESOLVER_ADDRESSES_MAX][ORIGIN_ADDRESS_SIZE];
    const struct probe_result *results = scan_steps_results(task->scan, &count);
    if (task->options->deferred && results[count - 1].outcome == OUTCOME_CANCELLED) {
        defer(task, VISIT_NO_MEANS, TROUBLE_MS * UINT64_C(1000));
        return;
    }
    struct scan scan;
    describe(task, &scan);
    if (!task->visit.origin.address[0] && !origin_host_is_address(&task->visit.origin))
        scan.addresses_n = task->addresses.count;
    for (size_t i = 0; i < scan.addresses_n; i++)
        visit_addresses_format(&task->addresses.all[i], addresses[i]);
    scan.addresses = (const char(*)[ORIGIN_ADDRESS_SIZE])addresses;
    scan.probes_n = (uint8_t)count;
    scan.probes = alloc_zero(count, sizeof *scan.probes);
    memcpy(scan.probes, results, count * sizeof *scan.probes);
    visit_cb *cb = task->cb;
    void *arg = task->arg;
    if (scan.more) {
        politeness_leave(task->place);
        task->place = NULL;
        go_on_after(task, 0, next_address);
    } else {
        release(task);
    }
    cb(&scan, arg);
    free(scan.probes);
}

static void go_on(struct visit *task);

/* Nothing at this address: the name's next one may be better. Not where each is scanned anyway. */
static bool may_change_address(const struct visit *task) {
    return !task->options->all_addresses && scan_steps_may_change_address(task->scan) &&
           task->address + 1 < task->addresses.dialable;
}

static void on_probe(const struct probe_result *result, void *arg) {
    struct visit *task = arg;
    task->probe = NULL;
    scan_steps_record(task->scan, result);
    if (!may_change_address(task)) {
        go_on(task);
        return;
    }
    scan_steps_restart(task->scan);
    task->address++;
    politeness_leave(task->place);
    task->place = NULL;
    begin(task);
}

static const struct sockaddr *address_of(const struct visit *task) {
    return (const struct sockaddr *)&task->addresses.all[task->address];
}

/* Dials as soon as the limits allow it. */
static void dial(struct visit *task) {
    uint64_t wait_us = task->place ? politeness_dial_us(task->place, clock_mono_us()) : 0;
    if (wait_us > 0)
        go_on_after(task, wait_us, dial);
    else
        task->probe = tls_probe_start(task->options->prober, &task->step.shape, address_of(task),
                                      task->visit.origin.sni, on_probe, task);
}

/* Waits a random while: a fixed one would redial in step with whatever beat the peer has. */
static void pause_then_dial(struct visit *task) {
    const struct visit_options *options = task->options;
    uint32_t ms = options->pause_min_ms +
                  arc4random_uniform(options->pause_max_ms - options->pause_min_ms + 1);
    go_on_after(task, ms * UINT64_C(1000), dial);
}

static void go_on(struct visit *task) {
    if (!scan_steps_next(task->scan, &task->step))
        finish(task);
    else if (task->step.redial)
        pause_then_dial(task);
    else
        dial(task);
}

/* Having waited, the visit begins now: its time is that of its probes. */
static void begin_late(struct visit *task) {
    enter_phase(task, VISIT_PROBING);
    start_clock(task);
    go_on(task);
}

/* Called while another task ends: the event loop takes it from here. */
static void on_turn(void *arg) {
    go_on_after(arg, 0, begin_late);
}

/* Begins with the address in use, or queues for it. */
static void begin(struct visit *task) {
    const struct visit_options *options = task->options;
    enum politeness_entry entry =
        options->politeness
            ? politeness_enter(options->politeness, address_of(task), on_turn, task, &task->place)
            : POLITENESS_GO;
    uint64_t wait_us;
    switch (entry) {
    case POLITENESS_GO:
        enter_phase(task, VISIT_PROBING);
        go_on(task);
        break;
    case POLITENESS_WAIT:
        enter_phase(task, VISIT_WAITING);
        break;
    case POLITENESS_FULL:
        wait_us = politeness_come_back_us(options->politeness, address_of(task), CONNECTIONS);
        if (options->all_addresses && task->address > 0) { /* the others are scanned already */
            enter_phase(task, VISIT_WAITING);
            go_on_after(task, wait_us, begin);
        } else {
            defer(task, VISIT_CROWDED, wait_us);
        }
        break;
    }
}

static void on_answer(const struct resolver_answer *answer, void *arg) {
    struct visit *task = arg;
    task->query = NULL;
    if (answer->count > 0) {
        visit_addresses_take(&task->addresses, answer, task->options->prober,
                             task->visit.origin.port);
        if (task->visit.rotate)
            visit_addresses_rotate(&task->addresses, task->visit.turn);
        begin(task);
    } else if (answer->silence && task->options->deferred) {
        defer(task, VISIT_NO_DNS, TROUBLE_MS * UINT64_C(1000));
    } else {
        scan_steps_give_up(task->scan, OUTCOME_DNS_FAILURE, STAGE_RESOLVE, answer->why);
        finish(task);
    }
}

struct visit *visit_start(const struct visit_options *options, const struct visit_request *visit,
                          visit_cb *cb, void *arg) {
    assert(options->deferred || !options->politeness);
    struct visit *task = alloc_zero(1, sizeof *task);
    task->options = options;
    task->cb = cb;
    task->arg = arg;
    task->visit = *visit;
    task->scan = scan_steps_new(visit->plan, options->hybrid);
    start_clock(task);
    const char *host = visit->origin.address[0] ? visit->origin.address : visit->origin.host;
    task->query =
        resolver_start(options->resolver, host, options->resolve_timeout_ms, on_answer, task);
    return task;
}

void visit_cancel(struct visit *task) {
    if (task)
        release(task);
}
