/* What the scanning loop has of the store's and owes it. */
#include "cmd/daemon/ledger.h"

#include "cmd/daemon/log.h"
#include "cmd/metrics/metrics.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "store/store_schedule.h"

#include <assert.h>
#include <stdlib.h>

enum { CLAIM_MAX = 256 }; /* origins claimed at once */

void ledger_init(struct ledger *ledger, struct store *store, struct once *once) {
    *ledger = (struct ledger){
        .store = store,
        .once = once,
        .claims = alloc_zero(CLAIM_MAX, sizeof *ledger->claims),
        .finished = finished_new(),
    };
}

void ledger_clear(struct ledger *ledger) {
    finished_free(ledger->finished);
    deferred_visits_clear(&ledger->deferred);
    free(ledger->claims);
}

/* True if the fault is to be tried once more. */
static bool doubts_fault(struct ledger *ledger, const char *what, const struct err *err) {
    enum { LOOK_MS = 1000, AGAIN_S = 600 };
    struct err damage;
    uint64_t now_us = clock_mono_us();
    bool lately =
        ledger->doubted_us != 0 && now_us - ledger->doubted_us < AGAIN_S * UINT64_C(1000000);
    if (lately || store_look_again(ledger->store, LOOK_MS, &damage) != STORE_OK)
        return false;
    log_event(LOG_LEVEL_WARNING, "store_doubtful", log_text("during", what),
              log_text("reason", err->text));
    ledger->doubted_us = now_us;
    return true;
}

bool ledger_note(struct ledger *ledger, const char *what, enum store_result result,
                 const struct err *err) {
    if (result == STORE_BROKEN && !ledger->watch.broken && doubts_fault(ledger, what, err))
        result = STORE_RETRY;
    return store_watch_note(&ledger->watch, what, result, err);
}

static enum store_result claim_due(struct ledger *ledger, int64_t now_ms, struct err *err) {
    if (ledger->once)
        return once_claim(ledger->once, ledger->store, CLAIM_MAX, ledger->claims, &ledger->claims_n,
                          err);
    return store_claim(ledger->store, now_ms, CLAIM_MAX, ledger->claims, &ledger->claims_n, err);
}

void ledger_claim(struct ledger *ledger, int64_t now_ms) {
    struct err err;
    ledger->claims_at = ledger->claims_n = 0;
    ledger_note(ledger, "claim", claim_due(ledger, now_ms, &err), &err);
}

bool ledger_has_claims(const struct ledger *ledger) {
    return ledger->claims_at < ledger->claims_n;
}

const struct store_claim *ledger_next_claim(struct ledger *ledger) {
    assert(ledger_has_claims(ledger));
    return &ledger->claims[ledger->claims_at++];
}

void ledger_give_back(struct ledger *ledger, int64_t origin_id) {
    if (ledger->once)
        once_give_back(ledger->once);
    deferred_visits_add(&ledger->deferred, origin_id, 0);
}

void ledger_give_back_claims(struct ledger *ledger) {
    while (ledger_has_claims(ledger))
        ledger_give_back(ledger, ledger_next_claim(ledger)->origin_id);
}

static bool write_scans(struct ledger *ledger, const struct store_commit *how) {
    while (finished_count(ledger->finished) > 0) {
        struct err err;
        struct store_commit commit = *how;
        uint64_t began_us = clock_mono_us();
        enum store_result result = finished_commit(ledger->finished, ledger->store, &commit, &err);
        metrics_observe(METRIC_COMMIT_DURATION, clock_mono_us() - began_us);
        if (result != STORE_OK)
            metrics_count(METRIC_COMMIT_FAILURES, 0, 0);
        if (!ledger_note(ledger, "commit", result, &err))
            return false;
        ledger->stored += commit.stored;
        struct store_log log = store_log(ledger->store);
        metrics_set(METRIC_WAL_BYTES, (double)log.bytes);
        store_watch_note_log(&ledger->watch, log);
        if (commit.not_ours > 0)
            log_event(LOG_LEVEL_WARNING, "leases_lost",
                      log_count("scans", (int64_t)commit.not_ours));
    }
    return true;
}

static bool write_deferred(struct ledger *ledger) {
    struct err err;
    if (ledger->deferred.n == 0)
        return true;
    return ledger_note(ledger, "defer",
                       deferred_visits_flush(&ledger->deferred, ledger->store, &err), &err);
}

bool ledger_write(struct ledger *ledger, const struct store_commit *how) {
    return write_scans(ledger, how) && write_deferred(ledger);
}

static void give_back_dropped(void *arg, int64_t origin_id) {
    ledger_give_back(arg, origin_id);
}

void ledger_drop_times(struct ledger *ledger, int64_t now_ms) {
    deferred_visits_drop_times(&ledger->deferred);
    finished_drop_later(ledger->finished, now_ms, give_back_dropped, ledger);
}

bool ledger_is_empty(const struct ledger *ledger) {
    return !ledger_has_claims(ledger) && finished_count(ledger->finished) == 0 &&
           ledger->deferred.n == 0;
}

void ledger_ask_again(struct ledger *ledger, int64_t now_ms) {
    struct err err;
    if (ledger_has_claims(ledger))
        ledger_note(ledger, "write", store_watch_try(ledger->store, &err), &err);
    else
        ledger_claim(ledger, now_ms);
}

bool ledger_repair_due(struct ledger *ledger, int64_t now_ms) {
    struct err err;
    uint64_t n = 0;
    enum store_result result = store_repair_due(ledger->store, now_ms, &n, &err);
    if (!ledger_note(ledger, "repair due times", result, &err))
        return false;
    if (n > 0)
        log_event(LOG_LEVEL_WARNING, "due_times_repaired", log_count("origins", (int64_t)n));
    return true;
}

void ledger_prune(struct ledger *ledger, const struct config *config) {
    struct err err;
    ledger_note(ledger, "prune", pruner_slice(&ledger->pruner, ledger->store, config, &err), &err);
}
