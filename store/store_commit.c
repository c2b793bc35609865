/* Storing finished scans: history, state, failures, changes, the next due time. */
#include "scanner/base/alloc.h"
#include "store/facts.h"
#include "store/pack/pack.h"
#include "store/store_address.h"
#include "store/store_observing.h"
#include "store/store_private.h"
#include "store/store_schedule.h"
#include "store/store_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A leased origin as it is stored. */
struct leased {
    struct store_origin origin;
    bool complete; /* a scan of this visit was */
    bool failed;   /* probes of its last scan did */
    bool extra;    /* a short visit between two full ones is due */
    int64_t last_scan;
    int64_t kept;
};

/* One call of commit on its way. What is large is used again for each scan. */
struct committing {
    struct store *store;
    struct store_commit *commit;
    struct store_observing observing;
    struct bytes packed;
    struct store_addresses addresses; /* of the origin */
    size_t ended_n;
    int64_t *ended; /* origins whose leases end with this commit */
};

/* ---- leases ---- */

#define LEASED_COLUMNS                                                                             \
    "j.key AS place, " STORE_STATE_KNOWN ", o.dialled, o.last_scan, o.kept, l.complete,"           \
    " o.due_plan IS NOT NULL AS extra,"                                                            \
    " EXISTS (SELECT 1 FROM failure WHERE origin_id = o.id) AS failed"
#define LEASED_FROM                                                                                \
    " FROM json_each(?1) j CROSS JOIN lease l ON l.origin_id = j.value"                            \
    " CROSS JOIN origin o ON o.id = l.origin_id"

/* One query for all that a commit has to know of its origins but their addresses: a row for each
 * finished scan of a leased origin, in order. What is written between two rows is seen by the next. */
static struct db_query *query_leased(const struct committing *c) {
    struct db_query *query =
        c->commit->observe
            ? db_query(
                  c->store->db,
                  "SELECT " LEASED_COLUMNS STORE_OBSERVING_COLUMNS LEASED_FROM STORE_OBSERVING_JOIN)
            : db_query(c->store->db, "SELECT " LEASED_COLUMNS LEASED_FROM);
    int64_t *ids = alloc_zero(c->commit->n + 1, sizeof *ids);
    for (size_t i = 0; i < c->commit->n; i++)
        ids[i] = c->commit->finished[i].origin_id;
    db_ids(query, 1, ids, c->commit->n);
    free(ids);
    return query;
}

/* The visit of an origin ends once: what comes after that in the same commit is not ours. */
static bool is_ended(const struct committing *c, int64_t origin_id) {
    for (size_t i = 0; i < c->ended_n; i++)
        if (c->ended[i] == origin_id)
            return true;
    return false;
}

static void read_leased(struct committing *c, struct db_query *query, struct leased *out) {
    struct store_origin *origin = &out->origin;
    store_state_read_known(query, origin);
    db_get_copy(query, "dialled", origin->dialled, sizeof origin->dialled);
    out->last_scan = db_get_int(query, "last_scan");
    out->kept = db_get_int(query, "kept");
    out->complete = db_get_int(query, "complete") != 0;
    out->failed = db_get_int(query, "failed") != 0;
    out->extra = db_get_int(query, "extra") != 0;
    if (c->commit->observe)
        store_observing_read(&c->observing, query);
    store_address_load(c->store->db, origin->id, &c->addresses);
    if (!*origin->dialled && c->addresses.n > 0)
        memcpy(origin->dialled, c->addresses.list[0].address, sizeof origin->dialled);
}

static void note_complete(struct db *db, int64_t origin_id) {
    struct db_query *query = db_query(db, "UPDATE lease SET complete = 1 WHERE origin_id = ?1");
    db_int(query, 1, origin_id);
    db_run(query);
}

static void end_leases(const struct committing *c) {
    struct db_query *query = db_query(
        c->store->db, "DELETE FROM lease WHERE origin_id IN (SELECT value FROM json_each(?1))");
    db_ids(query, 1, c->ended, c->ended_n);
    db_run(query);
}

