/* Many visits at once: asks a source for origins, keeps a bounded number of scans in flight, hands
 * finished ones to a sink. Knows nothing of where origins come from or scans go to. */
#pragma once

#include "scanner/visit/visit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

/* The next visit; `ticket` is the source's own number for it. False where there is none now: the
 * engine asks again after the next finished scan or engine_wake. */
typedef bool engine_source(void *arg, struct visit_request *out, uint64_t *ticket);

/* Takes a finished scan, valid only during the call. The ticket is used up unless scan->more. */
typedef void engine_sink(void *arg, const struct scan *scan, uint64_t ticket);

/* A visit ended without a scan; it may be tried again `after_ms` later. */
typedef void engine_deferred(void *arg, enum visit_reason reason, uint32_t after_ms,
                             uint64_t ticket);

/* How many visits there may be. Those that wait for their turn hold no descriptor, so they are
 * counted apart: a queue before one busy address does not keep others from being scanned. */
struct engine_limits {
    size_t in_flight;
    size_t resolving; /* of these; 0: all of them */
    size_t waiting;   /* besides; 0: no limit */
};

struct engine_options {
    struct visit_options visit; /* borrowed as there; phase and deferred are the engine's own */
    struct engine_limits limits;
    engine_source *source;
    engine_sink *sink;
    engine_deferred *
        deferred; /* NULL: own trouble is reported as a scan; a politeness then has to let all wait */
    void (*idle)(void *arg); /* nothing in flight and the source had nothing; may be NULL */
    void *arg;
};

/* Options are copied; what they point to is borrowed. engine_free cancels what is in flight,
 * without a callback. */
struct engine *engine_new(const struct engine_options *options);
void engine_free(struct engine *engine);

/* Asks the source until a limit is reached or there is nothing more. Calls nothing back before
 * the event loop runs, but for the source. */
void engine_wake(struct engine *engine);

/* Ends all visits without a scan; `each`, if given, gets the ticket of every one. */
void engine_cancel(struct engine *engine, void (*each)(void *arg, uint64_t ticket), void *arg);

/* New limits. What is beyond them finishes first. */
void engine_set_limits(struct engine *engine, const struct engine_limits *limits);

/* All visits; those in a phase. */
size_t engine_in_flight(const struct engine *engine);
size_t engine_count(const struct engine *engine, enum visit_phase phase);

/* How many visits ever had to wait for their turn (politeness.h). */
uint64_t engine_waits(const struct engine *engine);
