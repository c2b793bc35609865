/* One visit to one origin. */
#include "scanner/scan_task.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/origin_scan.h"
#include "scanner/resolver.h"
#include "scanner/tls_probe.h"

#include <arpa/inet.h>
#include <event2/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan_task {
    const struct scan_task_options *options;
    scan_task_cb *cb;
    void *arg;
    struct origin origin;
    struct origin_scan *scan;
    int64_t started_ms;
    uint64_t started_us;
    uint8_t addresses_n;
    uint8_t address; /* the one in use */
    struct sockaddr_storage addresses[RESOLVER_ADDRESSES_MAX];
    struct origin_scan_step step;
    /* at most one of these is under way */
    struct resolver_query *query;
    struct tls_probe *probe;
    struct event *pause;
};

static void release(struct scan_task *task) {
    resolver_cancel(task->query);
    tls_probe_cancel(task->probe);
    if (task->pause)
        event_free(task->pause);
    origin_scan_free(task->scan);
    free(task);
}

static void format_address(const struct sockaddr_storage *address, char out[ORIGIN_ADDRESS_SIZE]) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    const void *bytes =
        address->ss_family == AF_INET ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr;
    if (!inet_ntop(address->ss_family, bytes, out, ORIGIN_ADDRESS_SIZE))
        out[0] = '\0';
}

/* The results move into a scan that lives until the callback returns. */
static void finish(struct scan_task *task) {
    size_t count;
    const struct probe_result *results = origin_scan_results(task->scan, &count);
    struct probe_result *copy = alloc_zero(count, sizeof *copy);
    memcpy(copy, results, count * sizeof *copy);
    struct scan scan = {
        .origin = task->origin,
        .plan = task->options->plan,
        .hybrid = task->options->hybrid,
        .started_ms = task->started_ms,
        .duration_ms = (uint32_t)((clock_mono_us() - task->started_us) / 1000),
        .status = origin_scan_status(task->scan),
        .probes_n = (uint8_t)count,
        .probes = copy,
    };
    if (task->addresses_n > 0)
        format_address(&task->addresses[task->address], scan.address);
    scan_task_cb *cb = task->cb;
    void *arg = task->arg;
    release(task);
    cb(&scan, arg);
    free(copy);
}

static void go_on(struct scan_task *task);

static void on_probe(const struct probe_result *result, void *arg) {
    struct scan_task *task = arg;
    task->probe = NULL;
    origin_scan_record(task->scan, result);
    /* Nothing at this address: the name's next one may be better. */
    if (origin_scan_may_change_address(task->scan) && task->address + 1 < task->addresses_n) {
        origin_scan_restart(task->scan);
        task->address++;
    }
    go_on(task);
}

static void dial(struct scan_task *task) {
    const struct sockaddr *address = (const struct sockaddr *)&task->addresses[task->address];
    task->probe = tls_probe_start(task->options->prober, &task->step.shape, address,
                                  task->origin.sni, on_probe, task);
}

static void on_pause(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    dial(arg);
}

/* Waits a random while: a fixed one would redial in step with whatever beat the peer has. */
static void pause_then_dial(struct scan_task *task) {
    const struct scan_task_options *options = task->options;
    uint32_t ms = options->pause_min_ms +
                  arc4random_uniform(options->pause_max_ms - options->pause_min_ms + 1);
    struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    if (!task->pause)
        task->pause = evtimer_new(options->base, on_pause, task);
    event_add(task->pause, &wait);
}

static void go_on(struct scan_task *task) {
    if (!origin_scan_next(task->scan, &task->step))
        finish(task);
    else if (task->step.redial)
        pause_then_dial(task);
    else
        dial(task);
}

static void set_port(struct sockaddr_storage *address, uint16_t port) {
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)address)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

/* Permitted addresses come first. Where there is none, one is kept and its dialling says why. */
static void keep_addresses(struct scan_task *task, const struct resolver_answer *answer) {
    for (size_t i = 0; i < answer->count; i++) {
        struct sockaddr_storage address = answer->addresses[i];
        if (!tls_prober_permits(task->options->prober, (const struct sockaddr *)&address))
            continue;
        set_port(&address, task->origin.port);
        task->addresses[task->addresses_n++] = address;
    }
    if (task->addresses_n == 0) {
        task->addresses[task->addresses_n++] = answer->addresses[0];
        set_port(&task->addresses[0], task->origin.port);
    }
}

static void on_answer(const struct resolver_answer *answer, void *arg) {
    struct scan_task *task = arg;
    task->query = NULL;
    if (answer->count == 0) {
        origin_scan_give_up(task->scan, OUTCOME_DNS_FAILURE, STAGE_RESOLVE, answer->why);
        finish(task);
        return;
    }
    keep_addresses(task, answer);
    go_on(task);
}

struct scan_task *scan_task_start(const struct scan_task_options *options,
                                  const struct origin *origin, scan_task_cb *cb, void *arg) {
    struct scan_task *task = alloc_zero(1, sizeof *task);
    task->options = options;
    task->cb = cb;
    task->arg = arg;
    task->origin = *origin;
    task->scan = origin_scan_new(options->plan, options->hybrid);
    task->started_ms = clock_wall_ms();
    task->started_us = clock_mono_us();
    const char *host = origin->address[0] ? origin->address : origin->host;
    task->query =
        resolver_start(options->resolver, host, options->resolve_timeout_ms, on_answer, task);
    return task;
}

void scan_task_cancel(struct scan_task *task) {
    if (task)
        release(task);
}
