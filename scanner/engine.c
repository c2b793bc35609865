/* Many visits at once. */
#include "scanner/engine.h"

#include "scanner/base/alloc.h"

#include <event2/event.h>

#include <stdlib.h>

/* One scan in flight, in a list so that all can be cancelled. */
struct flight {
    struct engine *engine;
    struct scan_task *task;
    uint64_t ticket;
    struct flight *next, *previous;
};

struct engine {
    struct engine_options options;
    struct flight *flights;
    size_t in_flight;
    struct event *idle_event; /* tells `idle` from the event loop, not from within a call */
};

static void on_idle(evutil_socket_t fd, short what, void *arg) {
    struct engine *engine = arg;
    (void)fd;
    (void)what;
    if (engine->in_flight == 0 && engine->options.idle)
        engine->options.idle(engine->options.arg);
}

struct engine *engine_new(const struct engine_options *options) {
    struct engine *engine = alloc_zero(1, sizeof *engine);
    engine->options = *options;
    engine->idle_event = evtimer_new(options->task.base, on_idle, engine);
    return engine;
}

static void forget(struct flight *flight) {
    struct engine *engine = flight->engine;
    if (flight->previous)
        flight->previous->next = flight->next;
    else
        engine->flights = flight->next;
    if (flight->next)
        flight->next->previous = flight->previous;
    engine->in_flight--;
    free(flight);
}

void engine_free(struct engine *engine) {
    if (!engine)
        return;
    while (engine->flights) {
        scan_task_cancel(engine->flights->task);
        forget(engine->flights);
    }
    event_free(engine->idle_event);
    free(engine);
}

static void on_scan(const struct scan *scan, void *arg) {
    struct flight *flight = arg;
    struct engine *engine = flight->engine;
    uint64_t ticket = flight->ticket;
    forget(flight);
    engine->options.sink(engine->options.arg, scan, ticket);
    engine_wake(engine);
}

static void launch(struct engine *engine, const struct origin *origin, uint64_t ticket) {
    struct flight *flight = alloc_zero(1, sizeof *flight);
    flight->engine = engine;
    flight->ticket = ticket;
    flight->next = engine->flights;
    if (flight->next)
        flight->next->previous = flight;
    engine->flights = flight;
    engine->in_flight++;
    flight->task = scan_task_start(&engine->options.task, origin, on_scan, flight);
}

void engine_wake(struct engine *engine) {
    struct origin origin;
    uint64_t ticket;
    while (engine->in_flight < engine->options.in_flight_max) {
        if (!engine->options.source(engine->options.arg, &origin, &ticket))
            break;
        launch(engine, &origin, ticket);
    }
    if (engine->in_flight == 0)
        event_active(engine->idle_event, EV_TIMEOUT, 0);
}

size_t engine_in_flight(const struct engine *engine) {
    return engine->in_flight;
}
