/* What operators set for zones, and what they report of their traffic. */
#include "store/store_lever.h"

#include "scanner/base/duration.h"
#include "store/store_private.h"
#include "store/store_read.h"
#include "store/store_rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FEEDBACK_KEPT_MS (180 * DAY_MS)

#define LEVER_COLUMNS                                                                              \
    "l.zone_id, z.name AS zone, l.name, l.value, l.comment, l.set_at, l.until_at, l.ended"         \
    " FROM lever l LEFT JOIN zone z ON z.id = l.zone_id"

static enum store_result each_lever(struct db *db, struct db_query *query, store_each_lever *each,
                                    void *arg, struct err *err) {
    while (db_row(query)) {
        struct store_lever lever = {
            .zone_id = db_get_int(query, "zone_id"),
            .zone = db_get_text_or_null(query, "zone"),
            .name = db_get_text(query, "name"),
            .value = db_get_text(query, "value"),
            .comment = db_get_text_or_null(query, "comment"),
            .set_ms = db_get_int(query, "set_at"),
            .until_ms = db_get_int(query, "until_at"),
            .ended = db_get_int(query, "ended") != 0,
        };
        if (!each(arg, &lever)) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}

static void bind_zone(struct db_query *query, int parameter, int64_t zone_id) {
    if (zone_id)
        db_int(query, parameter, zone_id);
    else
        db_null(query, parameter);
}

enum store_result store_levers(struct store *store, int64_t zone_id, store_each_lever *each,
                               void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT " LEVER_COLUMNS " WHERE l.zone_id IS ?1 ORDER BY l.name");
    bind_zone(query, 1, zone_id);
    return each_lever(db, query, each, arg, err);
}

enum store_result store_levers_all(struct store *store, store_each_lever *each, void *arg,
                                   struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    return each_lever(db,
                      db_query(db, "SELECT " LEVER_COLUMNS " ORDER BY z.name NULLS FIRST, l.name"),
                      each, arg, err);
}

enum { VALUE_SIZE = 128, REASON_SIZE = 256 };

/* What counts now; "" if nothing does. */
static void read_lever(struct db *db, int64_t zone_id, const char *name, char out[VALUE_SIZE]) {
    struct db_query *query =
        db_query(db, "SELECT value FROM lever WHERE zone_id IS ?1 AND name = ?2 AND ended = 0");
    bind_zone(query, 1, zone_id);
    db_text(query, 2, name);
    *out = '\0';
    if (db_row(query))
        db_get_copy(query, "value", out, VALUE_SIZE);
    db_reset(query);
}

static void note_change(struct db *db, int64_t zone_id, const struct store_change *change) {
    struct store_change whole = *change;
    struct db_query *query = db_query(db, "SELECT name FROM zone WHERE id = ?1");
    char zone[ORIGIN_HOST_SIZE] = "all zones";
    db_int(query, 1, zone_id);
    if (db_row(query))
        db_get_copy(query, "name", zone, sizeof zone);
    else if (zone_id)
        db_fail(db, "%s: there is no zone %" PRId64, db_path(db), zone_id);
    db_reset(query);
    whole.subject = zone;
    store_change_note(db, &whole);
}

static void replace_lever(struct db *db, const struct store_lever *order, int64_t now_ms) {
    struct db_query *query = db_query(db, "DELETE FROM lever WHERE zone_id IS ?1 AND name = ?2");
    bind_zone(query, 1, order->zone_id);
    db_text(query, 2, order->name);
    db_run(query);
    if (!order->value)
        return;
    query = db_query(db, "INSERT INTO lever (zone_id, name, value, set_at, comment, until_at)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0))");
    bind_zone(query, 1, order->zone_id);
    db_text(query, 2, order->name);
    db_text(query, 3, order->value);
    db_int(query, 4, now_ms);
    db_text(query, 5, order->comment);
    db_int(query, 6, order->until_ms);
    db_run(query);
}

/* The same order again changes nothing, not even its date. */
static bool is_set(struct db *db, const struct store_lever *order) {
    struct db_query *query =
        db_query(db, "SELECT 1 FROM lever WHERE zone_id IS ?1 AND name = ?2 AND value IS ?3"
                     " AND comment IS ?4 AND ifnull(until_at, 0) = ?5 AND ended = 0");
    bind_zone(query, 1, order->zone_id);
    db_text(query, 2, order->name);
    db_text(query, 3, order->value);
    db_text(query, 4, order->comment);
    db_int(query, 5, order->until_ms);
    bool set = db_row(query);
    db_reset(query);
    return set;
}

enum store_result store_lever_order(struct store *store, const struct store_lever *order,
                                    int64_t now_ms, const char *reason, struct err *err) {
    struct db *db = store->db;
    char old[VALUE_SIZE], why[REASON_SIZE];
    snprintf(why, sizeof why, "%s%s%s", reason, order->comment ? ": " : "",
             order->comment ? order->comment : "");
    db_begin_write(db);
    read_lever(db, order->zone_id, order->name, old);
    if (strcmp(old, order->value ? order->value : "") != 0) {
        note_change(db, order->zone_id,
                    &(struct store_change){.at_ms = now_ms,
                                           .field = order->name,
                                           .old = *old ? old : NULL,
                                           .new = order->value,
                                           .reason = why});
        store_told_at_end(store_zone_touch(store, order->zone_id, NULL));
    }
    if (!is_set(db, order))
        replace_lever(db, order, now_ms);
    return store_result(db_end(db, err));
}

enum store_result store_lever_set(struct store *store, int64_t zone_id, const char *name,
                                  const char *value, int64_t now_ms, const char *reason,
                                  struct err *err) {
    struct store_lever order = {.zone_id = zone_id, .name = name, .value = value};
    return store_lever_order(store, &order, now_ms, reason, err);
}

/* One whose end has come; false if there is none. */
static bool end_lever(struct store *store, int64_t now_ms) {
    struct db *db = store->db;
    char name[VALUE_SIZE], value[VALUE_SIZE];
    struct db_query *query = db_query(db, "SELECT rowid AS id, zone_id, name, value FROM lever"
                                          " WHERE ended = 0 AND until_at <= ?1 LIMIT 1");
    db_int(query, 1, now_ms);
    if (!db_row(query))
        return false;
    int64_t id = db_get_int(query, "id"), zone_id = db_get_int(query, "zone_id");
    db_get_copy(query, "name", name, sizeof name);
    db_get_copy(query, "value", value, sizeof value);
    db_reset(query);
    note_change(db, zone_id,
                &(struct store_change){
                    .at_ms = now_ms, .field = name, .old = value, .reason = "its end has come"});
    query = db_query(db, "UPDATE lever SET ended = 1 WHERE rowid = ?1");
    db_int(query, 1, id);
    db_run(query);
    store_told_at_end(store_zone_touch(store, zone_id, NULL));
    return !db_failed(db);
}

enum store_result store_lever_end(struct store *store, int64_t now_ms, struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    while (end_lever(store, now_ms))
        continue;
    return store_result(db_end(db, err));
}

static bool is_known(struct db *db, const struct store_feedback *feedback) {
    if (!feedback->until_ms)
        return false;
    struct db_query *query = db_query(db, "SELECT 1 FROM feedback WHERE zone_id = ?1 AND arm = ?2"
                                          " AND until_at = ?3");
    db_int(query, 1, feedback->zone_id);
    db_text(query, 2, feedback->arm);
    db_int(query, 3, feedback->until_ms);
    bool known = db_row(query);
    db_reset(query);
    return known;
}

static void insert_feedback(struct db *db, const struct store_feedback *feedback) {
    struct db_query *query =
        db_query(db, "INSERT INTO feedback (zone_id, reported_at, until_at, arm, handshakes,"
                     " failures, retries) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    db_int(query, 1, feedback->zone_id);
    db_int(query, 2, feedback->reported_ms);
    bind_zone(query, 3, feedback->until_ms);
    db_text(query, 4, feedback->arm);
    db_int(query, 5, (int64_t)feedback->handshakes);
    db_int(query, 6, (int64_t)feedback->failures);
    db_int(query, 7, (int64_t)feedback->retries);
    db_run(query);
    query = db_query(db, "DELETE FROM feedback WHERE reported_at < ?1");
    db_int(query, 1, feedback->reported_ms - FEEDBACK_KEPT_MS);
    db_run(query);
}

enum store_result store_feedback_add(struct store *store, const struct store_feedback *feedback,
                                     bool *added, struct err *err) {
    struct db *db = store->db;
    db_begin_write(db);
    *added = !is_known(db, feedback);
    if (*added)
        insert_feedback(db, feedback);
    return store_result(db_end(db, err));
}

enum store_result store_feedback_sums(struct store *store, int64_t since_ms,
                                      store_each_feedback_sum *each, void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT zone_id, sum(handshakes) AS handshakes, sum(retries) AS retries"
                     " FROM feedback INDEXED BY feedback_age"
                     " WHERE reported_at >= ?1 AND ifnull(until_at, ?1) >= ?1"
                     " GROUP BY zone_id ORDER BY zone_id");
    db_int(query, 1, since_ms);
    while (db_row(query)) {
        struct store_feedback_sum sum = {
            .zone_id = db_get_int(query, "zone_id"),
            .handshakes = (uint64_t)db_get_int(query, "handshakes"),
            .retries = (uint64_t)db_get_int(query, "retries"),
        };
        if (!each(arg, &sum)) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}