/* ---- what a scan writes ---- */

static int64_t append_scan(struct committing *c, const struct store_finished *finished,
                           int64_t previous) {
    c->packed.n = 0;
    pack_scan(finished->scan, &c->packed);
    struct db_query *query =
        db_query(c->store->db, "INSERT INTO scan (origin_id, previous, started_at, packed)"
                               " VALUES (?1, nullif(?2, 0), ?3, ?4)");
    db_int(query, 1, finished->origin_id);
    db_int(query, 2, previous);
    db_int(query, 3, finished->scan->started_ms);
    db_blob(query, 4, c->packed.at, c->packed.n);
    db_run(query);
    return db_last_id(c->store->db);
}

static void insert_failure(struct db *db, const struct store_finished *finished, size_t position) {
    const struct probe_result *probe = &finished->scan->probes[position];
    char name[PROBE_NAME_SIZE];
    struct db_query *query =
        db_query(db, "INSERT INTO failure (origin_id, position, verdict, probe, outcome, stage,"
                     " alert, detail, scanned_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    db_int(query, 1, finished->origin_id);
    db_int(query, 2, (int64_t)position);
    db_text(query, 3, verdict_name(finished->judgement->verdict));
    db_text(query, 4, probe_full_name(probe->probe, probe->parameter, name));
    db_text(query, 5, outcome_name(probe->outcome));
    db_text(query, 6, stage_name(probe->stage));
    if (probe->alert >= 0)
        db_int(query, 7, probe->alert);
    db_text(query, 8, *probe->detail ? probe->detail : NULL);
    db_int(query, 9, finished->scan->started_ms);
    db_run(query);
}

static void delete_failures(struct db *db, int64_t origin_id) {
    struct db_query *query = db_query(db, "DELETE FROM failure WHERE origin_id = ?1");
    db_int(query, 1, origin_id);
    db_run(query);
}

static void replace_failures(struct db *db, const struct store_finished *finished, bool any) {
    if (any)
        delete_failures(db, finished->origin_id);
    if (finished->judgement->verdict ==
        VERDICT_COUNT) /* a refusal that leaves open what is there */
        return;
    for (size_t i = 0; i < finished->scan->probes_n; i++)
        if (facts_probe_failed(&finished->scan->probes[i]))
            insert_failure(db, finished, i);
}

/* ---- what changed ---- */

/* What made a scan end as it did: its last probe that failed. */
static void say_why(const struct scan *scan, char *out, size_t size) {
    snprintf(out, size, "scan %s", status_name(scan->status));
    for (size_t i = scan->probes_n; i-- > 0;) {
        const struct probe_result *probe = &scan->probes[i];
        if (!facts_probe_failed(probe) || scan->status == STATUS_COMPLETE)
            continue;
        snprintf(out, size, "%s: %s at %s", probe_name(probe->probe), outcome_name(probe->outcome),
                 stage_name(probe->stage));
        return;
    }
}

/* Where facts_compare() finds a difference. */
struct change_notes {
    struct db *db;
    const struct store_finished *finished;
    const struct origin *origin;
};

static void note_change(const struct change_notes *notes, const char *field, const char *old,
                        const char *new, const char *reason) {
    char subject[ORIGIN_TEXT_SIZE];
    struct store_change change = {.at_ms = notes->finished->scan->started_ms,
                                  .subject = origin_format(notes->origin, subject),
                                  .field = field,
                                  .old = old,
                                  .new = new,
                                  .reason = reason};
    store_change_note(notes->db, &change);
}

static void note_fact(void *arg, const char *field, const char *old, const char *new) {
    const struct change_notes *notes = arg;
    enum verdict verdict = notes->finished->judgement->verdict;
    char reason[128];
    snprintf(reason, sizeof reason, "scan says %s",
             verdict == VERDICT_COUNT ? "no verdict" : verdict_name(verdict));
    note_change(notes, field, old, new, reason);
}

static void note_changes(struct db *db, const struct store_finished *finished,
                         const struct store_origin *old, const struct store_origin *new) {
    struct change_notes notes = {db, finished, &old->origin};
    if (old->scanned && old->status != new->status) {
        char reason[128];
        say_why(finished->scan, reason, sizeof reason);
        note_change(&notes, "status", status_name(old->status), status_name(new->status), reason);
    }
    facts_compare(&old->facts, &new->facts, note_fact, &notes);
}

/* ---- the origin ---- */

static void note_hybrid(struct store *store, uint16_t hybrid) {
    if (store->hybrid == hybrid)
        return;
    struct db_query *query = db_query(store->db, "INSERT INTO meta (key, value) VALUES"
                                                 " ('hybrid', ?1) ON CONFLICT (key) DO UPDATE"
                                                 " SET value = excluded.value");
    db_int(query, 1, hybrid);
    db_run(query);
    store->hybrid = hybrid;
}

/* Whether sessions are resumed is asked on every seventh visit only; until the next answer the verdict
 * of the last one stands, with its time. */
static bool keep_resumption(const struct committing *c, const struct store_finished *finished,
                            struct judgement *judgement) {
    const struct store_address *own = store_address_find(&c->addresses, finished->scan->address);
    return finished->scan->plan != PLAN_QUICK && own && own->judged &&
           facts_keep_resumption(judgement, &own->judgement);
}

static void conclude_origin(struct committing *c, const struct store_finished *finished,
                            struct store_origin *state, int64_t before_ms) {
    struct judgement judgement = *finished->judgement;
    if (keep_resumption(c, finished, &judgement))
        state->decided_ms = before_ms;
    const struct store_address *deciding =
        store_address_merge(c->store->db, finished, c->commit->now_ms, &c->addresses, &judgement);
    if (deciding) {
        memcpy(state->dialled, deciding->address, sizeof state->dialled);
        state->decided_ms = deciding->scanned_ms;
    }
    note_hybrid(c->store, judgement.group_ids[JUDGED_HYBRID]);
    state->facts = facts_from(&judgement);
    state->concluded_ms = finished->scan->started_ms;
}

/* When the origin is due next, and for which plan; the phase comes from its stored identity, not from
 * the scan. */
static const char *choose_next_visit(const struct store *store,
                                     const struct store_observed *observed,
                                     struct store_origin *state) {
    const struct origin *origin = &state->origin;
    struct schedule_visit visit = {.started_ms = observed->scan->started_ms,
                                   .failures = state->failures,
                                   .extra_after_ms = observed->extra_after_ms};
    struct schedule_next next = schedule_next(
        &store->schedule, schedule_phase(origin->host, origin->port, origin->sni, origin->address),
        &visit);
    state->due_ms = next.due_ms;
    if (!next.extra)
        return NULL;
    return observed->extra_again ? STORE_DUE_AGAIN : plan_name(PLAN_QUICK);
}

/* A quarter late, so that the walk along the chain is paid by many scans. */
static void limit_history(const struct store *store, int64_t origin_id, int64_t scan_id,
                          int64_t kept) {
    if (store->keep_scans && kept > store->keep_scans + store->keep_scans / 4)
        store_prune_origin(store->db, origin_id, scan_id, store->keep_scans, 0);
}

/* NULL where the origin's only address says it. */
static const char *dialled_to_store(const struct committing *c, const struct store_origin *state) {
    const char *only = store_address_only(&c->addresses);
    bool said = only && strcmp(only, state->dialled) == 0;
    return said || !*state->dialled ? NULL : state->dialled;
}

/* Short visits between two full ones are for the rule. What is known of the origin stays what its
 * last full scan said, with the time and the address of that scan. */
static bool is_extra(const struct leased *old, const struct store_finished *finished) {
    return old->extra && finished->scan->plan == PLAN_QUICK && old->origin.concluded_ms != 0 &&
           finished->scan->status == STATUS_COMPLETE;
}

static void advance_by_extra(const struct store_finished *finished, struct store_origin *state) {
    if (!state->decided_ms)
        state->decided_ms = state->concluded_ms;
    state->status = finished->scan->status;
    state->scanned_ms = finished->scan->started_ms;
}

/* One of the last scan, not of the address that decides: those who look for what is slow want the
 * newest. */
static void time_handshake(const struct scan *scan, struct store_origin *state) {
    const struct probe_result *median = scan_median_handshake(scan);
    state->handshake_us = median ? probe_result_handshake_us(median) : 0;
    state->connect_us = median ? median->connect_us : 0;
}

/* What is known of the origin after the scan. */
static void advance_by_scan(struct committing *c, const struct store_finished *finished,
                            struct store_origin *state) {
    bool known = state->concluded_ms != 0;
    int64_t before_ms = state->decided_ms ? state->decided_ms : state->concluded_ms;
    state->scanned = true;
    state->status = finished->scan->status;
    state->scanned_ms = finished->scan->started_ms;
    state->decided_ms = 0;
    if (*finished->scan->address)
        memcpy(state->dialled, finished->scan->address, sizeof state->dialled);
    if (state->status == STATUS_COMPLETE)
        time_handshake(finished->scan, state);
    if (facts_accepts(finished->judgement))
        conclude_origin(c, finished, state, before_ms);
    else if (!known) /* so there is nothing to keep */
        state->facts = (struct facts){.any = true, .verdict = finished->judgement->verdict};
}

static void observe_scan(struct committing *c, const struct store_finished *finished,
                         const struct store_origin *before, struct store_observed *out) {
    *out = (struct store_observed){
        .origin_id = before->id,
        .visits = before->visits,
        .scan = finished->scan,
        .judgement = finished->judgement,
    };
    if (c->commit->observe)
        store_observing_ask(&c->observing, out);
}

static void commit_scan(struct committing *c, const struct store_finished *finished,
                        const struct leased *old) {
    struct db *db = c->store->db;
    struct store_origin state = old->origin;
    struct store_observed observed;
    bool extra = is_extra(old, finished);
    if (extra)
        advance_by_extra(finished, &state);
    else
        advance_by_scan(c, finished, &state);
    observe_scan(c, finished, &old->origin, &observed);
    bool complete = old->complete || state.status == STATUS_COMPLETE;
    struct store_state_next next = {.state = &state,
                                    .dialled = dialled_to_store(c, &state),
                                    .scan_id = append_scan(c, finished, old->last_scan)};
    if (!finished->more) {
        state.failures = complete ? 0 : state.failures + 1;
        next.due_plan = choose_next_visit(c->store, &observed, &state);
        c->ended[c->ended_n++] = state.id;
    } else if (complete && !old->complete) {
        note_complete(db, state.id);
    }
    store_state_write(db, &next);
    if (!extra)
        replace_failures(db, finished, old->failed);
    note_changes(db, finished, &old->origin, &state);
    limit_history(c->store, state.id, next.scan_id, old->kept + 1);
}

static void commit_all(struct committing *c) {
    struct store_commit *commit = c->commit;
    struct db_query *query = query_leased(c);
    struct leased old;
    while (db_row(query)) {
        const struct store_finished *finished = &commit->finished[db_get_int(query, "place")];
        if (is_ended(c, finished->origin_id))
            continue;
        read_leased(c, query, &old);
        commit_scan(c, finished, &old);
        commit->stored++;
    }
    commit->not_ours = commit->n - commit->stored;
    end_leases(c);
    store_observing_end(&c->observing);
}

enum store_result store_commit(struct store *store, struct store_commit *commit, struct err *err) {
    struct committing c = {
        .store = store,
        .commit = commit,
        .observing = {.store = store, .db = store->db, .commit = commit},
        .ended = alloc_zero(commit->n + 1, sizeof *c.ended),
    };
    uint16_t hybrid_before = store->hybrid;
    commit->stored = commit->not_ours = 0;
    db_begin_write(store->db);
    commit_all(&c);
    enum store_result result = store_result(db_end(store->db, err));
    if (result != STORE_OK) {
        commit->stored = commit->not_ours = 0;
        store->hybrid = hybrid_before;
    }
    bytes_clear(&c.packed);
    free(c.ended);
    return result;
}
