/* Origins that somebody wants scanned now, whenever they are due: by this process, or beside it by
 * the one that scans. */
#pragma once

#include "scanner/words/words.h"
#include "store/store_schedule.h"

/* Makes them due now, for a full visit and before all others. Those that are being visited stay as
 * they are. */
STORE_RESULT store_want(struct store *store, const int64_t *ids, size_t n, int64_t now_ms,
                        struct err *err);

/* As store_claim, but only of these origins. */
STORE_RESULT store_claim_of(struct store *store, int64_t now_ms, const int64_t *ids, size_t n,
                            size_t limit, struct store_claim *out, size_t *claimed,
                            struct err *err);

/* How it stands with one that is wanted. */
struct store_wanted {
    int64_t id;
    int64_t leased_ms;  /* being visited, since then; 0: not */
    int64_t scanned_ms; /* last scan, 0: none; what follows is of it */
    enum scan_status status;
    enum verdict verdict; /* VERDICT_COUNT: none */
    bool touched;         /* a zone of it is to be settled */
};

typedef bool store_each_wanted(void *arg, const struct store_wanted *wanted);

/* In the order of `ids`; one that was removed is passed over. */
STORE_RESULT store_wanted_look(struct store *store, const int64_t *ids, size_t n,
                               store_each_wanted *each, void *arg, struct err *err);
