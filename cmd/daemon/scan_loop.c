/* Between store and engine. */
#include "cmd/daemon/scan_loop.h"

#include "cmd/daemon/clock_watch.h"
#include "cmd/daemon/ledger.h"
#include "cmd/daemon/log.h"
#include "cmd/daemon/scan_parts.h"
#include "cmd/daemon/visit_log.h"
#include "cmd/metrics/scan_metrics.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"

#include <event2/event.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLAIM_EVERY_MS = 250, /* look for due origins while there are none */
    CROWDED_MAX = 256, /* and for as long after so many were turned away: others want their time */
    BEAT_MS = 1000,    /* how often the clocks are compared */
    STALL_MS = 3000,   /* not having run for longer than this spoils what is in flight */
    JUMP_MS = 5000,    /* the wall clock is this far from where it should be */
    RETRY_MS = 500,    /* before asking a store again that said "later" */
    GRACE_MS = 2500,   /* for scans in flight when told to stop */
    STOP_MS = 3500,    /* and for the store to take the last ones */
    REPAIR_EVERY_S = 3600,
    BACKLOG_COMMITS = 4 /* so many commits may wait before claiming pauses */
};

struct scan_loop {
    struct scan_loop_options options;
    struct scan_parts parts;
    struct engine *engine;
    struct ledger ledger;
    struct once once; /* of a run of `scan` */
    struct scan_loop_numbers numbers;
    struct visit_log visit_log;
    uint64_t claim_again_us; /* monotonic: nothing was due; look again then */
    struct event *claim_event;
    unsigned crowded; /* visits that were turned away, ever */
    struct event *commit_event;
    bool commit_waits;
    struct event *beat_event;
    struct clock_watch beat;  /* when the last one was */
    bool repair;              /* due times are to be looked at after a jump */
    uint64_t repair_again_us; /* monotonic: and then in any case */
    bool stopping;
    uint64_t stopping_us;
    bool ended;
    enum scan_loop_end end;
    struct event *end_event; /* tells so from the event loop, whenever that begins */
    struct health health;
};

static uint64_t ms_since(uint64_t then_us, uint64_t now_us) {
    return now_us > then_us ? (now_us - then_us) / 1000 : 0;
}

static void add_event(struct event *event, uint32_t after_ms) {
    struct timeval wait = {after_ms / 1000, (suseconds_t)(after_ms % 1000) * 1000};
    event_add(event, &wait);
}

/* Whoever is told may break the event loop, which only one that runs obeys. */
static void end_loop(struct scan_loop *loop, enum scan_loop_end how) {
    if (loop->ended)
        return;
    loop->ended = true;
    loop->end = how;
    health_note_end(&loop->health,
                    how == SCAN_LOOP_FINISHED ? "all is done" : "the database failed");
    event_active(loop->end_event, EV_TIMEOUT, 0);
}

static void on_end(evutil_socket_t fd, short what, void *arg) {
    struct scan_loop *loop = arg;
    (void)fd;
    (void)what;
    loop->options.ended(loop->options.arg, loop->end);
}

/* To be called after the ledger asked the store: one that is broken ends the loop. */
static void check_store(struct scan_loop *loop) {
    const struct store_watch *watch = &loop->ledger.watch;
    health_note_store(&loop->health, !watch->late && !watch->broken, clock_mono_us());
    if (watch->broken)
        end_loop(loop, SCAN_LOOP_BROKEN);
}

/* --- claiming --- */

static size_t commit_size(const struct scan_loop *loop) {
    return loop->options.config->commit_scans;
}

/* True while more finished scans wait than a healthy store would leave. */
static bool is_behind(const struct scan_loop *loop) {
    return loop->ledger.watch.late ||
           finished_count(loop->ledger.finished) >= BACKLOG_COMMITS * commit_size(loop);
}

static void pause_claiming(struct scan_loop *loop) {
    loop->claim_again_us = clock_mono_us() + CLAIM_EVERY_MS * UINT64_C(1000);
    add_event(loop->claim_event, CLAIM_EVERY_MS);
}

static void claim_more(struct scan_loop *loop) {
    ledger_claim(&loop->ledger, clock_wall_ms());
    check_store(loop);
    if (ledger_has_claims(&loop->ledger))
        return;
    if (!loop->ledger.watch.late && engine_in_flight(loop->engine) == 0)
        health_note_idle(&loop->health, clock_mono_us());
    pause_claiming(loop);
}

