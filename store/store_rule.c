/* What the decision rule keeps beside the scans: states, zones to be settled, sums, parameters. */
#include "store/store_rule.h"

#include "scanner/words/origin.h"
#include "store/store_private.h"
#include "store/store_zone.h"

#include <string.h>

enum { HOURS_KEPT = 31 * 24 };

static enum store_result get_bytes(struct store *store, const char *sql, int64_t id, void *bytes,
                                   size_t size, size_t *n, struct err *err) {
    struct db *db = store->db;
    *n = 0;
    db_begin_read(db);
    struct db_query *query = db_query(db, sql);
    db_int(query, 1, id);
    if (db_row(query)) {
        const uint8_t *stored = db_get_blob(query, "bytes", n);
        if (stored)
            memcpy(bytes, stored, *n < size ? *n : size);
        db_reset(query);
    }
    return store_result(db_end(db, err));
}

static enum store_result put_bytes(struct store *store, const char *sql, int64_t id,
                                   const void *bytes, size_t n, struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    struct db_query *query = db_query(db, sql);
    db_int(query, 1, id);
    db_blob(query, 2, bytes, n);
    db_run(query);
    return store_result(db_end(db, err));
}

enum store_result store_origin_state_get(struct store *store, int64_t origin_id, void *state,
                                         size_t size, size_t *n, struct err *err) {
    return get_bytes(store, "SELECT memo AS bytes FROM evidence WHERE origin_id = ?1", origin_id,
                     state, size, n, err);
}

enum store_result store_origin_state_put(struct store *store, int64_t origin_id, const void *state,
                                         size_t n, struct err *err) {
    return put_bytes(store,
                     "INSERT INTO evidence (origin_id, memo) VALUES (?1, ?2)"
                     " ON CONFLICT (origin_id) DO UPDATE"
                     " SET memo = excluded.memo WHERE memo <> excluded.memo",
                     origin_id, state, n, err);
}

enum store_result store_wish_put(struct store *store, int64_t zone_id, int64_t origin_id,
                                 const struct store_wish *wish, struct err *err) {
    db_begin_write(store->db);
    struct db_query *query =
        db_query(store->db, "UPDATE membership SET proof_supported = ?3, proof_preferred = ?4,"
                            " proof_share = nullif(?5, 0) WHERE zone_id = ?1 AND origin_id = ?2");
    db_int(query, 1, zone_id);
    db_int(query, 2, origin_id);
    db_int(query, 3, wish->supported);
    db_int(query, 4, wish->preferred);
    db_int(query, 5, wish->share);
    db_run(query);
    return store_result(db_end(store->db, err));
}

enum store_result store_origin_touch(struct store *store, int64_t origin_id, struct err *err) {
    db_begin_write(store->db);
    store_zone_touch_of(store->db, origin_id);
    return store_result(db_end(store->db, err));
}

/* `others`: the boldest wish of the origin's other zones. The index has zones that wish nothing left out
 * and gives the boldest first, so one row is read, or two, and not one for each zone of the origin: all
 * of them may be about to ask the same. */
#define MEMBER_COLUMNS                                                                             \
    "m.origin_id, m.weight, m.proof_supported, m.proof_preferred, m.proof_share,"                  \
    " (SELECT 2 * x.proof_preferred + x.proof_supported FROM membership x"                         \
    "  WHERE x.origin_id = m.origin_id AND x.zone_id <> m.zone_id"                                 \
    "  AND x.proof_preferred + x.proof_supported > 0"                                              \
    "  ORDER BY x.proof_preferred DESC, x.proof_supported DESC LIMIT 1) AS others"

static void read_member(struct db_query *query, struct store_member *out) {
    int64_t others = db_get_int(query, "others");
    *out = (struct store_member){
        .origin_id = db_get_int(query, "origin_id"),
        .weight = origin_bound_weight(db_get_real(query, "weight")),
        .wish = {.supported = db_get_int(query, "proof_supported") != 0,
                 .preferred = db_get_int(query, "proof_preferred") != 0,
                 .share = (uint16_t)db_get_int(query, "proof_share")},
        .others_preferred = others >= 2,
        .others_supported = others > 0,
    };
}

