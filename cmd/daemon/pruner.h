/* Deletes history that is too old, a slice at a time, all of it every few hours. */
#pragma once

#include "cmd/daemon/config.h"
#include "store/store.h"

/* Starts as {0}. */
struct pruner {
    int64_t cursor;
    uint64_t again_us; /* monotonic: all was looked at, begin anew then */
};

/* Deletes what `config` does not want kept of a few origins, if it is time to. */
STORE_RESULT pruner_slice(struct pruner *pruner, struct store *store, const struct config *config,
                          struct err *err);
