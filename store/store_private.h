/* What the files of the SQLite store share; nothing outside store/ includes this. */
#pragma once

#include "store/db/db.h"
#include "store/store.h"

struct sqlite_store {
    struct store store; /* first: the ops cast back */
    struct db *db;
    struct schedule schedule;
    unsigned keep_scans;
    unsigned migrated;
    uint16_t hybrid;         /* as in table meta; 0 not read yet */
    int64_t unseen_until_ms; /* all never scanned origins due before are leased; 0 not known */
};

static inline struct sqlite_store *store_private(struct store *store) {
    return (struct sqlite_store *)store;
}

enum store_result store_result(enum db_fault fault);

/* In origin.due_plan: a quick visit to the address of the one before. */
#define STORE_DUE_AGAIN "confirm"

/* The columns of store_state_read(), from `origin o` and `zone z`. */
#define STORE_STATE_COLUMNS                                                                        \
    "o.id, o.zone_id, z.name, o.host, o.port, o.sni, o.address, o.weight, o.visits, o.failures,"   \
    " o.due_at, o.status, o.scanned_at, iif(o.conclusive, o.scanned_at, o.concluded_at),"          \
    " ifnull(o.dialled, (SELECT address FROM origin_address WHERE origin_id = o.id LIMIT 1)),"     \
    " o.verdict, o.tls_version, o.preferred_group, o.group_order, o.hybrid_group, o.x25519,"       \
    " o.p256, o.p384, o.p521, o.hybrid, o.draft, o.off_works, o.supported_works,"                  \
    " o.preferred_works, o.off_retry, o.supported_retry, o.preferred_retry"

/* Reads the row that the query stands on. */
void store_state_read(struct db_query *query, struct store_origin *out);

/* False if there is no such origin. */
bool store_state_load(struct db *db, int64_t origin_id, struct store_origin *out);

/* Reads zone, host, port, sni, address and weight from six columns that begin with the zone. */
void store_state_origin(struct db_query *query, int column, struct origin *out);

/* The stored form of the name to send: short where it is the host. */
const char *store_state_sni(const struct origin *origin);

/* The columns that a commit rewrites, all but `visits`, `kept` and `last_scan`. */
struct store_state_next {
    const struct store_origin *state;
    const char *due_plan; /* of the visit that is due: "quick", "confirm"; NULL: the daily one */
    int64_t scan_id;
};
void store_state_write(struct db *db, const struct store_state_next *next);

/* A memo of at most `size` bytes by `query`, which takes the id as its parameter; put alike, with
 * the bytes as the second. */
enum store_result store_state_memo_get(struct store *store, const char *sql, int64_t id, void *memo,
                                       size_t size, size_t *n, struct err *err);
enum store_result store_state_memo_put(struct store *store, const char *sql, int64_t id,
                                       const void *memo, size_t n, struct err *err);

/* A row of table change. */
struct store_change {
    int64_t at_ms;
    const char *subject;
    const char *field;
    const char *old; /* NULL unknown */
    const char *new;
    const char *reason;
};
void store_state_change(struct db *db, const struct store_change *change);

/* What the address of this scan said and what the others said last: replaces `judgement` by the
 * most conservative of all. */
void store_address_merge(struct db *db, const struct store_finished *finished, int64_t now_ms,
                         struct judgement *judgement);

/* Deletes the scans of one origin beyond `keep` and older than `before_ms` (0: no limit), not the
 * newest. Returns how many. */
uint64_t store_prune_origin(struct db *db, int64_t origin_id, int64_t last_scan, unsigned keep,
                            int64_t before_ms);

/* The operations. */
enum store_result store_import_begin(struct store *store, struct err *err);
enum store_result store_import(struct store *store, const struct origin *origins, size_t n,
                               int64_t now_ms, struct store_import_counts *counts, struct err *err);
enum store_result store_import_end(struct store *store, bool keep, struct err *err);
enum store_result store_claim(struct store *store, int64_t now_ms, bool include_new, size_t limit,
                              struct store_claim *out, size_t *n, struct err *err);
enum store_result store_claim_release(struct store *store, const int64_t *origin_ids, size_t n,
                                      struct err *err);
enum store_result store_claim_repair(struct store *store, int64_t now_ms, uint64_t *n,
                                     struct err *err);
enum store_result store_claim_backlog(struct store *store, int64_t now_ms,
                                      struct store_backlog *out, struct err *err);
