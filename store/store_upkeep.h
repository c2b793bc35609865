/* Upkeep: pruning the history, copying. */
#pragma once

#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_pruned {
    uint64_t scans;
    uint64_t changes;
};

/* Deletes scans beyond `keep_scans` an origin (0: no limit by number) and those that started before
 * `before_ms` (0: no limit by age), except each origin's newest; and changes older than that. Goes
 * on after origin *cursor (start with 0) over at most `limit` origins and sets *cursor to 0 at the
 * end, so that a daemon can do it in slices. */
STORE_RESULT store_prune(struct store *store, unsigned keep_scans, int64_t before_ms,
                         int64_t *cursor, size_t limit, struct store_pruned *pruned,
                         struct err *err);

/* The write-ahead log as the last commit of this store left it. */
struct store_log {
    uint64_t bytes; /* 0 before the first commit */
    bool held;      /* another program's read transaction keeps it from being emptied: it grows */
};
struct store_log store_log(const struct store *store);

/* After a call that said STORE_BROKEN: reads the file anew for at most so many milliseconds. STORE_OK if no
 * damage is found, so that the call may be made once more; else STORE_BROKEN with `err`. */
STORE_RESULT store_look_again(struct store *store, unsigned limit_ms, struct err *err);

/* A consistent copy, made while others write; it takes the place of `path` when complete. */
STORE_RESULT store_backup(struct store *store, const char *path, struct err *err);
