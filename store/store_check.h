/* Checking everything that can be checked. */
#pragma once

#include "store/store.h"

#include <stdint.h>

typedef void store_problem(void *arg, const char *text);

/* Pages, references, packed scans, chains, counters. Calls `problem` for each defect; *n counts
 * them. */
STORE_RESULT store_check(struct store *store, store_problem *problem, void *arg, uint64_t *n,
                         struct err *err);
