/* Which origins are due, and where their scans go.
 *
 * Who scans does, again and again:
 *
 *     store_claim()   -> origins that are due, each leased to this process
 *     (scan them)
 *     store_commit()  -> scans into history and state, due times moved on, leases ended
 *
 * A scan counts as done when store_commit() has returned STORE_OK, not before. Leases die with the
 * process: what was in flight when it was killed is due again at the next start. */
#pragma once

#include "scanner/judge/verdict.h"
#include "scanner/visit/scan.h"
#include "store/store_rule.h"

/* An origin that is due. */
struct store_claim {
    int64_t origin_id;
    struct origin origin; /* in the first of its zones; of no weight, which is a matter of a zone */
    int64_t due_ms;
    uint32_t visits; /* scans before this one: visits % n chooses the address of n in rotation */
    bool concluded;  /* some scan before was conclusive */
    enum plan plan;  /* PLAN_QUICK for an extra visit */
    /* For struct visit_request, both: what some zone wishes to be proven (struct store_wish). Where
     * zones wish different things, each has its turn, drawn by lot. */
    uint16_t proof_share;
    bool proof_dual;
    bool again; /* at the address of the last visit, instead of the next one in rotation */
};

/* Leases up to `limit` origins that are due, oldest first, and counts them in *n. */
STORE_RESULT store_claim(struct store *store, int64_t now_ms, size_t limit, struct store_claim *out,
                         size_t *n, struct err *err);

/* A visit that is to be made another time. */
struct store_deferral {
    int64_t origin_id;
    int64_t until_ms; /* 0: due as before */
};

/* Ends leases without a scan and makes the origins due at another time: too many queue for their
 * address, or we are in trouble. Nothing else of them changes. Ids without a lease are passed
 * over. */
STORE_RESULT store_defer(struct store *store, const struct store_deferral *later, size_t n,
                         struct err *err);

/* Makes up to `limit` origins that were never scanned due by now, those that are due next, in the
 * order that they had. *cursor_ms is 0 at first and remembers how far it came, so that one that is
 * deferred meanwhile is not taken again at once. Counts them in *n: 0 when there are no more. */
STORE_RESULT store_hasten(struct store *store, int64_t now_ms, int64_t *cursor_ms, size_t limit,
                          size_t *n, struct err *err);

/* One finished scan of a claimed origin. */
struct store_finished {
    int64_t origin_id;
    const struct scan *scan;
    const struct judgement *judgement;
    /* The addresses that the name has now, in any order; 0 for an address literal or where the
     * name did not resolve. Those not seen for a week are forgotten. */
    size_t addresses_n;
    const char (*addresses)[ORIGIN_ADDRESS_SIZE];
    bool more; /* `addresses = all`: more scans of this visit follow; keep the lease */
};

/* A scan that is being stored, as an observer sees it, and what the observer makes of it. */
struct store_observed {
    int64_t origin_id;
    uint32_t visits; /* scans before this one */
    const struct scan *scan;
    const struct judgement *judgement;
    /* In and out: what the rule keeps of the origin. Read with the lease, inside the transaction, since
     * an operator may have changed it beside us; written if it is returned otherwise than it came. */
    struct store_origin_rule *rule;
    /* Out, all 0 at first: */
    bool touch_zones;       /* all its zones are to be settled */
    struct store_hour sums; /* to be added to that hour; those of a commit are written once */
    int64_t extra_after_ms; /* a short extra visit is wished this long after the scan; 0 for none */
    bool extra_again;       /* and at the same address */
};

/* Called for each scan that is stored, in order, inside the commit's transaction and before the
 * origin's next due time is chosen. May read and write through the store. */
typedef void store_observe(void *arg, struct store *store, struct store_observed *observed);

struct store_commit {
    const struct store_finished *finished;
    size_t n;
    int64_t now_ms;
    store_observe *observe; /* NULL: nothing is kept for the rule */
    void *observe_arg;
    size_t stored;   /* out: scans that were stored */
    size_t not_ours; /* out: scans passed over because their origin was not claimed */
};

/* Stores finished scans: history, state, changes, due times. One that is not conclusive changes
 * status and time of the origin, its failures and its due time, and nothing else. */
STORE_RESULT store_commit(struct store *store, struct store_commit *commit, struct err *err);

/* A visit that was made beside whoever scans. Within one transaction (store_transaction):
 *
 *     store_beside_begin()   -> leases the origin, unless somebody scans it now
 *     store_commit()         -> its scans, as those of a claim
 *     store_beside_end()     -> it is due when it was before */
struct store_beside {
    int64_t origin_id;
    bool free; /* false: somebody scans it now, or it is gone; nothing was leased */
    int64_t due_ms;
    char due_plan[16];
};
STORE_RESULT store_beside_begin(struct store *store, int64_t origin_id, int64_t now_ms,
                                struct store_beside *out, struct err *err);
STORE_RESULT store_beside_end(struct store *store, const struct store_beside *beside,
                              struct err *err);

/* After start and whenever the wall clock jumped: gives origins whose due time can only come from a
 * wrong clock, or from a longer period before their first scan, their next slot. Counts them in
 * *n. */
STORE_RESULT store_repair_due(struct store *store, int64_t now_ms, uint64_t *n, struct err *err);

/* How many origins a run of `scan` has before it that begins now: due, or never scanned. */
STORE_RESULT store_count_due(struct store *store, int64_t now_ms, uint64_t *n, struct err *err);

struct store_backlog {
    uint64_t due_now;
    int64_t oldest_due_ms; /* 0 if nothing is due; origins that were hastened are since then */
    int64_t next_due_ms;   /* 0 if nothing will be due */
    uint64_t in_flight;
};

STORE_RESULT store_backlog(struct store *store, int64_t now_ms, struct store_backlog *out,
                           struct err *err);
