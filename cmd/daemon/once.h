/* One run of `originscan scan`: what belongs to it, and when it is over.
 *
 * What is due when the run begins belongs to it, and all that was never scanned, whenever it is
 * due; and visits that were deferred meanwhile because too many waited for the same addresses. Times
 * are milliseconds of the wall clock and come from the caller. */
#pragma once

#include "store/store_schedule.h"

struct once {
    int64_t due_until_ms;      /* what is due by then belongs to this run */
    int64_t hastened_ms;       /* how far never-scanned origins were made due; the store's cursor */
    int64_t deferred_until_ms; /* when the last deferred visit is due; 0: there was none */
    const int64_t *only;       /* the origins that were named, borrowed; NULL: all */
    size_t only_n;
    size_t only_at; /* how far it came among them */
    bool given_back;
};

/* A run of all that is due now or was never scanned. */
void once_begin(struct once *once, int64_t now_ms);

/* A run of these origins alone, which store_want() has made due. */
void once_begin_only(struct once *once, int64_t now_ms, const int64_t *only, size_t n);

/* A visit was deferred until then, and the run waits for it. */
void once_wait_until(struct once *once, int64_t until_ms);

/* A claim ended without a scan, due as before: the run has to claim once more. */
void once_give_back(struct once *once);

/* The wall clock was set by so much: the run is still of what was due when it began, by the new one. */
void once_shift(struct once *once, int64_t jump_ms);

/* Claims up to `limit` origins of the run. On STORE_OK without any, none is left by now. */
STORE_RESULT once_claim(struct once *once, struct store *store, size_t limit,
                        struct store_claim *out, size_t *n, struct err *err);

/* When none is left: whether any will come. */
enum once_next {
    ONCE_OVER, /* none */
    ONCE_WAIT, /* deferred visits are not due yet */
    ONCE_CLAIM /* now they are: once_claim gives them */
};
enum once_next once_next(struct once *once, int64_t now_ms);
