/* Everything that is kept: origins, when they are due, what scans found, zones and their settings.
 *
 * One interface, `struct store_ops`, so that another database can take SQLite's place; callers say
 * `store->ops->claim(store, …)`. All calls are synchronous and from one thread. Every call is one
 * transaction: on anything but STORE_OK nothing of it happened and it may be made again as it is.
 *
 * Who scans does, again and again:
 *
 *     claim()    -> origins that are due, each leased to this process
 *     (scan them)
 *     commit()   -> scans into history and state, due times moved on, leases ended
 *
 * A scan counts as done when commit() has returned STORE_OK, not before. Leases die with the
 * process: what was in flight when it was killed is due again at the next start.
 *
 * Times are wall clock milliseconds since 1970 UTC. Pointers passed to callbacks are valid during
 * the call. A callback that returns false ends the iteration. Callbacks may call the store. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/judge/verdict.h"
#include "scanner/visit/scan.h"
#include "store/facts.h"
#include "store/schedule.h"

enum store_result {
    STORE_OK,
    STORE_RETRY, /* locked, no room, read-only for now: wait and make the same call again */
    STORE_BROKEN /* an operator must act; err says what */
};

/* An origin that is due. */
struct store_claim {
    int64_t origin_id;
    int64_t zone_id;
    struct origin origin;
    int64_t due_ms;
    uint32_t visits; /* scans before this one: visits % n chooses the address of n in rotation */
    enum plan plan;  /* PLAN_QUICK for an extra visit */
    bool again;      /* on the address of the visit before this one */
};

/* One finished scan of a claimed origin. */
struct store_finished {
    int64_t origin_id;
    const struct scan *scan;
    const struct judgement *judgement;
    /* The addresses that the name has now, in any order; 0 for an address literal or where the
     * name did not resolve. Those not seen for a week are forgotten. */
    size_t addresses_n;
    const char (*addresses)[ORIGIN_ADDRESS_SIZE];
    bool more;              /* `addresses = all`: more scans of this visit follow; keep the lease */
    int64_t extra_after_ms; /* a short extra visit is wished this long after the scan; 0 for none */
    bool extra_again;       /* and on the same address */
};

struct store;
struct store_origin;

/* Called for each scan that is stored, in order, inside the commit's transaction and before the
 * origin's next due time is chosen: may read and write through the store, and fill in the wish for
 * an extra visit. `before` is the origin as it was. May be NULL. */
typedef void store_observe(void *arg, struct store *store, const struct store_origin *before,
                           struct store_finished *finished);

struct store_commit {
    const struct store_finished *finished;
    size_t n;
    int64_t now_ms;
    store_observe *observe;
    void *observe_arg;
    size_t stored;   /* out: scans that were stored */
    size_t not_ours; /* out: scans passed over because their origin was not claimed */
};

/* A visit that is to be made another time. */
struct store_deferral {
    int64_t origin_id;
    int64_t until_ms; /* 0: due as before */
};

struct store_import_counts {
    uint64_t added;
    uint64_t updated; /* another weight or zone */
    uint64_t same;
};

struct store_backlog {
    uint64_t due_now;
    int64_t oldest_due_ms; /* 0 if nothing is due */
    int64_t next_due_ms;   /* 0 if nothing will be due */
    uint64_t in_flight;
};

/* An origin and what is known of it. */
struct store_origin {
    int64_t id;
    int64_t zone_id;
    struct origin origin;
    uint32_t visits;
    uint32_t failures; /* visits without a complete scan, in a row */
    int64_t due_ms;
    bool scanned;            /* the rest is valid */
    enum scan_status status; /* of the last scan, at scanned_ms */
    int64_t scanned_ms;
    int64_t concluded_ms; /* of the last conclusive scan, 0 if there was none */
    char dialled[ORIGIN_ADDRESS_SIZE];
    struct facts facts;
};

#define STORE_SETTING_GROUPS 8

/* A zone's setting. The texts are borrowed by setting_put and valid during a callback. */
struct store_setting {
    const char *setting;  /* off, supported, preferred */
    const char *variant;  /* single, dual; NULL where it means nothing */
    uint16_t first_share; /* GROUP_NONE if not known */
    uint8_t groups_n;
    uint16_t groups[STORE_SETTING_GROUPS];
    const char *reason;
    int64_t since_ms; /* setting_put keeps the old one while the setting stays */
    uint32_t evidence_scans;
    int64_t valid_until_ms; /* 0 for ever */
    const char *previous;   /* the setting before this one, NULL if there was none; put sets it */
    uint8_t stage_percent;  /* of the ramp */
};

