/* Settling while scans come in. */
#include "cmd/daemon/settle_timer.h"

#include "cmd/daemon/log.h"
#include "cmd/daemon/setting_log.h"
#include "cmd/metrics/metrics.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <event2/event.h>

#include <stdlib.h>
#include <string.h>

enum { EVERY_S = 5, UNDER_BRAKE_S = 300, LAST_TRIES = 4, LAST_TRIES_US = 200000 };

struct settle_timer {
    struct store *store;
    struct settle_options options;
    struct event *event;
    int64_t after; /* where the next cycle goes on */
    uint64_t fleet;
    bool brake;   /* as the last cycle left it */
    bool unsaved; /* the options, for the database was late */
    settle_timer_failed *failed;
    void *failed_arg;
    struct setting_log setting_log;
};

static struct settle_options options_of(const struct config *config) {
    struct settle_options options;
    memset(&options, 0, sizeof options);
    options.params = config->rule;
    options.compliance = config->compliance;
    options.shadow = config->shadow;
    options.quick = config->plan == PLAN_QUICK;
    return options;
}

static void tell_brake(struct settle_timer *timer, const struct brake_verdict *brake) {
    metrics_set(METRIC_BRAKE, brake->on);
    if (brake->on == timer->brake)
        return;
    timer->brake = brake->on;
    if (!brake->on)
        log_write(LOG_LEVEL_WARNING, "brake_off", NULL, 0);
    else
        log_event(LOG_LEVEL_ERROR, "brake_on", log_real("zones_down", brake->down_share),
                  log_real("controls_failed", brake->control_rate),
                  log_real("controls_usual", brake->usual_rate),
                  log_text("references", brake->references ? "wrong" : "right"));
}

static enum store_result settle_some(struct settle_timer *timer, struct err *err) {
    struct settle_cycle cycle = {.after = timer->after, .fleet = timer->fleet};
    enum store_result result =
        settle_run(timer->store, &timer->options, clock_wall_ms(), &cycle, err);
    if (result != STORE_OK)
        return result;
    timer->after = cycle.after;
    timer->fleet = cycle.fleet;
    tell_brake(timer, &cycle.brake);
    if (cycle.damaged > 0)
        log_event(LOG_LEVEL_ERROR, "zone_states_damaged",
                  log_count("zones", (int64_t)cycle.damaged));
    if (cycle.up + cycle.down > 0)
        log_event(LOG_LEVEL_INFO, "settled", log_count("zones", (int64_t)cycle.zones),
                  log_count("up", (int64_t)cycle.up), log_count("down", (int64_t)cycle.down));
    return setting_log_tell(&timer->setting_log, timer->store, err);
}

static bool save_options(struct settle_timer *timer, struct err *err) {
    return settle_options_save(&timer->options, timer->store, err) == STORE_OK;
}

/* True if it was done. */
static bool note_result(const struct settle_timer *timer, enum store_result result,
                        const struct err *err) {
    if (result != STORE_OK && timer->failed)
        timer->failed(timer->failed_arg, result, err);
    return result == STORE_OK;
}

static void try_to_save(struct settle_timer *timer) {
    struct err err;
    enum store_result result = settle_options_save(&timer->options, timer->store, &err);
    timer->unsaved = !note_result(timer, result, &err);
}

static void start_waiting(struct settle_timer *timer) {
    struct timeval after = {timer->after   ? 0
                            : timer->brake ? UNDER_BRAKE_S
                                           : EVERY_S,
                            timer->after ? 1000 : 0};
    event_add(timer->event, &after);
}

/* A store that is late now is asked again the next time. */
static void on_time(evutil_socket_t fd, short what, void *arg) {
    struct settle_timer *timer = arg;
    struct err err;
    (void)fd;
    (void)what;
    if (timer->unsaved)
        try_to_save(timer);
    if (!note_result(timer, settle_some(timer, &err), &err)) {
        log_event(LOG_LEVEL_DEBUG, "settle_failed", log_text("reason", err.text));
        timer->after = 0;
    }
    start_waiting(timer);
}

/* The hybrid and the plan are what is probed now, whatever they were. */
static bool load_options(struct settle_timer *timer, struct err *err) {
    uint16_t hybrid = timer->options.params.hybrid;
    bool quick = timer->options.quick;
    if (settle_options_load(&timer->options, timer->store, err) != STORE_OK)
        return false;
    timer->options.params.hybrid = hybrid;
    timer->options.quick = quick;
    return true;
}

struct settle_timer *settle_timer_new(struct event_base *base, struct store *store,
                                      const struct config *config,
                                      enum settle_timer_options options, struct err *err) {
    struct settle_timer *timer = alloc_zero(1, sizeof *timer);
    timer->store = store;
    timer->options = options_of(config);
    bool good =
        options == SETTLE_TIMER_STORED ? load_options(timer, err) : save_options(timer, err);
    good = good && setting_log_begin(&timer->setting_log, store, err) == STORE_OK;
    if (!good) {
        free(timer);
        return NULL;
    }
    timer->event = evtimer_new(base, on_time, timer);
    start_waiting(timer);
    return timer;
}

void settle_timer_on_failure(struct settle_timer *timer, settle_timer_failed *failed, void *arg) {
    timer->failed = failed;
    timer->failed_arg = arg;
}

struct settle_options *settle_timer_in_force(struct settle_timer *timer) {
    return &timer->options;
}

void settle_timer_reload(struct settle_timer *timer, const struct config *config) {
    timer->options = options_of(config);
    try_to_save(timer);
}

bool settle_timer_finish(struct settle_timer *timer, struct err *err) {
    enum store_result result = STORE_OK;
    if (!timer)
        return true;
    timer->after = 0;
    uint64_t begun_us = clock_mono_us();
    for (int i = 0; i < LAST_TRIES && clock_mono_us() - begun_us < LAST_TRIES_US; i++) {
        do
            result = settle_some(timer, err);
        while (result == STORE_OK && timer->after != 0);
        if (result != STORE_RETRY)
            break;
    }
    event_free(timer->event);
    free(timer);
    return result == STORE_OK;
}