enum store_result store_due_defer(struct store *store, const struct store_deferral *later, size_t n,
                                  struct err *err);
enum store_result store_due_hasten(struct store *store, int64_t now_ms, int64_t *cursor_ms,
                                   size_t limit, size_t *n, struct err *err);
enum store_result store_commit(struct store *store, struct store_commit *commit, struct err *err);
enum store_result store_read_by_host(struct store *store, const char *host, uint16_t port,
                                     store_each_origin *each, void *arg, struct err *err);
enum store_result store_read_of_zone(struct store *store, int64_t zone_id, store_each_origin *each,
                                     void *arg, struct err *err);
enum store_result store_read_history(struct store *store, int64_t origin_id, size_t limit,
                                     store_each_scan *each, void *arg, struct err *err);
enum store_result store_read_shares(struct store *store, store_each_share *each, void *arg,
                                    struct err *err);
enum store_result store_read_changes(struct store *store, int64_t since_ms,
                                     store_each_changed *each, void *arg, struct err *err);
enum store_result store_setting_zones(struct store *store, store_each_zone *each, void *arg,
                                      struct err *err);
enum store_result store_setting_by_name(struct store *store, const char *name,
                                        store_each_zone *each, void *arg, struct err *err);
enum store_result store_setting_by_id(struct store *store, int64_t zone_id, store_each_zone *each,
                                      void *arg, struct err *err);
enum store_result store_setting_put(struct store *store, int64_t zone_id,
                                    const struct store_setting *setting, int64_t now_ms,
                                    struct err *err);
enum store_result store_setting_evidence_get(struct store *store, int64_t origin_id, void *memo,
                                             size_t size, size_t *n, struct err *err);
enum store_result store_setting_evidence_put(struct store *store, int64_t origin_id,
                                             const void *memo, size_t n, struct err *err);
enum store_result store_rule_evidence_of_zone(struct store *store, int64_t zone_id,
                                              store_each_memo *each, void *arg, struct err *err);
enum store_result store_rule_visits_of_zone(struct store *store, int64_t zone_id,
                                            store_each_memo *each, void *arg, struct err *err);
enum store_result store_rule_visits_get(struct store *store, int64_t origin_id, void *visits,
                                        size_t size, size_t *n, struct err *err);
enum store_result store_rule_visits_put(struct store *store, int64_t origin_id, const void *visits,
                                        size_t n, struct err *err);
enum store_result store_rule_zone_get(struct store *store, int64_t zone_id, void *memo, size_t size,
                                      size_t *n, struct err *err);
enum store_result store_rule_zone_put(struct store *store, int64_t zone_id, const void *memo,
                                      size_t n, struct err *err);
enum store_result store_rule_touch(struct store *store, int64_t zone_id, struct err *err);
enum store_result store_rule_untouch(struct store *store, int64_t zone_id, struct err *err);
enum store_result store_rule_touched(struct store *store, int64_t after, size_t limit,
                                     store_each_id *each, void *arg, struct err *err);
enum store_result store_rule_zone_count(struct store *store, uint64_t *n, struct err *err);
enum store_result store_rule_hour_add(struct store *store, const struct store_hour *more,
                                      struct err *err);
enum store_result store_rule_hours(struct store *store, int64_t from_hour, store_each_hour *each,
                                   void *arg, struct err *err);
enum store_result store_rule_put(struct store *store, const char *name, const char *value,
                                 struct err *err);
enum store_result store_rule_all(struct store *store, store_each_text *each, void *arg,
                                 struct err *err);
enum store_result store_lever_set(struct store *store, int64_t zone_id, const char *name,
                                  const char *value, int64_t now_ms, const char *reason,
                                  struct err *err);
enum store_result store_lever_of(struct store *store, int64_t zone_id, store_each_lever *each,
                                 void *arg, struct err *err);
enum store_result store_lever_all(struct store *store, store_each_lever *each, void *arg,
                                  struct err *err);
enum store_result store_lever_feedback(struct store *store, const struct store_feedback *feedback,
                                       bool *added, struct err *err);
enum store_result store_prune(struct store *store, unsigned keep_scans, int64_t before_ms,
                              int64_t *cursor, size_t limit, struct store_pruned *pruned,
                              struct err *err);
enum store_result store_check(struct store *store, store_problem *problem, void *arg, uint64_t *n,
                              struct err *err);