/* What an operator has set, as texts by name: a zone's, or for all zones where `zone` is NULL. */
struct store_lever {
    int64_t zone_id; /* 0 for all zones */
    const char *zone;
    const char *name;
    const char *value;
    int64_t set_ms;
};

/* A report of what real traffic met. */
struct store_feedback {
    int64_t zone_id;
    int64_t reported_ms;
    int64_t until_ms; /* end of the period that it speaks of; 0 not said */
    const char *arm;
    uint64_t handshakes;
    uint64_t failures;
    uint64_t retries;
};

/* What an hour added up to, for the global brake and the day's budget of upward moves. */
struct store_hour {
    int64_t hour; /* hours since 1970 */
    uint64_t controls;
    uint64_t controls_failed;
    uint64_t zones_up;
    uint64_t zones_down;
};

struct store_group_count {
    uint16_t group;
    uint64_t origins;
    uint64_t supported;
    uint64_t preferred;
};

/* A change of a zone's setting or of a fact about an origin, as v_change shows it. */
struct store_changed {
    int64_t at_ms;
    const char *subject; /* zone or host:port */
    const char *field;
    const char *old; /* NULL: not known */
    const char *new;
    const char *reason; /* NULL: none is given */
};

struct store_pruned {
    uint64_t scans;
    uint64_t changes;
};

typedef bool store_each_origin(void *arg, const struct store_origin *origin);
typedef bool store_each_scan(void *arg, const struct scan *scan);
typedef bool store_each_zone(void *arg, int64_t zone_id, const char *name,
                             const struct store_setting *setting); /* NULL if it has none */
typedef bool store_each_share(void *arg, const struct store_group_count *share);
typedef bool store_each_changed(void *arg, const struct store_changed *changed);
typedef bool store_each_lever(void *arg, const struct store_lever *lever);
typedef bool store_each_hour(void *arg, const struct store_hour *hour);
typedef bool store_each_memo(void *arg, int64_t origin_id, double weight, const void *memo,
                             size_t n); /* n is 0 if there is none */
typedef bool store_each_id(void *arg, int64_t id);
typedef bool store_each_text(void *arg, const char *name, const char *value);
typedef void store_problem(void *arg, const char *text);

struct store_ops {
    void (*close)(struct store *store);

    /* All calls between begin and end are one transaction; end undoes it unless `keep`. Where begin
     * fails there is nothing to end. */
    enum store_result (*begin)(struct store *store, struct err *err);
    enum store_result (*end)(struct store *store, bool keep, struct err *err);

    /* --- import --- */

    /* Adds origins or updates those with the same host, port, sni and fixed address. An origin
     * whose zone changed moves; a zone without origins goes with its setting. Added ones are due at
     * their first slot within a period. Tens of thousands a call are stored best: they lie in the
     * order in which they will be scanned. `counts` is added to. Between import_begin and
     * import_end (to be called in any case) all calls are one transaction; without, each is its
     * own. */
    enum store_result (*import_begin)(struct store *store, struct err *err);
    enum store_result (*import)(struct store *store, const struct origin *origins, size_t n,
                                int64_t now_ms, struct store_import_counts *counts,
                                struct err *err);
    enum store_result (*import_end)(struct store *store, bool keep, struct err *err);

    /* --- schedule --- */

    /* Leases up to `limit` origins that are due, oldest first, and counts them in *n. With
     * `include_new` those that were never scanned count as due, after the others. */
    enum store_result (*claim)(struct store *store, int64_t now_ms, bool include_new, size_t limit,
                               struct store_claim *out, size_t *n, struct err *err);

    /* Gives leases back unused; the origins stay due. */
    enum store_result (*release)(struct store *store, const int64_t *origin_ids, size_t n,
                                 struct err *err);

    /* Ends leases without a scan and makes the origins due at another time: too many queue for
     * their address, or we are in trouble. Nothing else of them changes. Ids without a lease are
     * passed over. */
    enum store_result (*defer)(struct store *store, const struct store_deferral *later, size_t n,
                               struct err *err);

