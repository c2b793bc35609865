/* Whether an origin flaps: its verdict or its status returned at least three times, within 14 days, to
 * one that it had had in the 14 days before. A change that stays, however many of them, is none. */
#pragma once

#include "scanner/words/words.h"

#include <stdbool.h>
#include <stdint.h>

#define FLAP_WATCH_DAYS 14
#define FLAP_WATCH_RETURNS 3

/* Of one origin; starts as {0}. */
struct flap_watch {
    bool flapping;
    uint64_t changes;                             /* of verdict and status */
    int64_t had_ms[VERDICT_COUNT + STATUS_COUNT]; /* when it is known to have had it; 0: never */
    int64_t returned_ms[FLAP_WATCH_RETURNS];      /* the last returns, the oldest first */
};

/* One change of it, in the order of time; of other fields than `verdict` and `status` nothing is
 * noted. */
void flap_watch_note(struct flap_watch *watch, int64_t changed_ms, const char *field,
                     const char *old, const char *new);
