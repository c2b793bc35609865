/* Taking origins and zones out. */
#include "store/store_remove.h"

#include "scanner/base/array.h"
#include "store/store_private.h"
#include "store/store_read.h"
#include "store/store_state.h"
#include "store/store_zone.h"

#include <stdlib.h>

/* One call on its way. */
struct removing {
    struct store *store;
    struct db *db;
    int64_t now_ms;
    const char *reason;
    struct store_removed removed;
};

/* The chain of an origin's scans, the newest too. */
static void delete_history(struct db *db, int64_t origin_id, int64_t last_scan) {
    store_prune_origin(db, origin_id, last_scan, 1, 0);
    struct db_query *query = db_query(db, "DELETE FROM scan WHERE id = ?1 AND origin_id = ?2");
    db_int(query, 1, last_scan);
    db_int(query, 2, origin_id);
    db_run(query);
}

static void delete_origin(struct db *db, int64_t id) {
    struct db_query *query = db_query(db, "SELECT last_scan FROM origin WHERE id = ?1");
    db_int(query, 1, id);
    int64_t last_scan = db_row(query) ? db_get_int(query, "last_scan") : 0;
    db_reset(query);
    delete_history(db, id, last_scan);
    query = db_query(db, "DELETE FROM origin WHERE id = ?1");
    db_int(query, 1, id);
    db_run(query);
}

static bool has_zone(struct db *db, int64_t origin_id) {
    struct db_query *query = db_query(db, "SELECT 1 FROM membership WHERE origin_id = ?1 LIMIT 1");
    db_int(query, 1, origin_id);
    bool any = db_row(query);
    db_reset(query);
    return any;
}

/* An origin in a zone. */
struct member {
    int64_t origin_id;
    int64_t zone_id;
};

static bool note_removal(struct removing *removing, const struct member *member) {
    struct db *db = removing->db;
    struct origin origin = {.port = 0};
    char subject[ORIGIN_TEXT_SIZE];
    struct db_query *query = db_query(db, "SELECT z.name AS zone, host, port, sni, address"
                                          " FROM membership m JOIN zone z ON z.id = m.zone_id"
                                          " JOIN origin o ON o.id = m.origin_id"
                                          " WHERE m.zone_id = ?1 AND m.origin_id = ?2");
    db_int(query, 1, member->zone_id);
    db_int(query, 2, member->origin_id);
    if (!db_row(query))
        return false;
    db_get_copy(query, "zone", origin.zone, sizeof origin.zone);
    store_state_endpoint(query, &origin);
    db_reset(query);
    struct store_change change = {.at_ms = removing->now_ms,
                                  .subject = origin_format(&origin, subject),
                                  .field = "zone",
                                  .old = origin.zone,
                                  .reason = removing->reason};
    store_change_note(db, &change);
    return true;
}

/* Takes an origin out of a zone: out of the last one, it goes. */
static void remove_member(struct removing *removing, const struct member *member) {
    struct db *db = removing->db;
    if (!note_removal(removing, member))
        return;
    struct db_query *query =
        db_query(db, "DELETE FROM membership WHERE zone_id = ?1 AND origin_id = ?2");
    db_int(query, 1, member->zone_id);
    db_int(query, 2, member->origin_id);
    db_run(query);
    if (has_zone(db, member->origin_id)) {
        store_zone_touch_of(db, member->origin_id); /* what this zone wished counts no more */
        removing->removed.memberships++;
    } else {
        delete_origin(db, member->origin_id);
        removing->removed.origins++;
    }
    store_zone_touch_id(db, member->zone_id);
    removing->removed.zones += store_zone_drop_if_empty(db, member->zone_id);
}

/* The highest number is remembered: an origin that comes later must not get it while a visit of this
 * one is under way. */
static void keep_highest_id(struct db *db) {
    db_exec(db, "INSERT INTO meta (key, value) SELECT 'origin_id', max(id) FROM origin"
                " WHERE true ON CONFLICT (key) DO UPDATE"
                " SET value = max(value, ifnull(excluded.value, 0))");
}

/* All that the query lists; none of it is running any more when the first one goes. */
static void remove_listed(struct removing *removing, struct db_query *query) {
    struct member *members = NULL;
    size_t n = 0, room = 0;
    while (db_row(query)) {
        members = array_reserve(members, n + 1, &room, sizeof *members);
        members[n++] =
            (struct member){db_get_int(query, "origin_id"), db_get_int(query, "zone_id")};
    }
    if (n > 0)
        keep_highest_id(removing->db);
    for (size_t i = 0; i < n && !db_failed(removing->db); i++)
        remove_member(removing, &members[i]);
    free(members);
}