static enum store_result each_member(struct store *store, const char *sql, int64_t zone_id,
                                     store_each_member *each, void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query = db_query(db, sql);
    db_int(query, 1, zone_id);
    while (db_row(query)) {
        size_t n = 0;
        const uint8_t *bytes = db_get_blob(query, "bytes", &n);
        struct store_member member;
        read_member(query, &member);
        if (!each(arg, &member, bytes, bytes ? n : 0)) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}

enum store_result store_origin_states_of_zone(struct store *store, int64_t zone_id,
                                              store_each_member *each, void *arg, struct err *err) {
    return each_member(store,
                       "SELECT " MEMBER_COLUMNS ", e.memo AS bytes FROM membership m"
                       " LEFT JOIN evidence e ON e.origin_id = m.origin_id"
                       " WHERE m.zone_id = ?1 ORDER BY m.origin_id",
                       zone_id, each, arg, err);
}

enum store_result store_origin_visits_of_zone(struct store *store, int64_t zone_id,
                                              store_each_member *each, void *arg, struct err *err) {
    return each_member(store,
                       "SELECT " MEMBER_COLUMNS ", v.visits AS bytes FROM membership m"
                       " LEFT JOIN origin_visits v ON v.origin_id = m.origin_id"
                       " WHERE m.zone_id = ?1 ORDER BY m.origin_id",
                       zone_id, each, arg, err);
}

enum store_result store_origin_visits_get(struct store *store, int64_t origin_id, void *visits,
                                          size_t size, size_t *n, struct err *err) {
    return get_bytes(store, "SELECT visits AS bytes FROM origin_visits WHERE origin_id = ?1",
                     origin_id, visits, size, n, err);
}

enum store_result store_origin_visits_put(struct store *store, int64_t origin_id,
                                          const void *visits, size_t n, struct err *err) {
    return put_bytes(store,
                     "INSERT INTO origin_visits (origin_id, visits) VALUES (?1, ?2)"
                     " ON CONFLICT (origin_id) DO UPDATE SET visits = excluded.visits",
                     origin_id, visits, n, err);
}

enum store_result store_zone_state_get(struct store *store, int64_t zone_id, void *state,
                                       size_t size, size_t *n, struct err *err) {
    return get_bytes(store, "SELECT memo AS bytes FROM zone_memo WHERE zone_id = ?1", zone_id,
                     state, size, n, err);
}

enum store_result store_zone_state_put(struct store *store, int64_t zone_id, const void *state,
                                       size_t n, struct err *err) {
    return put_bytes(store,
                     "INSERT INTO zone_memo (zone_id, memo) VALUES (?1, ?2)"
                     " ON CONFLICT (zone_id) DO UPDATE"
                     " SET memo = excluded.memo WHERE memo <> excluded.memo",
                     zone_id, state, n, err);
}

enum store_result store_zone_touch(struct store *store, int64_t zone_id, struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    /* Two statements: with `?1 = 0 OR id = ?1` each scan that is stored reads all zones. */
    struct db_query *query =
        zone_id ? db_query(db, "INSERT OR IGNORE INTO zone_touched (zone_id)"
                               " SELECT id FROM zone WHERE id = ?1")
                : db_query(db, "INSERT OR IGNORE INTO zone_touched (zone_id) SELECT id FROM zone");
    if (zone_id)
        db_int(query, 1, zone_id);
    db_run(query);
    return store_result(db_end(db, err));
}

enum store_result store_zone_untouch(struct store *store, int64_t zone_id, struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    struct db_query *query = db_query(db, "DELETE FROM zone_touched WHERE zone_id = ?1");
    db_int(query, 1, zone_id);
    db_run(query);
    return store_result(db_end(db, err));
}

enum store_result store_zones_touched(struct store *store, int64_t after, size_t limit,
                                      store_each_id *each, void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query = db_query(db, "SELECT zone_id FROM zone_touched WHERE zone_id > ?1"
                                          " ORDER BY zone_id LIMIT ?2");
    db_int(query, 1, after);
    db_int(query, 2, (int64_t)limit);
    while (db_row(query)) {
        if (!each(arg, db_get_int(query, "zone_id"))) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}

static void forget_hours(struct db *db, int64_t before) {
    struct db_query *query = db_query(db, "DELETE FROM rule_hour WHERE hour < ?1");
    db_int(query, 1, before);
    db_run(query);
}

enum store_result store_hour_add(struct store *store, const struct store_hour *more,
                                 struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    struct db_query *query =
        db_query(db, "INSERT INTO rule_hour (hour, controls, controls_failed, zones_up, zones_down)"
                     " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (hour) DO UPDATE SET"
                     " controls = controls + excluded.controls,"
                     " controls_failed = controls_failed + excluded.controls_failed,"
                     " zones_up = zones_up + excluded.zones_up,"
                     " zones_down = zones_down + excluded.zones_down");
    db_int(query, 1, more->hour);
    db_int(query, 2, (int64_t)more->controls);
    db_int(query, 3, (int64_t)more->controls_failed);
    db_int(query, 4, (int64_t)more->zones_up);
    db_int(query, 5, (int64_t)more->zones_down);
    db_run(query);
    forget_hours(db, more->hour - HOURS_KEPT);
    return store_result(db_end(db, err));
}

enum store_result store_hours(struct store *store, int64_t from_hour, store_each_hour *each,
                              void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT hour, controls, controls_failed, zones_up, zones_down FROM rule_hour"
                     " WHERE hour >= ?1 ORDER BY hour");
    db_int(query, 1, from_hour);
    while (db_row(query)) {
        struct store_hour hour = {
            .hour = db_get_int(query, "hour"),
            .controls = (uint64_t)db_get_int(query, "controls"),
            .controls_failed = (uint64_t)db_get_int(query, "controls_failed"),
            .zones_up = (uint64_t)db_get_int(query, "zones_up"),
            .zones_down = (uint64_t)db_get_int(query, "zones_down"),
        };
        if (!each(arg, &hour)) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}

enum store_result store_rule_value_put(struct store *store, const char *name, const char *value,
                                       struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    struct db_query *query = db_query(
        db, "INSERT INTO rule_value (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE"
            " SET value = excluded.value WHERE value <> excluded.value");
    db_text(query, 1, name);
    db_text(query, 2, value);
    db_run(query);
    return store_result(db_end(db, err));
}

enum store_result store_rule_values(struct store *store, store_each_text *each, void *arg,
                                    struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query = db_query(db, "SELECT name, value FROM rule_value ORDER BY name");
    while (db_row(query)) {
        if (!each(arg, db_get_text(query, "name"), db_get_text(query, "value"))) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}
