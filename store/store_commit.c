/* Storing finished scans: history, state, failures, changes, the next due time. */
#include "scanner/base/alloc.h"
#include "store/pack/pack.h"
#include "store/store_private.h"
#include "store/store_schedule.h"
#include "store/store_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One call of commit on its way. */
struct committing {
    struct store *store;
    struct store_commit *commit;
    struct bytes packed; /* used again for each scan */
};

static bool find_lease(struct db *db, int64_t origin_id, bool *complete) {
    struct db_query *query = db_query(db, "SELECT complete FROM lease WHERE origin_id = ?1");
    db_int(query, 1, origin_id);
    if (!db_row(query))
        return false;
    *complete = db_get_int(query, "complete") != 0;
    db_reset(query);
    return true;
}

static void end_lease(struct db *db, int64_t origin_id) {
    struct db_query *query = db_query(db, "DELETE FROM lease WHERE origin_id = ?1");
    db_int(query, 1, origin_id);
    db_run(query);
}

static void note_complete(struct db *db, int64_t origin_id) {
    struct db_query *query = db_query(db, "UPDATE lease SET complete = 1 WHERE origin_id = ?1");
    db_int(query, 1, origin_id);
    db_run(query);
}

static int64_t append_scan(struct committing *c, const struct store_finished *finished) {
    c->packed.n = 0;
    pack_scan(finished->scan, &c->packed);
    struct db_query *query =
        db_query(c->store->db, "INSERT INTO scan (origin_id, previous, started_at, packed) VALUES"
                               " (?1, (SELECT last_scan FROM origin WHERE id = ?1), ?2, ?3)");
    db_int(query, 1, finished->origin_id);
    db_int(query, 2, finished->scan->started_ms);
    db_blob(query, 3, c->packed.at, c->packed.n);
    db_run(query);
    return db_last_id(c->store->db);
}

