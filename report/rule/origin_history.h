/* An origin's standing and its recent visits, as the store keeps them for the rule.
 *
 * The history is the state after all visits. The visits are a state further back and what each
 * visit has shown since then, so that the state can be rebuilt with other parameters, or checked.
 * Both count how many of the origin's scans they cover. Pure. */
#pragma once

#include "report/rule/origin_pack.h"

#include <stddef.h>

#define ORIGIN_HISTORY_MAX (4 + ORIGIN_PACK_MAX)

struct origin_history {
    uint32_t visits; /* scans of the origin that are in the state */
    struct origin_state state;
};

/* Starts with no visit. */
void origin_history_init(struct origin_history *history);
/* Returns the number of bytes written. */
size_t origin_history_write(const struct origin_history *history, uint8_t out[ORIGIN_HISTORY_MAX]);
/* False, and as initialised, if the bytes are none (n 0 too). */
bool origin_history_read(const uint8_t *in, size_t n, struct origin_history *out);

/* As many visits at most: two weeks of evidence at four a day. When there would be more, the oldest
 * ORIGIN_VISITS_FOLD go into `base`. */
#define ORIGIN_VISITS_MAX 80
#define ORIGIN_VISITS_FOLD 20
#define ORIGIN_VISITS_SIZE (8 + ORIGIN_PACK_MAX + ORIGIN_VISITS_MAX * OBSERVATION_PACKED)

struct origin_visits {
    uint32_t visits;          /* scans of the origin up to the newest */
    struct origin_state base; /* before the first of `scans` */
    uint32_t scans_n;
    struct observation scans[ORIGIN_VISITS_MAX]; /* oldest first; releases among them */
};

/* The same for visits. */
void origin_visits_init(struct origin_visits *visits);
size_t origin_visits_write(const struct origin_visits *visits, uint8_t out[ORIGIN_VISITS_SIZE]);
bool origin_visits_read(const uint8_t *in, size_t n, struct origin_visits *out);

/* Adds one visit to bytes that origin_visits_write made, without unpacking the others; where there
 * are too many, folds. `scan` is not counted in `visits` if it is a release. Returns the new
 * length; bytes that are none begin anew. */
size_t origin_visits_append(uint8_t bytes[ORIGIN_VISITS_SIZE], size_t n,
                            const struct rule_params *params, const struct observation *scan);

/* The state after all of them. */
void origin_visits_replay(const struct origin_visits *visits, const struct rule_params *params,
                          struct origin_history *out);
