/* One visit to one origin. */
#include "scanner/visit/visit.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/net/politeness.h"
#include "scanner/net/resolver.h"
#include "scanner/probe/loop_lag.h"
#include "scanner/probe/tls_probe.h"
#include "scanner/probe/tls_prober.h"
#include "scanner/visit/scan_steps.h"
#include "scanner/visit/visit_addresses.h"

#include <event2/event.h>
#include <openssl/ssl.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Own trouble is tried again after this long. */
#define TROUBLE_MS 60000
/* What ended while we ran late by as much as this, and for a quarter of its time, is tried again so many times. */
#define LATE_US UINT64_C(500000)
#define LATE_PART 4
#define LATE_TRIES 3
/* Connections that a scan usually makes, to guess how long a queue takes. */
#define CONNECTIONS 11

struct visit {
    const struct visit_options *options;
    visit_cb *cb;
    void *arg;
    struct visit_request request;
    struct scan_steps *steps;
    enum visit_phase phase;
    int64_t started_ms;
    uint64_t started_us;
    uint8_t address; /* the one in use */
    struct visit_addresses addresses;
    struct scan_steps_step step;
    struct politeness_place *place;
    uint64_t waits_since_us; /* for a limit; 0: it does not */
    uint64_t begun_us,
        lag_us;          /* when what is under way began, and how late the event loop was by then */
    unsigned late_tries; /* of it, before */
    /* at most one of these is under way */
    struct resolver_query *query;
    struct tls_probe *probe;
    SSL_SESSION *session; /* of `supported`, for `resumed` */
    struct event *timer;
    void (*after)(struct visit *visit); /* when the timer is over */
};

static void release_visit(struct visit *visit) {
    if (visit->query)
        loop_lag_unwatch(visit->options->prober->lag);
    resolver_cancel(visit->query);
    tls_probe_cancel(visit->probe);
    if (visit->timer)
        event_free(visit->timer);
    scan_steps_free(visit->steps);
    SSL_SESSION_free(visit->session);
    politeness_leave(visit->place);
    free(visit);
}

static void enter_phase(struct visit *visit, enum visit_phase phase) {
    if (visit->phase == phase)
        return;
    visit->phase = phase;
    if (visit->options->phase)
        visit->options->phase(phase, visit->arg);
}

static void begin_wait(struct visit *visit) {
    if (visit->waits_since_us == 0)
        visit->waits_since_us = clock_mono_us();
}

static void end_wait(struct visit *visit) {
    if (visit->waits_since_us > 0 && visit->options->waited)
        visit->options->waited(clock_mono_us() - visit->waits_since_us);
    visit->waits_since_us = 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    struct visit *visit = arg;
    (void)fd;
    (void)what;
    visit->after(visit);
}

static void go_on_after(struct visit *visit, uint64_t wait_us, void (*after)(struct visit *visit)) {
    struct timeval wait = {.tv_sec = (time_t)(wait_us / 1000000),
                           .tv_usec = (suseconds_t)(wait_us % 1000000)};
    if (!visit->timer)
        visit->timer = evtimer_new(visit->options->base, on_timer, visit);
    visit->after = after;
    event_add(visit->timer, &wait);
}

static void defer_visit(struct visit *visit, enum visit_reason reason, uint64_t after_us) {
    visit_deferred_cb *deferred = visit->options->deferred;
    assert(deferred); /* or the politeness had no room for all that wait */
    void *arg = visit->arg;
    release_visit(visit);
    deferred(reason, (uint32_t)(after_us / 1000), arg);
}

static void start_clock(struct visit *visit) {
    visit->started_ms = clock_wall_ms();
    visit->started_us = clock_mono_us();
}

/* ---- our own slowness ---- */

static void begin_measuring(struct visit *visit) {
    visit->begun_us = clock_mono_us();
    visit->lag_us = loop_lag_us(visit->options->prober->lag);
}

/* We were so late that what just ended says more about us than about the peer, who may have lost patience. */
static bool ran_late(const struct visit *visit) {
    uint64_t lost_us = loop_lag_us(visit->options->prober->lag) - visit->lag_us;
    return lost_us >= LATE_US && lost_us * LATE_PART >= clock_mono_us() - visit->begun_us;
}

/* The peer went away, perhaps because we kept it waiting. A time-out is none of that: the probe has waited for as long
 * as it should. */
static bool is_in_doubt(const struct probe_result *result) {
    return outcome_is_abrupt(result->outcome) && result->outcome != OUTCOME_TIMEOUT && result->late;
}

static void begin_address(struct visit *visit);

static struct scan_steps *new_steps(const struct visit *visit) {
    const struct visit_options *options = visit->options;
    return scan_steps_new(&(struct scan_steps_options){.plan = visit->request.plan,
                                                       .hybrid = options->hybrid,
                                                       .resume = visit->request.resume,
                                                       .proof_share = visit->request.proof_share,
                                                       .proof_dual = visit->request.proof_dual,
                                                       .hello_max = options->prober->hello_max});
}

