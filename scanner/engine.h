/* Many visits at once: asks a source for origins, keeps a bounded number of scans in flight, hands
 * finished ones to a sink. Knows nothing of where origins come from or scans go to. */
#pragma once

#include "scanner/scan_task.h"

#include <stdbool.h>
#include <stddef.h>

struct engine;

/* The next origin to visit. False where there is none now: the engine asks again after the next
 * finished scan or engine_wake. `ticket` is the source's own number for it. */
typedef bool engine_source(void *arg, struct origin *out, uint64_t *ticket);

/* Takes a finished scan, valid only during the call. */
typedef void engine_sink(void *arg, const struct scan *scan, uint64_t ticket);

struct engine_options {
    struct scan_task_options task; /* borrowed as there */
    size_t in_flight_max;
    engine_source *source;
    engine_sink *sink;
    void (*idle)(void *arg); /* nothing in flight and the source had nothing; may be NULL */
    void *arg;
};

/* Options are copied; what they point to is borrowed. engine_free cancels what is in flight,
 * without a callback. */
struct engine *engine_new(const struct engine_options *options);
void engine_free(struct engine *engine);

/* Asks the source until the limit is reached or there is nothing more. Calls nothing back before
 * the event loop runs, but for the source. */
void engine_wake(struct engine *engine);

size_t engine_in_flight(const struct engine *engine);
