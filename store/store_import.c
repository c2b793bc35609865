/* Adding and updating origins. */
#include "store/store_import.h"

#include "scanner/base/alloc.h"
#include "store/store_private.h"
#include "store/store_state.h"

#include <stdlib.h>
#include <string.h>

static int64_t zone_id_of(struct db *db, const char *name) {
    struct db_query *query =
        db_query(db, "INSERT INTO zone (name) VALUES (?1) ON CONFLICT (name) DO NOTHING");
    db_text(query, 1, name);
    if (db_run(query) && db_changes(db))
        return db_last_id(db);
    query = db_query(db, "SELECT id FROM zone WHERE name = ?1");
    db_text(query, 1, name);
    int64_t id = db_row(query) ? db_get_int(query, "id") : 0;
    db_reset(query);
    return id;
}

/* Most lines of a large list bring a zone of their own or repeat the one before. */
struct zone_memory {
    const char *name;
    int64_t id;
};

static int64_t find_zone(struct db *db, const char *name, struct zone_memory *last) {
    if (!last->name || strcmp(last->name, name) != 0)
        *last = (struct zone_memory){name, zone_id_of(db, name)};
    return last->id;
}

static void drop_zone_if_empty(struct db *db, int64_t zone_id) {
    struct db_query *query =
        db_query(db, "DELETE FROM zone WHERE id = ?1"
                     " AND NOT EXISTS (SELECT 1 FROM origin WHERE zone_id = ?1)");
    db_int(query, 1, zone_id);
    db_run(query);
}

static void note_move(struct db *db, const struct origin *origin, const char *old, int64_t now_ms) {
    char subject[ORIGIN_TEXT_SIZE];
    struct store_change change = {.at_ms = now_ms,
                                  .subject = origin_format(origin, subject),
                                  .field = "zone",
                                  .old = old,
                                  .new = origin->zone,
                                  .reason = "import"};
    store_change_note(db, &change);
}

/* What is stored of an origin that a line names again. */
struct known {
    int64_t id;
    int64_t zone_id;
    double weight;
    char zone[ORIGIN_HOST_SIZE];
};

static bool find_known(struct db *db, const struct origin *origin, struct known *out) {
    struct db_query *query =
        db_query(db, "SELECT o.id, o.zone_id, o.weight, z.name AS zone FROM origin o JOIN zone z "
                     "ON z.id = o.zone_id"
                     " WHERE o.host = ?1 AND o.port = ?2 AND o.sni = ?3 AND o.address = ?4");
    db_text(query, 1, origin->host);
    db_int(query, 2, origin->port);
    db_text(query, 3, store_state_sni(origin));
    db_text(query, 4, origin->address);
    if (!db_row(query))
        return false;
    out->id = db_get_int(query, "id");
    out->zone_id = db_get_int(query, "zone_id");
    out->weight = db_get_real(query, "weight");
    db_get_copy(query, "zone", out->zone, sizeof out->zone);
    db_reset(query);
    return true;
}

/* True if something differed. */
static bool update_origin(struct db *db, const struct origin *origin, int64_t zone_id,
                          int64_t now_ms) {
    struct known known;
    if (!find_known(db, origin, &known))
        return false;
    bool moved = known.zone_id != zone_id;
    /* weights come from text and go through as they are: equal means the same line again */
    if (!moved && memcmp(&known.weight, &origin->weight, sizeof known.weight) == 0)
        return false;
    struct db_query *query =
        db_query(db, "UPDATE origin SET zone_id = ?2, weight = ?3 WHERE id = ?1");
    db_int(query, 1, known.id);
    db_int(query, 2, zone_id);
    db_real(query, 3, origin->weight);
    db_run(query);
    if (moved) {
        note_move(db, origin, known.zone, now_ms);
        drop_zone_if_empty(db, known.zone_id);
    }
    return true;
}

struct arrival {
    const struct origin *origin;
    int64_t due_ms;
};

/* In the order in which they will be scanned, so that what is claimed and committed together lies
 * together: measured at a million origins, that halves the cost of a commit. The same endpoint
 * stays in the order of the lines, so that the last one wins. */
static int by_due(const void *left, const void *right) {
    const struct arrival *a = left, *b = right;
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms ? -1 : 1;
    return (a->origin > b->origin) - (a->origin < b->origin);
}

static struct arrival *sort_by_due(const struct store *store, const struct origin *origins,
                                   size_t n, int64_t now_ms) {
    struct arrival *arrivals = alloc_zero(n, sizeof *arrivals);
    for (size_t i = 0; i < n; i++) {
        const struct origin *origin = &origins[i];
        uint64_t phase = schedule_phase(origin->host, origin->port, origin->sni, origin->address);
        arrivals[i] = (struct arrival){origin, schedule_first(&store->schedule, phase, now_ms)};
    }
    qsort(arrivals, n, sizeof *arrivals, by_due);
    return arrivals;
}

static bool insert_origin(struct db *db, const struct arrival *arrival, int64_t zone_id) {
    const struct origin *origin = arrival->origin;
    struct db_query *query =
        db_query(db, "INSERT INTO origin (zone_id, host, port, sni, address, weight, due_at)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                     " ON CONFLICT (host, port, sni, address) DO NOTHING");
    db_int(query, 1, zone_id);
    db_text(query, 2, origin->host);
    db_int(query, 3, origin->port);
    db_text(query, 4, store_state_sni(origin));
    db_text(query, 5, origin->address);
    db_real(query, 6, origin->weight);
    db_int(query, 7, arrival->due_ms);
    return db_run(query) && db_changes(db);
}

enum store_result store_import(struct store *store, const struct origin *origins, size_t n,
                               int64_t now_ms, struct store_import_counts *counts,
                               struct err *err) {
    struct store_import_counts made = {0};
    struct zone_memory last = {0};
    struct arrival *arrivals = sort_by_due(store, origins, n, now_ms);
    db_begin_write(store->db);
    for (size_t i = 0; i < n && !db_failed(store->db); i++) {
        const struct origin *origin = arrivals[i].origin;
        int64_t zone_id = find_zone(store->db, origin->zone, &last);
        if (insert_origin(store->db, &arrivals[i], zone_id))
            made.added++;
        else if (update_origin(store->db, origin, zone_id, now_ms))
            made.updated++;
        else
            made.same++;
    }
    free(arrivals);
    enum store_result result = store_result(db_end(store->db, err));
    if (result != STORE_OK)
        return result;
    counts->added += made.added;
    counts->updated += made.updated;
    counts->same += made.same;
    return STORE_OK;
}
