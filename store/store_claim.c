/* Which origins are due: leasing them, putting wrong due times right. */
#include "scanner/base/alloc.h"
#include "scanner/base/hash.h"
#include "store/store_private.h"
#include "store/store_schedule.h"
#include "store/store_state.h"
#include "store/store_wanted.h"

#include <stdlib.h>
#include <string.h>

#define CLAIM_COLUMNS                                                                              \
    "o.id, z.name AS zone, o.host, o.port, o.sni, o.address, o.due_at, o.visits,"                  \
    " o.conclusive OR o.concluded_at IS NOT NULL AS concluded, o.due_plan,"                        \
    " (SELECT min(proof_share) FROM membership WHERE origin_id = o.id) AS proof_share"

static void read_claim(struct db_query *query, struct store_claim *out) {
    *out = (struct store_claim){
        .origin_id = db_get_int(query, "id"),
        .due_ms = db_get_int(query, "due_at"),
        .visits = (uint32_t)db_get_int(query, "visits"),
        .concluded = db_get_int(query, "concluded") != 0,
        .proof_share = (uint16_t)db_get_int(query, "proof_share"), /* one of them */
        .plan = PLAN_DAILY,
    };
    db_get_copy(query, "zone", out->origin.zone, sizeof out->origin.zone);
    store_state_endpoint(query, &out->origin);
    const char *due_plan = db_get_text(query, "due_plan");
    out->again = strcmp(due_plan, STORE_DUE_AGAIN) == 0;
    if (out->again)
        out->plan = PLAN_QUICK;
    else if (!plan_parse(due_plan, &out->plan))
        out->plan = PLAN_DAILY;
}

/* CROSS JOIN: the origins come first, by the index on due_at, so that the limit stops early. */
static size_t collect_due(struct db *db, int64_t now_ms, size_t limit, struct store_claim *out) {
    size_t n = 0;
    struct db_query *query =
        db_query(db, "SELECT " CLAIM_COLUMNS " FROM origin o INDEXED BY origin_due"
                     " CROSS JOIN zone z ON z.id = " STORE_STATE_FIRST_ZONE " WHERE o.due_at <= ?1"
                     " AND NOT EXISTS (SELECT 1 FROM lease WHERE origin_id = o.id)"
                     " ORDER BY o.due_at LIMIT ?2");
    db_int(query, 1, now_ms);
    db_int(query, 2, (int64_t)limit);
    while (n < limit && db_row(query))
        read_claim(query, &out[n++]);
    db_reset(query);
    return n;
}

/* A short extra visit that comes so late that the daily one is due as well is the daily one. */
static void prefer_daily(struct store *store, int64_t now_ms, struct store_claim *claim) {
    const struct origin *origin = &claim->origin;
    uint64_t phase = schedule_phase(origin->host, origin->port, origin->sni, origin->address);
    if (claim->plan != PLAN_QUICK ||
        schedule_slot_after(&store->schedule, phase, claim->due_ms) > now_ms)
        return;
    claim->plan = PLAN_DAILY;
    claim->again = false;
    struct db_query *query = db_query(store->db, "UPDATE origin SET due_plan = NULL WHERE id = ?1");
    db_int(query, 1, claim->origin_id);
    db_run(query);
}

/* By lot, and not in turn: the visits of an origin that are full ones, or go to one of its addresses,
 * may be every second or third. A short visit proves only what is sent beside the hybrid's share. */
static void choose_proof(struct db *db, struct store_claim *claim) {
    enum { PROOFS_MAX = 16 };
    uint16_t shares[PROOFS_MAX];
    bool duals[PROOFS_MAX];
    uint32_t n = 0;
    struct db_query *query =
        db_query(db, "SELECT DISTINCT proof_share, proof_preferred FROM membership"
                     " WHERE origin_id = ?1 AND proof_share IS NOT NULL"
                     " AND (?2 = 0 OR proof_preferred) ORDER BY proof_share, proof_preferred");
    db_int(query, 1, claim->origin_id);
    db_int(query, 2, claim->plan == PLAN_QUICK);
    while (n < PROOFS_MAX && db_row(query)) {
        shares[n] = (uint16_t)db_get_int(query, "proof_share");
        duals[n++] = db_get_int(query, "proof_preferred") != 0;
    }
    db_reset(query);
    uint32_t hash = hash_add_32(HASH_START_32, &claim->visits, sizeof claim->visits);
    uint32_t lot = n > 0 ? (hash >> 16) % n : 0; /* the lowest bit is that of the number itself */
    claim->proof_share = n > 0 ? shares[lot] : GROUP_NONE;
    claim->proof_dual = n > 0 && duals[lot];
}

static void lease_all(struct db *db, const struct store_claim *claims, size_t n, int64_t now_ms) {
    int64_t *ids = alloc_zero(n + 1, sizeof *ids);
    for (size_t i = 0; i < n; i++)
        ids[i] = claims[i].origin_id;
    struct db_query *query = db_query(db, "INSERT INTO lease (origin_id, claimed_at)"
                                          " SELECT value, ?2 FROM json_each(?1)");
    db_ids(query, 1, ids, n);
    db_int(query, 2, now_ms);
    if (n > 0)
        db_run(query);
    else
        db_reset(query);
    free(ids);
}