static bool next_visit(void *arg, struct visit_request *out, uint64_t *ticket) {
    struct scan_loop *loop = arg;
    if (loop->stopping || loop->ended || is_behind(loop))
        return false;
    if (!ledger_has_claims(&loop->ledger) && clock_mono_us() >= loop->claim_again_us)
        claim_more(loop);
    if (!ledger_has_claims(&loop->ledger))
        return false;
    const struct store_claim *next = ledger_next_claim(&loop->ledger);
    *out = scan_parts_request(loop->options.config, next);
    *ticket = (uint64_t)next->origin_id;
    return true;
}

/* --- finished and deferred --- */

/* True if we have not run for so long that what just ended was not measured. */
static bool is_stalled(const struct scan_loop *loop) {
    struct clock_watch now = clock_watch_read();
    return clock_watch_idle_ms(&loop->beat, &now) > BEAT_MS + STALL_MS;
}

static void commit_within(struct scan_loop *loop, uint32_t ms) {
    if (loop->commit_waits && ms > 0)
        return;
    loop->commit_waits = true;
    add_event(loop->commit_event, ms);
}

static void take_scan(void *arg, const struct scan *scan, uint64_t ticket) {
    struct scan_loop *loop = arg;
    if (is_stalled(loop)) {
        if (!scan->more)
            ledger_give_back(&loop->ledger, (int64_t)ticket);
        return;
    }
    const struct judgement *judgement = finished_add(loop->ledger.finished, (int64_t)ticket, scan);
    health_note_scan(&loop->health, clock_mono_us());
    visit_log_scan(scan, judgement);
    scan_metrics_count(scan, judgement);
    if (loop->options.scanned)
        loop->options.scanned(loop->options.arg, scan, judgement);
    if (judgement->status == STATUS_COMPLETE)
        loop->numbers.complete++;
    bool full = finished_count(loop->ledger.finished) >= commit_size(loop);
    if (!loop->ledger.watch.late)
        commit_within(loop, full ? 0 : loop->options.config->commit_ms);
}

static void take_deferred(void *arg, enum visit_reason reason, uint32_t after_ms, uint64_t ticket) {
    struct scan_loop *loop = arg;
    uint64_t wait_ms = deferred_visits_wait_ms(reason, after_ms, loop->options.config->period_s);
    int64_t until_ms = clock_wall_ms() + (int64_t)wait_ms;
    health_note_visit(&loop->health, clock_mono_us());
    loop->numbers.deferred++;
    metrics_count(METRIC_DEFERRED, reason, 0);
    if (reason == VISIT_CROWDED) {
        once_wait_until(&loop->once, until_ms);
        if (++loop->crowded % CROWDED_MAX == 0)
            pause_claiming(loop);
    } else {
        visit_log_trouble(&loop->visit_log, reason, clock_mono_us());
    }
    visit_log_deferral(reason, wait_ms, (int64_t)ticket);
    deferred_visits_add(&loop->ledger.deferred, (int64_t)ticket, until_ms);
}

static bool write_all(struct scan_loop *loop) {
    struct store_commit how = {.n = commit_size(loop),
                               .now_ms = clock_wall_ms(),
                               .observe = loop->options.observe,
                               .observe_arg = loop->options.observe_arg};
    bool written = ledger_write(&loop->ledger, &how);
    check_store(loop);
    return written;
}

/* --- ending --- */

/* A visit that ended without a scan: its origin is due again as it was. */
static void give_back(void *arg, uint64_t ticket) {
    struct scan_loop *loop = arg;
    ledger_give_back(&loop->ledger, (int64_t)ticket);
}

/* Told to stop: ends when all is written, or when nobody can wait any longer. */
static void go_on_stopping(struct scan_loop *loop, bool written) {
    uint64_t ms = ms_since(loop->stopping_us, clock_mono_us());
    if (engine_in_flight(loop->engine) > 0 && ms >= GRACE_MS) {
        engine_cancel(loop->engine, give_back, loop);
        written = false;
    }
    if (engine_in_flight(loop->engine) == 0 && written)
        end_loop(loop, SCAN_LOOP_FINISHED);
    else if (ms >= STOP_MS)
        end_loop(loop, SCAN_LOOP_LOST);
    else
        add_event(loop->commit_event, ms < GRACE_MS ? 100 : written ? 0 : RETRY_MS / 2);
}

/* Now and then also without a jump: a due time from a wrong clock may come in by other ways. */
static void repair_due(struct scan_loop *loop) {
    loop->repair_again_us = clock_mono_us() + REPAIR_EVERY_S * UINT64_C(1000000);
    loop->repair = !ledger_repair_due(&loop->ledger, clock_wall_ms());
    check_store(loop);
}

/* A run puts due times right at its end: what it has scanned by the wrong clock might get a slot that
 * it still waits for, and be scanned twice. */
static void end_run(struct scan_loop *loop) {
    if (loop->repair)
        repair_due(loop);
    if (!loop->ended)
        end_loop(loop, SCAN_LOOP_FINISHED);
}