/* The same visit goes on with the next address as a scan of its own. */
static void next_address(struct visit *visit) {
    scan_steps_free(visit->steps);
    visit->steps = new_steps(visit);
    SSL_SESSION_free(visit->session);
    visit->session = NULL;
    visit->address++;
    start_clock(visit);
    begin_address(visit);
}

static void describe_scan(const struct visit *visit, struct scan *scan) {
    *scan = (struct scan){
        .origin = visit->request.origin,
        .plan = visit->request.plan,
        .hybrid = visit->options->hybrid,
        .started_ms = visit->started_ms,
        .duration_ms = (uint32_t)((clock_mono_us() - visit->started_us) / 1000),
        .status = scan_steps_status(visit->steps),
        .more = visit->options->all_addresses && visit->address + 1 < visit->addresses.dialable,
    };
    if (visit->addresses.count > 0)
        visit_addresses_format(&visit->addresses.all[visit->address], scan->address);
}

/* The results move into a scan that lives until the callback returns. */
static void finish_scan(struct visit *visit) {
    size_t count;
    char addresses[RESOLVER_ADDRESSES_MAX][ORIGIN_ADDRESS_SIZE];
    const struct probe_result *results = scan_steps_results(visit->steps, &count);
    if (visit->options->deferred && results[count - 1].outcome == OUTCOME_CANCELLED) {
        defer_visit(visit,
                    probe_result_starved(&results[count - 1]) ? VISIT_NO_TIME : VISIT_NO_MEANS,
                    TROUBLE_MS * UINT64_C(1000));
        return;
    }
    struct scan scan;
    describe_scan(visit, &scan);
    if (!visit->request.origin.address[0] && !origin_host_is_address(&visit->request.origin))
        scan.addresses_n = visit->addresses.count;
    for (size_t i = 0; i < scan.addresses_n; i++)
        visit_addresses_format(&visit->addresses.all[i], addresses[i]);
    scan.addresses = (const char(*)[ORIGIN_ADDRESS_SIZE])addresses;
    scan.probes_n = (uint8_t)count;
    scan.probes = alloc_zero(count, sizeof *scan.probes);
    memcpy(scan.probes, results, count * sizeof *scan.probes);
    visit_cb *cb = visit->cb;
    void *arg = visit->arg;
    if (scan.more) {
        politeness_leave(visit->place);
        visit->place = NULL;
        go_on_after(visit, 0, next_address);
    } else {
        release_visit(visit);
    }
    cb(&scan, arg);
    free(scan.probes);
}

static void go_on(struct visit *visit);

/* Nothing at this address: the name's next one may be better. Not where each is scanned anyway. */
static bool may_change_address(const struct visit *visit) {
    return !visit->options->all_addresses && scan_steps_may_change_address(visit->steps) &&
           visit->address + 1 < visit->addresses.dialable;
}

static void pause_then_dial(struct visit *visit);

/* False where the probe is made again instead. Whatever else ended late is a fact, but no trial: that only the resets
 * of such a time are asked for again must not leave the successes alone to be counted. */
static bool record_result(struct visit *visit, const struct probe_result *result) {
    struct probe_result noted = *result;
    noted.late = ran_late(visit);
    bool in_doubt = is_in_doubt(&noted);
    if (in_doubt && visit->late_tries++ < LATE_TRIES) {
        pause_then_dial(visit);
        return false;
    }
    if (in_doubt) {
        noted.outcome = noted.first_outcome = OUTCOME_CANCELLED;
        snprintf(noted.detail, sizeof noted.detail, "%s", PROBE_RESULT_STARVED);
    } else {
        visit->late_tries = 0;
    }
    scan_steps_record(visit->steps, &noted);
    return true;
}

static void on_probe(const struct probe_result *result, void *arg) {
    struct visit *visit = arg;
    visit->probe = NULL;
    if (!record_result(visit, result))
        return;
    if (!may_change_address(visit)) {
        go_on(visit);
        return;
    }
    scan_steps_restart(visit->steps);
    visit->address++;
    politeness_leave(visit->place);
    visit->place = NULL;
    begin_address(visit);
}

static const struct sockaddr *address_of(const struct visit *visit) {
    return (const struct sockaddr *)&visit->addresses.all[visit->address];
}

/* Dials as soon as the limits allow it. */
static void dial_when_allowed(struct visit *visit) {
    uint64_t wait_us = visit->place ? politeness_dial_us(visit->place, clock_mono_us()) : 0;
    if (wait_us > 0) {
        begin_wait(visit);
        go_on_after(visit, wait_us, dial_when_allowed);
        return;
    }
    end_wait(visit);
    begin_measuring(visit);
    visit->probe = tls_probe_start(visit->options->prober, &visit->step.shape, address_of(visit),
                                   visit->request.origin.sni, &visit->session, on_probe, visit);
}

