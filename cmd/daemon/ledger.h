/* What the scanning loop has of the store's and owes it: origins that are claimed and not yet being
 * scanned, finished scans and deferred visits that are not written yet. Every call to the store on
 * the loop's behalf is made here; `watch` says whether the store is late or broken. */
#pragma once

#include "cmd/daemon/config.h"
#include "cmd/daemon/deferred_visits.h"
#include "cmd/daemon/finished.h"
#include "cmd/daemon/once.h"
#include "cmd/daemon/pruner.h"
#include "cmd/daemon/store_watch.h"

struct ledger {
    struct store *store; /* borrowed */
    struct store_watch watch;
    struct once *once;          /* a run of `scan`, borrowed; NULL: the daemon */
    struct store_claim *claims; /* from claims_at on */
    size_t claims_n;
    size_t claims_at;
    struct finished *finished;
    struct deferred_visits deferred;
    struct pruner pruner;
    uint64_t stored;     /* scans, ever */
    uint64_t doubted_us; /* monotonic: when a fault was taken for a passing one; 0: never */
};

/* Starts with nothing claimed and nothing to write; both are borrowed, `once` is NULL for the daemon. */
void ledger_init(struct ledger *ledger, struct store *store, struct once *once);
void ledger_clear(struct ledger *ledger); /* what is not written is lost */

/* Claims origins that are due by then, or belong to the run; to be called when none are left. */
void ledger_claim(struct ledger *ledger, int64_t now_ms);

/* Whether ledger_next_claim has one to give. */
bool ledger_has_claims(const struct ledger *ledger);

/* The next claimed origin, borrowed until ledger_claim. There has to be one. */
const struct store_claim *ledger_next_claim(struct ledger *ledger);

/* An origin will not be scanned now: it is due again as it was. Of all claims that are left. */
void ledger_give_back(struct ledger *ledger, int64_t origin_id);
void ledger_give_back_claims(struct ledger *ledger);

/* Writes all finished scans, `how->n` at most in a transaction and with the rest of `how` as given,
 * and all deferred visits. True if nothing is left. */
bool ledger_write(struct ledger *ledger, const struct store_commit *how);

/* The wall clock was set: what is not written yet and has a time that is not over is given back. */
void ledger_drop_times(struct ledger *ledger, int64_t now_ms);

/* Notes what the store answered to somebody who asked it for `what`; true if it was done. A fault that
 * says that the file is damaged is taken for a passing one, as if the store were late, if a second
 * look at the file finds nothing: once in ten minutes. */
bool ledger_note(struct ledger *ledger, const char *what, enum store_result result,
                 const struct err *err);

/* True if nothing is claimed or to be written. */
bool ledger_is_empty(const struct ledger *ledger);

/* Asks a store again that was late with something that is not kept. */
void ledger_ask_again(struct ledger *ledger, int64_t now_ms);

/* At the start, after a jump of the wall clock and now and then: true if due times are right again. */
bool ledger_repair_due(struct ledger *ledger, int64_t now_ms);

/* Deletes some of what `config` does not want kept, if it is time to. */
void ledger_prune(struct ledger *ledger, const struct config *config);