/* Ends a run of which nothing is left. */
static void look_for_end(struct scan_loop *loop) {
    if (!loop->options.once || loop->stopping || loop->ledger.watch.late ||
        engine_in_flight(loop->engine) > 0 || !ledger_is_empty(&loop->ledger))
        return;
    claim_more(loop);
    if (ledger_has_claims(&loop->ledger)) {
        engine_wake(loop->engine);
        return;
    }
    if (loop->ledger.watch.late)
        return;
    switch (once_next(&loop->once, clock_wall_ms())) {
    case ONCE_OVER:
        end_run(loop);
        break;
    case ONCE_WAIT:
        break;
    case ONCE_CLAIM:
        loop->claim_again_us = 0;
        break;
    }
}

/* The store was late, and nothing is left to write that would tell if it is back. */
static void ask_again(struct scan_loop *loop) {
    ledger_ask_again(&loop->ledger, clock_wall_ms());
    check_store(loop);
}

/* --- clocks --- */

/* We were stopped or asleep: nothing that is in flight was measured. */
static void on_stall(struct scan_loop *loop, uint64_t ms) {
    log_event(LOG_LEVEL_WARNING, "stalled", log_count("ms", (int64_t)ms),
              log_count("visits_discarded", (int64_t)engine_in_flight(loop->engine)));
    loop->numbers.stalls++;
    metrics_count(METRIC_STALLS, 0, 0);
    engine_cancel(loop->engine, give_back, loop);
}

/* What has a time of the clock as it was is not written any more: the next due time would come from
 * it. Due times that were written are put right. */
static void on_jump(struct scan_loop *loop, int64_t jump_ms, int64_t now_ms) {
    log_event(LOG_LEVEL_WARNING, "wall_clock_jumped", log_count("ms", jump_ms),
              log_count("visits_discarded", (int64_t)engine_in_flight(loop->engine)));
    engine_cancel(loop->engine, give_back, loop);
    ledger_drop_times(&loop->ledger, now_ms);
    once_shift(&loop->once, jump_ms);
    loop->repair = true;
}

static void compare_clocks(struct scan_loop *loop) {
    struct clock_watch now = clock_watch_read();
    uint64_t idle_ms = clock_watch_idle_ms(&loop->beat, &now);
    int64_t jump_ms = clock_watch_jump_ms(&loop->beat, &now);
    if (idle_ms > BEAT_MS + STALL_MS)
        on_stall(loop, idle_ms);
    if (jump_ms > JUMP_MS || jump_ms < -JUMP_MS)
        on_jump(loop, jump_ms, now.wall_ms);
    loop->beat = now;
}

/* --- events --- */

static void on_commit(evutil_socket_t fd, short what, void *arg) {
    struct scan_loop *loop = arg;
    (void)fd;
    (void)what;
    loop->commit_waits = false;
    compare_clocks(loop);
    bool written = write_all(loop);
    if (loop->ended)
        return;
    if (loop->stopping) {
        go_on_stopping(loop, written);
        return;
    }
    if (written && loop->ledger.watch.late)
        ask_again(loop);
    if (loop->ledger.watch.late)
        commit_within(loop, RETRY_MS);
    engine_wake(loop->engine);
    look_for_end(loop);
}

static void on_idle(void *arg) {
    struct scan_loop *loop = arg;
    if (loop->ended)
        return;
    if (finished_count(loop->ledger.finished) > 0 || loop->ledger.deferred.n > 0 ||
        loop->stopping) {
        if (!loop->ledger.watch.late)
            commit_within(loop, 0);
        return;
    }
    look_for_end(loop);
}

static void on_claim(evutil_socket_t fd, short what, void *arg) {
    struct scan_loop *loop = arg;
    (void)fd;
    (void)what;
    loop->claim_again_us = 0;
    engine_wake(loop->engine);
}

/* --- the beat --- */

static void prune_history(struct scan_loop *loop) {
    if (loop->options.once)
        return;
    ledger_prune(&loop->ledger, loop->options.config);
    check_store(loop);
}

/* A run that nothing comes of must not keep the next one from beginning. A daemon has a watchdog. */
static bool gives_up(struct scan_loop *loop) {
    struct err why;
    if (!loop->options.once || health_is_live(&loop->health, clock_mono_us(), &why))
        return false;
    log_event(LOG_LEVEL_ERROR, "gave_up", log_text("reason", why.text));
    end_loop(loop, SCAN_LOOP_LOST);
    return true;
}

