/* One line on a terminal that says how far a run of `originscan scan` is, rewritten in place. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct scan_progress;

/* How things stand. */
struct scan_progress_numbers {
    uint64_t total; /* origins of the run; more may turn up */
    uint64_t done;
    uint64_t not_measured; /* of those done */
    size_t in_flight;
    bool store_late; /* the database takes nothing now */
};

typedef struct scan_progress_numbers scan_progress_ask(void *arg);

/* Asks for numbers and shows them on standard error twice a second, from now on. NULL where that is
 * no terminal. */
struct scan_progress *scan_progress_new(struct event_base *base, scan_progress_ask *ask, void *arg);

/* Ends it and wipes the line. NULL is fine. */
void scan_progress_free(struct scan_progress *progress);
