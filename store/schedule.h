/* When an origin is due next. Pure: the wall clock, the origin's phase and what happened are
 * arguments, so that a year can be replayed in seconds.
 *
 * Each origin has a stable phase, a fraction of the period made from its identity. Its slots are
 * k * period + phase (+ jitter) since 1970, so that a million origins spread over the period, keep
 * their order from day to day and need no coordination. DST does not exist here: times are
 * milliseconds since 1970 UTC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct schedule {
    int64_t period_ms; /* at least 1000 */
    int64_t jitter_ms; /* a slot is late by 0 to jitter_ms - 1; at most half a period */
};

/* 24 hours with a jitter of a hundredth of it; the same jitter for any period. */
struct schedule schedule_every(int64_t period_ms);

/* The phase of an origin: the same for ever and on every machine. */
uint64_t schedule_phase(const char *host, uint16_t port, const char *sni, const char *address);

/* The first slot later than `after_ms`. A slot is never skipped and never given twice, so an origin
 * that is scanned whenever it is due is scanned once between any two of its slots. */
int64_t schedule_slot_after(const struct schedule *schedule, uint64_t phase, int64_t after_ms);

/* When an origin that was added at `now_ms` is due for the first time: its first slot, so within
 * one period and a jitter. */
int64_t schedule_first(const struct schedule *schedule, uint64_t phase, int64_t now_ms);

/* How one visit ended, as far as the schedule cares. */
struct schedule_visit {
    int64_t started_ms;
    unsigned failures;      /* failed visits in a row including this one; 0 after a good one */
    int64_t extra_after_ms; /* a short extra visit is wished this long after; 0 for none */
};

struct schedule_next {
    int64_t due_ms;
    bool extra; /* it is the short extra visit, not the regular one */
};

/* After a good visit: the next slot, or the extra visit if that comes clearly earlier. After failed
 * ones: 1 h, 6 h, then 24 h later; where a slot lies near the end of that wait it is taken instead,
 * so that backing off never moves an origin from its phase. */
struct schedule_next schedule_next(const struct schedule *schedule, uint64_t phase,
                                   const struct schedule_visit *visit);

/* No due time that was made at `now_ms` or before lies beyond this. Due times that do were made
 * while the wall clock was wrong: the origin is due at schedule_first() instead. */
int64_t schedule_horizon(const struct schedule *schedule, int64_t now_ms);