static struct removing begin_removing(struct store *store, int64_t now_ms, const char *reason) {
    db_begin_write(store->db);
    return (struct removing){.store = store, .db = store->db, .now_ms = now_ms, .reason = reason};
}

static enum store_result end_removing(const struct removing *removing,
                                      struct store_removed *removed, struct err *err) {
    enum store_result result = store_result(db_end(removing->db, err));
    if (result != STORE_OK)
        return result;
    removed->origins += removing->removed.origins;
    removed->memberships += removing->removed.memberships;
    removed->zones += removing->removed.zones;
    removed->orders += removing->removed.orders;
    return STORE_OK;
}

/* Where a host's origins are: in that zone, or (0) in all. */
static struct db_query *list_host(struct db *db, const char *host, uint16_t port, int64_t zone_id) {
    struct db_query *query =
        db_query(db, "SELECT m.origin_id, m.zone_id FROM origin o CROSS JOIN membership m"
                     " ON m.origin_id = o.id WHERE host = ?1 AND (?2 = 0 OR port = ?2)"
                     " AND (?3 = 0 OR m.zone_id = ?3) ORDER BY m.origin_id, m.zone_id");
    db_text(query, 1, host);
    db_int(query, 2, port);
    db_int(query, 3, zone_id);
    return query;
}

enum store_result store_remove_host(struct store *store, const char *host, uint16_t port,
                                    int64_t now_ms, struct store_removed *removed,
                                    struct err *err) {
    struct removing removing = begin_removing(store, now_ms, "removed");
    remove_listed(&removing, list_host(removing.db, host, port, 0));
    removing.removed.memberships = 0; /* none stays: it left one zone after the other */
    return end_removing(&removing, removed, err);
}

enum store_result store_remove_from_zone(struct store *store, int64_t zone_id, const char *host,
                                         uint16_t port, int64_t now_ms,
                                         struct store_removed *removed, struct err *err) {
    struct removing removing = begin_removing(store, now_ms, "removed");
    remove_listed(&removing, list_host(removing.db, host, port, zone_id));
    return end_removing(&removing, removed, err);
}

static uint64_t count_orders(struct db *db, int64_t zone_id) {
    struct db_query *query = db_query(db, "SELECT count(*) AS n FROM lever WHERE zone_id = ?1");
    db_int(query, 1, zone_id);
    uint64_t n = db_row(query) ? (uint64_t)db_get_int(query, "n") : 0;
    db_reset(query);
    return n;
}

static void remove_zone(struct removing *removing, int64_t zone_id) {
    struct db *db = removing->db;
    struct db_query *query = db_query(
        db, "SELECT origin_id, zone_id FROM membership WHERE zone_id = ?1 ORDER BY origin_id");
    db_int(query, 1, zone_id);
    remove_listed(removing, query);
    removing->removed.orders += count_orders(db, zone_id);
    query = db_query(db, "DELETE FROM zone WHERE id = ?1");
    db_int(query, 1, zone_id);
    if (db_run(query) && db_changes(db))
        removing->removed.zones++;
}

enum store_result store_remove_zone(struct store *store, const char *zone, int64_t now_ms,
                                    bool *found, struct store_removed *removed, struct err *err) {
    struct removing removing = begin_removing(store, now_ms, "removed");
    int64_t zone_id = store_zone_find(removing.db, zone);
    *found = zone_id != 0;
    if (*found)
        remove_zone(&removing, zone_id);
    return end_removing(&removing, removed, err);
}

#define UNNAMED                                                                                    \
    " NOT EXISTS (SELECT 1 FROM temp.import_line l"                                                \
    " WHERE l.origin_id = m.origin_id AND l.zone_id = m.zone_id)"

enum store_result store_remove_count(struct store *store, struct store_unnamed *out,
                                     struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    out->memberships = (uint64_t)db_number(db, "SELECT count(*) FROM membership");
    out->unnamed = (uint64_t)db_number(db, "SELECT count(*) FROM membership m WHERE" UNNAMED);
    return store_result(db_end(db, err));
}

enum store_result store_remove_unnamed(struct store *store, int64_t now_ms,
                                       struct store_removed *removed, struct err *err) {
    struct removing removing = begin_removing(store, now_ms, "left out of the list");
    remove_listed(&removing,
                  db_query(removing.db, "SELECT origin_id, zone_id FROM membership m WHERE" UNNAMED
                                        " ORDER BY origin_id, zone_id"));
    return end_removing(&removing, removed, err);
}