static void on_beat(evutil_socket_t fd, short what, void *arg) {
    struct scan_loop *loop = arg;
    (void)fd;
    (void)what;
    if (loop->ended)
        return;
    health_note_turn(&loop->health, clock_mono_us());
    compare_clocks(loop);
    add_event(loop->beat_event, BEAT_MS);
    if (loop->stopping)
        return;
    if (gives_up(loop))
        return;
    if (loop->ledger.watch.late) {
        commit_within(loop, RETRY_MS);
        return;
    }
    if (loop->ledger.deferred.n > 0)
        commit_within(loop, 0);
    if (!loop->options.once && (loop->repair || clock_mono_us() >= loop->repair_again_us))
        repair_due(loop);
    prune_history(loop);
    engine_wake(loop->engine);
    look_for_end(loop);
}

/* --- life --- */

/* The lowest limit that one visit may have to wait for. */
static void note_rates(struct scan_loop *loop) {
    const struct config *config = loop->options.config;
    const double rates[] = {config->rate, config->per_address_rate, config->per_prefix_rate};
    double lowest = 0;
    for (size_t i = 0; i < COUNT_OF(rates); i++)
        if (rates[i] > 0 && (lowest == 0 || rates[i] < lowest))
            lowest = rates[i];
    health_note_rate(&loop->health, lowest);
}

struct scan_loop *scan_loop_new(const struct scan_loop_options *options, struct err *err) {
    struct scan_loop *loop = alloc_zero(1, sizeof *loop);
    loop->options = *options;
    if (!scan_parts_init(&loop->parts, options->base, options->config, err)) {
        free(loop);
        return NULL;
    }
    struct engine_options engine = {
        .visit = scan_parts_task(&loop->parts, options->base, options->config),
        .limits = scan_parts_limits(options->config, options->descriptors),
        .source = next_visit,
        .sink = take_scan,
        .deferred = take_deferred,
        .idle = on_idle,
        .arg = loop,
    };
    loop->engine = engine_new(&engine);
    ledger_init(&loop->ledger, options->store, options->once ? &loop->once : NULL);
    loop->claim_event = evtimer_new(options->base, on_claim, loop);
    loop->commit_event = evtimer_new(options->base, on_commit, loop);
    loop->beat_event = evtimer_new(options->base, on_beat, loop);
    loop->end_event = evtimer_new(options->base, on_end, loop);
    health_begin(&loop->health, clock_mono_us());
    note_rates(loop);
    return loop;
}

void scan_loop_free(struct scan_loop *loop) {
    if (!loop)
        return;
    engine_free(loop->engine);
    scan_parts_clear(&loop->parts);
    ledger_clear(&loop->ledger);
    event_free(loop->claim_event);
    event_free(loop->commit_event);
    event_free(loop->beat_event);
    event_free(loop->end_event);
    free(loop);
}

void scan_loop_start(struct scan_loop *loop) {
    loop->beat = clock_watch_read();
    once_begin_only(&loop->once, loop->beat.wall_ms, loop->options.only, loop->options.only_n);
    add_event(loop->beat_event, BEAT_MS);
    loop->repair = true;
    repair_due(loop);
    engine_wake(loop->engine);
}

void scan_loop_stop(struct scan_loop *loop) {
    if (loop->stopping || loop->ended)
        return;
    loop->stopping = true;
    health_note_stop(&loop->health);
    loop->stopping_us = clock_mono_us();
    ledger_give_back_claims(&loop->ledger);
    add_event(loop->commit_event, 0);
}

bool scan_loop_reload(struct scan_loop *loop, const struct config *config, struct err *err) {
    if (!scan_parts_reload(&loop->parts, config, err))
        return false;
    struct engine_limits limits = scan_parts_limits(config, loop->options.descriptors);
    engine_set_limits(loop->engine, &limits);
    loop->options.config = config;
    note_rates(loop);
    loop->ledger.pruner.again_us = 0;
    engine_wake(loop->engine);
    return true;
}

void scan_loop_store_failed(struct scan_loop *loop, const char *what, enum store_result result,
                            const struct err *err) {
    ledger_note(&loop->ledger, what, result, err);
    check_store(loop);
}

const struct health *scan_loop_health(const struct scan_loop *loop) {
    return &loop->health;
}

struct scan_loop_numbers scan_loop_numbers(const struct scan_loop *loop) {
    struct scan_loop_numbers numbers = loop->numbers;
    numbers.scans = loop->ledger.stored;
    numbers.troubled = loop->visit_log.troubled;
    numbers.store_late = loop->ledger.watch.late;
    numbers.waits = engine_waits(loop->engine);
    numbers.waiting = engine_count(loop->engine, VISIT_WAITING);
    numbers.in_flight = engine_in_flight(loop->engine) - numbers.waiting;
    numbers.uncommitted = finished_count(loop->ledger.finished);
    return numbers;
}