static void insert_failure(struct db *db, const struct store_finished *finished, size_t position) {
    const struct probe_result *probe = &finished->scan->probes[position];
    struct db_query *query =
        db_query(db, "INSERT INTO failure (origin_id, position, verdict, probe, outcome, stage,"
                     " alert, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    db_int(query, 1, finished->origin_id);
    db_int(query, 2, (int64_t)position);
    db_text(query, 3, verdict_name(finished->judgement->verdict));
    db_text(query, 4, probe_name(probe->probe));
    db_text(query, 5, outcome_name(probe->outcome));
    db_text(query, 6, stage_name(probe->stage));
    if (probe->alert >= 0)
        db_int(query, 7, probe->alert);
    db_text(query, 8, *probe->detail ? probe->detail : NULL);
    db_run(query);
}

static void replace_failures(struct db *db, const struct store_finished *finished) {
    struct db_query *query = db_query(db, "DELETE FROM failure WHERE origin_id = ?1");
    db_int(query, 1, finished->origin_id);
    db_run(query);
    for (size_t i = 0; i < finished->scan->probes_n; i++)
        if (facts_probe_failed(&finished->scan->probes[i]))
            insert_failure(db, finished, i);
}

/* Where facts_compare() finds a difference. */
struct change_notes {
    struct db *db;
    struct store_change change;
};

static void note_change(void *arg, const char *field, const char *old, const char *new) {
    struct change_notes *notes = arg;
    notes->change.field = field;
    notes->change.old = old;
    notes->change.new = new;
    store_change_note(notes->db, &notes->change);
}

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

static void note_changes(struct db *db, const struct store_finished *finished,
                         const struct store_origin *old, const struct store_origin *new) {
    char subject[ORIGIN_TEXT_SIZE], reason[128];
    struct change_notes notes = {
        .db = db,
        .change = {.at_ms = finished->scan->started_ms,
                   .subject = origin_format(&old->origin, subject),
                   .reason = reason},
    };
    say_why(finished->scan, reason, sizeof reason);
    if (old->scanned && old->status != new->status)
        note_change(&notes, "status", status_name(old->status), status_name(new->status));
    snprintf(reason, sizeof reason, "scan says %s", verdict_name(finished->judgement->verdict));
    facts_compare(&old->facts, &new->facts, note_change, &notes);
}

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

static void conclude(struct committing *c, const struct store_finished *finished,
                     struct store_origin *state) {
    struct judgement judgement = *finished->judgement;
    store_address_merge(c->store->db, finished, c->commit->now_ms, &judgement);
    note_hybrid(c->store, judgement.group_ids[JUDGED_HYBRID]);
    state->facts = facts_from(&judgement);
    state->concluded_ms = finished->scan->started_ms;
}

/* When the origin is due next; the phase comes from its stored identity, not from the scan. */
static const char *reschedule(const struct store *store, const struct store_finished *finished,
                              struct store_origin *state) {
    const struct origin *origin = &state->origin;
    struct schedule_visit visit = {.started_ms = finished->scan->started_ms,
                                   .failures = state->failures,
                                   .extra_after_ms = finished->extra_after_ms};
    struct schedule_next next = schedule_next(
        &store->schedule, schedule_phase(origin->host, origin->port, origin->sni, origin->address),
        &visit);
    state->due_ms = next.due_ms;
    if (!next.extra)
        return NULL;
    return finished->extra_again ? STORE_DUE_AGAIN : plan_name(PLAN_QUICK);
}

static void limit_history(struct store *store, int64_t origin_id, int64_t scan_id) {
    if (!store->keep_scans)
        return;
    struct db_query *query = db_query(store->db, "SELECT kept FROM origin WHERE id = ?1");
    db_int(query, 1, origin_id);
    int64_t kept = db_row(query) ? db_get_int(query, "kept") : 0;
    db_reset(query);
    /* a quarter late, so that the walk along the chain is paid by many scans */
    if (kept > store->keep_scans + store->keep_scans / 4)
        store_prune_origin(store->db, origin_id, scan_id, store->keep_scans, 0);
}

static void commit_one(struct committing *c, const struct store_finished *given) {
    struct db *db = c->store->db;
    struct store_finished own = *given;
    const struct store_finished *finished = &own;
    struct store_origin old;
    bool complete = false;
    if (!find_lease(db, finished->origin_id, &complete) ||
        !store_state_load(db, finished->origin_id, &old)) {
        c->commit->not_ours++;
        return;
    }
    struct store_origin new = old;
    new.scanned = true;
    new.status = finished->scan->status;
    new.scanned_ms = finished->scan->started_ms;
    if (*finished->scan->address)
        snprintf(new.dialled, sizeof new.dialled, "%s", finished->scan->address);
    if (facts_accepts(finished->judgement))
        conclude(c, finished, &new);
    else if (!old.concluded_ms) /* nothing is known yet, so there is nothing to keep */
        new.facts = (struct facts){.any = true, .verdict = finished->judgement->verdict};
    complete = complete || new.status == STATUS_COMPLETE;
    if (c->commit->observe)
        c->commit->observe(c->commit->observe_arg, c->store, &old, &own);
    struct store_state_next next = {.state = &new, .scan_id = append_scan(c, finished)};
    if (!finished->more) {
        new.failures = complete ? 0 : old.failures + 1;
        next.due_plan = reschedule(c->store, finished, &new);
        end_lease(db, old.id);
    } else if (complete) {
        note_complete(db, old.id);
    }
    store_state_write(db, &next);
    replace_failures(db, finished);
    note_changes(db, finished, &old, &new);
    limit_history(c->store, old.id, next.scan_id);
    c->commit->stored++;
}

enum store_result store_commit(struct store *store, struct store_commit *commit, struct err *err) {
    struct committing c = {.store = store, .commit = commit};
    uint16_t hybrid_before = c.store->hybrid;
    commit->stored = commit->not_ours = 0;
    db_begin_write(c.store->db);
    for (size_t i = 0; i < commit->n && !db_failed(c.store->db); i++)
        commit_one(&c, &commit->finished[i]);
    enum store_result result = store_result(db_end(c.store->db, err));
    if (result != STORE_OK) {
        commit->stored = commit->not_ours = 0;
        c.store->hybrid = hybrid_before;
    }
    bytes_clear(&c.packed);
    return result;
}