    /* Makes up to `limit` origins that were never scanned due by now, those that are due next, in
     * the order that they had. *cursor_ms is 0 at first and remembers how far it came, so that one
     * that is put off meanwhile is not taken again at once. Counts them in *n: 0 when there are no
     * more.
     */
    enum store_result (*hasten)(struct store *store, int64_t now_ms, int64_t *cursor_ms,
                                size_t limit, size_t *n, struct err *err);

    /* Stores finished scans: history, state, changes, due times. One that is not conclusive changes
     * status and time of the origin, its failures and its due time, and nothing else. */
    enum store_result (*commit)(struct store *store, struct store_commit *commit, struct err *err);

    /* After start and whenever the wall clock jumped: gives origins whose due time can only come
     * from a wrong clock, or from a longer period before their first scan, their next slot. Counts
     * them in *n. */
    enum store_result (*repair_due)(struct store *store, int64_t now_ms, uint64_t *n,
                                    struct err *err);

    enum store_result (*backlog)(struct store *store, int64_t now_ms, struct store_backlog *out,
                                 struct err *err);

    /* --- reading --- */

    /* All origins with that host (and port, unless 0), or of that zone; none is no error. */
    enum store_result (*origins_by_host)(struct store *store, const char *host, uint16_t port,
                                         store_each_origin *each, void *arg, struct err *err);
    enum store_result (*origins_of_zone)(struct store *store, int64_t zone_id,
                                         store_each_origin *each, void *arg, struct err *err);

    /* The newest `limit` scans that are kept, oldest first; 1 is the last one. Their origin,
     * address and started_ms are filled; judge them with verdict_judge(). */
    enum store_result (*history)(struct store *store, int64_t origin_id, size_t limit,
                                 store_each_scan *each, void *arg, struct err *err);

    /* All zones by name; or the one of that name, if it is there. */
    enum store_result (*zones)(struct store *store, store_each_zone *each, void *arg,
                               struct err *err);
    enum store_result (*zone_by_name)(struct store *store, const char *name, store_each_zone *each,
                                      void *arg, struct err *err);
    enum store_result (*zone_by_id)(struct store *store, int64_t zone_id, store_each_zone *each,
                                    void *arg, struct err *err);

    /* The six groups over the origins whose last scan is complete. */
    enum store_result (*shares)(struct store *store, store_each_share *each, void *arg,
                                struct err *err);

    /* Changes from that time on, sorted by subject, and each subject's by time. */
    enum store_result (*changes)(struct store *store, int64_t since_ms, store_each_changed *each,
                                 void *arg, struct err *err);

    /* --- settings --- */

    /* Sets a zone's setting and writes a change where setting, variant, first share or groups
     * differ from before. A first setting is a change from NULL unless it is `off`. NULL: there is
     * none any more. */
    enum store_result (*setting_put)(struct store *store, int64_t zone_id,
                                     const struct store_setting *setting, int64_t now_ms,
                                     struct err *err);

    /* A few bytes of the rule's own about an origin, so that it need not read the history again for
     * each scan. get: *n is 0 if there are none; at most `size` bytes are copied. */
    enum store_result (*evidence_get)(struct store *store, int64_t origin_id, void *memo,
                                      size_t size, size_t *n, struct err *err);
    enum store_result (*evidence_put)(struct store *store, int64_t origin_id, const void *memo,
                                      size_t n, struct err *err);

    /* The memos of all origins of a zone, in the order of their ids. */
    enum store_result (*evidence_of_zone)(struct store *store, int64_t zone_id,
                                          store_each_memo *each, void *arg, struct err *err);

    /* --- what the rule keeps --- */

    /* An origin's recent visits in a form of the rule's own, from which its memo can be made again;
     * like evidence_get and _put. */
    enum store_result (*visits_get)(struct store *store, int64_t origin_id, void *visits,
                                    size_t size, size_t *n, struct err *err);
    enum store_result (*visits_put)(struct store *store, int64_t origin_id, const void *visits,
                                    size_t n, struct err *err);

    enum store_result (*visits_of_zone)(struct store *store, int64_t zone_id, store_each_memo *each,
                                        void *arg, struct err *err);

    /* The rule's own about a zone; like evidence_get and _put. */
    enum store_result (*zone_memo_get)(struct store *store, int64_t zone_id, void *memo,
                                       size_t size, size_t *n, struct err *err);
    enum store_result (*zone_memo_put)(struct store *store, int64_t zone_id, const void *memo,
                                       size_t n, struct err *err);

