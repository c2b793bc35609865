/* How far adoption came, day by day: from what is known now and the changes back to each day's end. So it speaks
 * of the origins and zones that are known today; what an origin turned out to be when it was first measured is
 * no change, and counts for the days before, too. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FLEET_HISTORY_DAYS 28

/* Starts as {0} but for `now_ms`. A day is a UTC day; the last is today, as far as it has come. */
struct fleet_history {
    int64_t now_ms;
    /* on that day: origins that came to support the hybrid less those that ceased to, and zones that
     * came to be set to `preferred` less those that ceased to */
    int64_t hybrid_delta[FLEET_HISTORY_DAYS];
    int64_t preferred_delta[FLEET_HISTORY_DAYS];
    /* fleet_history_finish: at each day's end */
    uint64_t hybrid[FLEET_HISTORY_DAYS];
    uint64_t preferred[FLEET_HISTORY_DAYS];
};

/* The beginning of the first day. */
int64_t fleet_history_since(const struct fleet_history *history);

/* The beginning of a day; 0 is the first. */
int64_t fleet_history_day(const struct fleet_history *history, size_t day);

/* A row of v_change; others than those of `hybrid` and `setting`, and older ones, count for nothing. */
void fleet_history_note(struct fleet_history *history, int64_t changed_ms, const char *field,
                        const char *old, const char *new);

/* What there is now: origins that support the hybrid, and zones set to `preferred`. */
void fleet_history_finish(struct fleet_history *history, uint64_t hybrid, uint64_t preferred);
