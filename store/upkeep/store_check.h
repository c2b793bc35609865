/* Checking everything that can be checked. */
#pragma once

#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void store_problem(void *arg, const char *text);

/* Whether bytes that the store keeps for somebody else are what that one wrote. */
typedef bool store_readable(const uint8_t *bytes, size_t n);

/* Of whoever keeps states here (store_rule.h). */
struct store_readers {
    store_readable *origin_state;
    store_readable *origin_visits;
    store_readable *zone_state;
};

/* Pages, references, the schema as the migrations make it, packed scans and judgements, chains,
 * counters, and what `readers` (NULL: not looked at) can read. Calls `problem` for each defect, with
 * the row's table and number; *n counts them. */
STORE_RESULT store_check(struct store *store, const struct store_readers *readers,
                         store_problem *problem, void *arg, uint64_t *n, struct err *err);