/* Leases what was found and ends the transaction. */
static enum store_result finish_claim(struct store *store, int64_t now_ms, size_t found,
                                      struct store_claim *out, size_t *n, struct err *err) {
    for (size_t i = 0; i < found; i++) {
        prefer_daily(store, now_ms, &out[i]);
        if (out[i].proof_share != GROUP_NONE)
            choose_proof(store->db, &out[i]);
    }
    lease_all(store->db, out, found, now_ms);
    enum store_result result = store_result(db_end(store->db, err));
    if (result == STORE_OK)
        *n = found;
    return result;
}

enum store_result store_claim(struct store *store, int64_t now_ms, size_t limit,
                              struct store_claim *out, size_t *n, struct err *err) {
    *n = 0;
    db_begin_write(store->db);
    size_t found = collect_due(store->db, now_ms, limit, out);
    return finish_claim(store, now_ms, found, out, n, err);
}

static size_t collect_due_of(struct db *db, int64_t now_ms, const int64_t *ids, size_t ids_n,
                             size_t limit, struct store_claim *out) {
    size_t n = 0;
    struct db_query *query =
        db_query(db, "SELECT " CLAIM_COLUMNS " FROM json_each(?3) j"
                     " CROSS JOIN origin o ON o.id = j.value"
                     " CROSS JOIN zone z ON z.id = " STORE_STATE_FIRST_ZONE " WHERE o.due_at <= ?1"
                     " AND NOT EXISTS (SELECT 1 FROM lease WHERE origin_id = o.id)"
                     " ORDER BY j.key LIMIT ?2");
    db_int(query, 1, now_ms);
    db_int(query, 2, (int64_t)limit);
    db_ids(query, 3, ids, ids_n);
    while (n < limit && db_row(query))
        read_claim(query, &out[n++]);
    db_reset(query);
    return n;
}

enum store_result store_claim_of(struct store *store, int64_t now_ms, const int64_t *ids, size_t n,
                                 size_t limit, struct store_claim *out, size_t *claimed,
                                 struct err *err) {
    *claimed = 0;
    db_begin_write(store->db);
    size_t found = collect_due_of(store->db, now_ms, ids, n, limit, out);
    return finish_claim(store, now_ms, found, out, claimed, err);
}

/* The first origin that is due after a time; of all, and of those that were never scanned. */
#define DUE_AFTER(more)                                                                            \
    "SELECT o.id, o.host, o.port, o.sni, o.address, o.due_at"                                      \
    " FROM origin o INDEXED BY origin_due"                                                         \
    " WHERE o.due_at > ?1" more " ORDER BY o.due_at LIMIT 1"

/* One origin that is due too late to be true; false if there is none. The search begins at
 * *after_ms, which follows it. */
static bool repair_one(struct store *store, const char *sql, int64_t *after_ms, int64_t now_ms) {
    struct origin origin = {.port = 0};
    struct db_query *query = db_query(store->db, sql);
    db_int(query, 1, *after_ms);
    if (!db_row(query))
        return false;
    int64_t id = db_get_int(query, "id");
    *after_ms = db_get_int(query, "due_at") - 1; /* others may be due at the same time */
    store_state_endpoint(query, &origin);
    db_reset(query);
    uint64_t phase = schedule_phase(origin.host, origin.port, origin.sni, origin.address);
    query = db_query(store->db, "UPDATE origin SET due_at = ?2, due_plan = NULL WHERE id = ?1");
    db_int(query, 1, id);
    db_int(query, 2, schedule_first(&store->schedule, phase, now_ms));
    return db_run(query);
}

enum store_result store_repair_due(struct store *store, int64_t now_ms, uint64_t *n,
                                   struct err *err) {
    uint64_t repaired = 0;
    db_begin_write(store->db);
    int64_t after_ms = schedule_horizon(&store->schedule, now_ms);
    while (repair_one(store, DUE_AFTER(""), &after_ms, now_ms))
        repaired++;
    /* imported while the period was longer, perhaps by a program that did not know it */
    after_ms = now_ms + store->schedule.period_ms + store->schedule.jitter_ms;
    while (repair_one(store, DUE_AFTER(" AND o.unseen = 1"), &after_ms, now_ms))
        repaired++;
    enum store_result result = store_result(db_end(store->db, err));
    *n = result == STORE_OK ? repaired : 0;
    return result;
}

static int64_t number_at(struct db *db, const char *sql, int64_t now_ms) {
    struct db_query *query = db_query(db, sql);
    db_int(query, 1, now_ms);
    int64_t number = db_row(query) ? db_get_int(query, "number") : 0;
    db_reset(query);
    return number;
}

enum store_result store_backlog(struct store *store, int64_t now_ms, struct store_backlog *out,
                                struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    *out = (struct store_backlog){
        .due_now = (uint64_t)number_at(
            db, "SELECT count(*) AS number FROM origin WHERE due_at <= ?1", now_ms),
        .oldest_due_ms =
            number_at(db,
                      "SELECT " STORE_OLDEST_DUE " AS number FROM origin INDEXED BY origin_due"
                      " WHERE due_at <= ?1",
                      now_ms),
        .next_due_ms =
            number_at(db, "SELECT min(due_at) AS number FROM origin WHERE due_at > ?1", now_ms),
        .in_flight = (uint64_t)db_number(db, "SELECT count(*) FROM lease"),
    };
    return store_result(db_end(db, err));
}