    /* Zones whose evidence or levers changed since they were settled. touch: 0 for all zones.
     * touched: at most `limit` of them after zone `after`, by id. */
    enum store_result (*zone_touch)(struct store *store, int64_t zone_id, struct err *err);
    enum store_result (*zone_untouch)(struct store *store, int64_t zone_id, struct err *err);
    enum store_result (*zones_touched)(struct store *store, int64_t after, size_t limit,
                                       store_each_id *each, void *arg, struct err *err);
    enum store_result (*zone_count)(struct store *store, uint64_t *n, struct err *err);

    /* Sets a lever of a zone (0: of all), or takes it away with a NULL value; writes a change where
     * it differs from before, and touches the zones. levers: those of that zone, or with 0 those
     * for all; levers_all: every one, those for all first, then by zone and name. */
    enum store_result (*lever_set)(struct store *store, int64_t zone_id, const char *name,
                                   const char *value, int64_t now_ms, const char *reason,
                                   struct err *err);
    enum store_result (*levers)(struct store *store, int64_t zone_id, store_each_lever *each,
                                void *arg, struct err *err);
    enum store_result (*levers_all)(struct store *store, store_each_lever *each, void *arg,
                                    struct err *err);

    /* Keeps a report. *added is false, and nothing happens, if one of the same zone, arm and period
     * is there already; those without a period never are. Reports older than 180 days go. */
    enum store_result (*feedback_add)(struct store *store, const struct store_feedback *feedback,
                                      bool *added, struct err *err);

    /* Adds to an hour's sums; those of more than 31 days before it go. hours: from that one on. */
    enum store_result (*hour_add)(struct store *store, const struct store_hour *more,
                                  struct err *err);
    enum store_result (*hours)(struct store *store, int64_t from_hour, store_each_hour *each,
                               void *arg, struct err *err);

    /* Parameters that the settings were made with, by name. */
    enum store_result (*rule_put)(struct store *store, const char *name, const char *value,
                                  struct err *err);
    enum store_result (*rule_all)(struct store *store, store_each_text *each, void *arg,
                                  struct err *err);

    /* --- upkeep --- */

    /* Deletes scans beyond `keep_scans` an origin (0: no limit by number) and those that started
     * before `before_ms` (0: no limit by age), except each origin's newest; and changes older than
     * that. Goes on after origin *cursor (start with 0) over at most `limit` origins and sets
     * *cursor to 0 at the end, so that a daemon can do it in slices. */
    enum store_result (*prune)(struct store *store, unsigned keep_scans, int64_t before_ms,
                               int64_t *cursor, size_t limit, struct store_pruned *pruned,
                               struct err *err);

    /* Everything that can be checked: pages, references, packed scans, chains, counters. Calls
     * `problem` for each defect; *n counts them. */
    enum store_result (*check)(struct store *store, store_problem *problem, void *arg, uint64_t *n,
                               struct err *err);

    /* A consistent copy, made while others write; it takes the place of `path` when complete. */
    enum store_result (*backup)(struct store *store, const char *path, struct err *err);
};

struct store {
    const struct store_ops *ops;
};

enum store_access {
    STORE_READ,   /* beside a running daemon; never changes anything */
    STORE_BESIDE, /* small writes beside a running daemon: settings, levers, reports; no more */
    STORE_WRITE,  /* the one writing process; brings an older schema up to date */
    STORE_CREATE, /* the same, and makes the file if it is not there */
};

struct store_options {
    const char *path;
    enum store_access access;
    struct schedule schedule; /* all zero for every 24 hours */
    unsigned keep_scans;      /* an origin; commit() keeps a quarter more at most; 0 for all */
    unsigned cache_kb;        /* SQLite's page cache; 0 for 8 MB, which suits the daemon */
    unsigned busy_ms;         /* wait for another program's lock this long; 0 for 250 ms */
};

/* Opens an SQLite store. NULL with one clear line where the file is missing, foreign, newer,
 * damaged, locked, in use or (to write) read-only; it is then as it was. A writer ends all leases
 * that a killed process left. */
struct store *store_open(const struct store_options *options, struct err *err);

/* ops->close, for NULL too. */
void store_close(struct store *store);

/* Number of schema steps that store_open applied; for `db migrate`. */
unsigned store_migrated(const struct store *store);