/* Waits a random while: a fixed one would redial in step with whatever beat the peer has. */
static void pause_then_dial(struct visit *visit) {
    const struct visit_options *options = visit->options;
    uint32_t ms = options->pause_min_ms +
                  arc4random_uniform(options->pause_max_ms - options->pause_min_ms + 1);
    go_on_after(visit, ms * UINT64_C(1000), dial_when_allowed);
}

static void go_on(struct visit *visit) {
    if (!scan_steps_next(visit->steps, &visit->step))
        finish_scan(visit);
    else if (visit->step.redial)
        pause_then_dial(visit);
    else
        dial_when_allowed(visit);
}

/* Having waited, the visit begins now: its time is that of its probes. */
static void begin_late(struct visit *visit) {
    end_wait(visit);
    enter_phase(visit, VISIT_PROBING);
    start_clock(visit);
    go_on(visit);
}

/* Called while another visit ends: the event loop takes it from here. */
static void on_turn(void *arg) {
    go_on_after(arg, 0, begin_late);
}

/* Begins with the address in use, or queues for it. */
static void begin_address(struct visit *visit) {
    const struct visit_options *options = visit->options;
    enum politeness_entry entry = options->politeness
                                      ? politeness_enter(options->politeness, address_of(visit),
                                                         on_turn, visit, &visit->place)
                                      : POLITENESS_GO;
    uint64_t wait_us;
    switch (entry) {
    case POLITENESS_GO:
        end_wait(visit);
        enter_phase(visit, VISIT_PROBING);
        go_on(visit);
        break;
    case POLITENESS_WAIT:
        begin_wait(visit);
        enter_phase(visit, VISIT_WAITING);
        break;
    case POLITENESS_FULL:
        wait_us = politeness_come_back_us(options->politeness, address_of(visit), CONNECTIONS);
        if (options->all_addresses && visit->address > 0) { /* the others are scanned already */
            begin_wait(visit);
            enter_phase(visit, VISIT_WAITING);
            go_on_after(visit, wait_us, begin_address);
        } else {
            defer_visit(visit, VISIT_CROWDED, wait_us);
        }
        break;
    }
}

static void ask_name(struct visit *visit);

/* No address: asked again while we run late, for it may have been us who did not listen. */
static void take_no_address(struct visit *visit, const struct resolver_answer *answer) {
    const struct visit_options *options = visit->options;
    bool late = ran_late(visit);
    if (late && visit->late_tries++ < LATE_TRIES) {
        ask_name(visit);
    } else if (answer->silence && options->deferred) {
        defer_visit(visit, VISIT_NO_DNS, TROUBLE_MS * UINT64_C(1000));
    } else {
        scan_steps_give_up(visit->steps, late ? OUTCOME_CANCELLED : OUTCOME_DNS_FAILURE,
                           STAGE_RESOLVE,
                           late                         ? PROBE_RESULT_STARVED
                           : answer->count == 0         ? answer->why
                           : options->family == AF_INET ? "no IPv4 address"
                                                        : "no IPv6 address");
        finish_scan(visit);
    }
}

static void on_answer(const struct resolver_answer *answer, void *arg) {
    struct visit *visit = arg;
    visit->query = NULL;
    const struct visit_options *options = visit->options;
    struct loop_lag *lag = options->prober->lag;
    visit_addresses_take(&visit->addresses, answer, options->prober, options->family,
                         visit->request.origin.port);
    if (visit->addresses.count > 0) {
        if (visit->request.rotate)
            visit_addresses_rotate(&visit->addresses, visit->request.turn);
        visit->late_tries = 0;
        begin_address(visit);
    } else {
        take_no_address(visit, answer);
    }
    loop_lag_unwatch(lag);
}

static void ask_name(struct visit *visit) {
    const struct origin *origin = &visit->request.origin;
    const char *host = origin->address[0] ? origin->address : origin->host;
    loop_lag_watch(visit->options->prober->lag);
    begin_measuring(visit);
    visit->query = resolver_start(visit->options->resolver, host,
                                  visit->options->resolve_timeout_ms, on_answer, visit);
}

struct visit *visit_start(const struct visit_options *options, const struct visit_request *request,
                          visit_cb *cb, void *arg) {
    struct visit *visit = alloc_zero(1, sizeof *visit);
    visit->options = options;
    visit->cb = cb;
    visit->arg = arg;
    visit->request = *request;
    visit->steps = new_steps(visit);
    start_clock(visit);
    ask_name(visit);
    return visit;
}

void visit_cancel(struct visit *visit) {
    if (visit)
        release_visit(visit);
}
