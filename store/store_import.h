/* Adding and updating origins. */
#pragma once

#include "scanner/words/origin.h"
#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

struct store_import_counts {
    uint64_t added;   /* origins */
    uint64_t joined;  /* origins that were known, and are in one zone more now */
    uint64_t updated; /* another weight in a zone */
    uint64_t same;
};

/* Adds origins, or puts those with the same host, port, sni and fixed address into the zone that is
 * named now, with that weight. They leave no other zone: an origin may be in several, and is one and
 * the same in all of them. Added ones are due at their first slot within a period. Tens of thousands a
 * call are stored best: they lie in the order in which they will be scanned. `counts` is added to. */
STORE_RESULT store_import(struct store *store, const struct origin *origins, size_t n,
                          int64_t now_ms, struct store_import_counts *counts, struct err *err);

/* Two lines of one list that cannot both hold: two weights of one origin in one zone. */
struct store_import_conflict {
    const struct origin *origin; /* as the later line has it, which is not imported */
    uint64_t line;
    uint64_t first_line; /* the one that holds */
    double first_weight;
};

typedef void store_each_conflict(void *arg, const struct store_import_conflict *conflict);

/* Some lines of a list that is imported in several calls. */
struct store_import_lines {
    const struct origin *origins;
    const uint64_t *numbers; /* of their lines */
    size_t n;
    store_each_conflict *conflict;
    void *arg;
};

/* Begins the import of a list: from now on this store keeps, in a file of its own and not in memory,
 * which line named which origin in which zone. Not within a transaction. */
STORE_RESULT store_import_begin(struct store *store, struct err *err);

/* As store_import(), for lines of that list; lines that contradict an earlier one are told. */
STORE_RESULT store_import_lines(struct store *store, const struct store_import_lines *lines,
                                int64_t now_ms, struct store_import_counts *counts,
                                struct err *err);
