/* Many visits at once. */
#include "scanner/visit/engine.h"

#include "scanner/base/alloc.h"

#include <event2/event.h>

#include <stdlib.h>

/* One visit, in a list so that all can be cancelled. */
struct flight {
    struct engine *engine;
    struct visit *visit;
    uint64_t ticket;
    enum visit_phase phase;
    struct flight *next, *previous;
};

struct engine {
    struct engine_options options;
    struct flight *flights;
    size_t counts[VISIT_PHASES];
    uint64_t waits;     /* visits that had to wait, ever */
    struct event *look; /* asks the source, or tells `idle`, from the event loop */
};

size_t engine_in_flight(const struct engine *engine) {
    size_t n = 0;
    for (size_t i = 0; i < VISIT_PHASES; i++)
        n += engine->counts[i];
    return n;
}

size_t engine_count(const struct engine *engine, enum visit_phase phase) {
    return engine->counts[phase];
}

uint64_t engine_waits(const struct engine *engine) {
    return engine->waits;
}

static void on_phase(enum visit_phase now, void *arg) {
    struct flight *flight = arg;
    flight->engine->counts[flight->phase]--;
    flight->engine->counts[now]++;
    flight->engine->waits += now == VISIT_WAITING;
    flight->phase = now;
    event_active(flight->engine->look, EV_TIMEOUT, 0); /* there may be room for another */
}

static void forget_flight(struct flight *flight) {
    struct engine *engine = flight->engine;
    if (flight->previous)
        flight->previous->next = flight->next;
    else
        engine->flights = flight->next;
    if (flight->next)
        flight->next->previous = flight->previous;
    engine->counts[flight->phase]--;
    free(flight);
}

static void on_deferred(enum visit_reason reason, uint32_t after_ms, void *arg) {
    struct flight *flight = arg;
    struct engine *engine = flight->engine;
    uint64_t ticket = flight->ticket;
    forget_flight(flight);
    engine->options.deferred(engine->options.arg, reason, after_ms, ticket);
    engine_wake(engine);
}

static void on_scan(const struct scan *scan, void *arg) {
    struct flight *flight = arg;
    struct engine *engine = flight->engine;
    uint64_t ticket = flight->ticket;
    if (!scan->more)
        forget_flight(flight);
    engine->options.sink(engine->options.arg, scan, ticket);
    engine_wake(engine);
}

static void on_look(evutil_socket_t fd, short what, void *arg) {
    struct engine *engine = arg;
    (void)fd;
    (void)what;
    if (engine_in_flight(engine) > 0)
        engine_wake(engine);
    else if (engine->options.idle)
        engine->options.idle(engine->options.arg);
}

struct engine *engine_new(const struct engine_options *options) {
    struct engine *engine = alloc_zero(1, sizeof *engine);
    engine->options = *options;
    engine->options.visit.phase = on_phase;
    engine->options.visit.deferred = options->deferred ? on_deferred : NULL;
    engine->look = evtimer_new(options->visit.base, on_look, engine);
    return engine;
}

void engine_cancel(struct engine *engine, void (*each)(void *arg, uint64_t ticket), void *arg) {
    while (engine->flights) {
        struct flight *flight = engine->flights;
        uint64_t ticket = flight->ticket;
        visit_cancel(flight->visit);
        forget_flight(flight);
        if (each)
            each(arg, ticket);
    }
}

void engine_free(struct engine *engine) {
    if (!engine)
        return;
    engine_cancel(engine, NULL, NULL);
    event_free(engine->look);
    free(engine);
}

void engine_set_limits(struct engine *engine, const struct engine_limits *limits) {
    engine->options.limits = *limits;
}

static void launch_flight(struct engine *engine, const struct visit_request *visit,
                          uint64_t ticket) {
    struct flight *flight = alloc_zero(1, sizeof *flight);
    flight->engine = engine;
    flight->ticket = ticket;
    flight->phase = VISIT_RESOLVING;
    flight->next = engine->flights;
    if (flight->next)
        flight->next->previous = flight;
    engine->flights = flight;
    engine->counts[flight->phase]++;
    flight->visit = visit_start(&engine->options.visit, visit, on_scan, flight);
}

static bool has_room(const struct engine *engine) {
    const struct engine_limits *limits = &engine->options.limits;
    size_t resolving = engine->counts[VISIT_RESOLVING];
    return resolving + engine->counts[VISIT_PROBING] < limits->in_flight &&
           (limits->resolving == 0 || resolving < limits->resolving) &&
           (limits->waiting == 0 || engine->counts[VISIT_WAITING] < limits->waiting);
}

void engine_wake(struct engine *engine) {
    struct visit_request visit;
    uint64_t ticket;
    while (has_room(engine)) {
        if (!engine->options.source(engine->options.arg, &visit, &ticket))
            break;
        launch_flight(engine, &visit, ticket);
    }
    if (engine_in_flight(engine) == 0)
        event_active(engine->look, EV_TIMEOUT, 0);
}
