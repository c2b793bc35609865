/* Adding and updating origins. */
#pragma once

#include "scanner/words/origin.h"
#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

struct store_import_counts {
    uint64_t added;
    uint64_t updated; /* another weight or zone */
    uint64_t same;
};

/* Adds origins or updates those with the same host, port, sni and fixed address. An origin whose
 * zone changed moves; a zone without origins goes with its setting. Added ones are due at their
 * first slot within a period. Tens of thousands a call are stored best: they lie in the order in
 * which they will be scanned. `counts` is added to. */
enum store_result store_import(struct store *store, const struct origin *origins, size_t n,
                               int64_t now_ms, struct store_import_counts *counts, struct err *err);
