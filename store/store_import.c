/* Adding and updating origins. */
#include "store/store_import.h"

#include "scanner/base/alloc.h"
#include "store/store_private.h"
#include "store/store_state.h"
#include "store/store_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most lines of a large list bring a zone of their own or repeat the one before. */
struct zone_memory {
    const char *name;
    int64_t id;
};

static int64_t find_zone(struct db *db, const char *name, struct zone_memory *last) {
    if (!last->name || strcmp(last->name, name) != 0)
        *last = (struct zone_memory){name, store_zone_insert(db, name)};
    return last->id;
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

/* ---- what one list says twice ---- */

enum store_result store_import_begin(struct store *store, struct err *err) {
    struct db *db = store->db;
    db_exec(db, "PRAGMA temp_store=FILE"); /* else the lines of a large list fill the memory */
    db_exec(db, "DROP TABLE IF EXISTS temp.import_line;"
                "CREATE TEMP TABLE import_line ("
                " origin_id INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT");
    return store_result(db_fault(db, err));
}

/* The line of this list that named the origin; 0 if none did. */
static uint64_t find_first_line(struct db *db, int64_t origin_id) {
    struct db_query *query =
        db_query(db, "SELECT number FROM temp.import_line WHERE origin_id = ?1");
    db_int(query, 1, origin_id);
    uint64_t number = db_row(query) ? (uint64_t)db_get_int(query, "number") : 0;
    db_reset(query);
    return number;
}

static void keep_line(struct db *db, int64_t origin_id, uint64_t number) {
    struct db_query *query = db_query(db, "INSERT INTO temp.import_line (origin_id, number)"
                                          " VALUES (?1, ?2) ON CONFLICT DO NOTHING");
    db_int(query, 1, origin_id);
    db_int(query, 2, (int64_t)number);
    db_run(query);
}

/* ---- one line ---- */

/* A call of store_import_lines() on its way. */
struct importing {
    struct db *db;
    const struct store_import_lines *lines; /* without numbers: nothing is kept of them */
    int64_t now_ms;
    struct store_import_counts counts;
    struct zone_memory last_zone;
    int64_t next_id; /* of the next origin that is added; 0: whatever SQLite gives */
};

/* Weights come from text and go through as they are: equal means the same again. */
static bool same_weight(double left, double right) {
    return memcmp(&left, &right, sizeof left) == 0;
}

static void count_move(struct store_import_counts *counts, const struct origin *origin,
                       const char *from) {
    if (counts->moved++ > 0)
        return;
    origin_format(origin, counts->first_moved);
    snprintf(counts->first_from, sizeof counts->first_from, "%s", from);
    snprintf(counts->first_to, sizeof counts->first_to, "%s", origin->zone);
}

static void update_origin(struct importing *importing, const struct origin *origin,
                          const struct known *known, int64_t zone_id) {
    struct db *db = importing->db;
    struct db_query *query =
        db_query(db, "UPDATE origin SET zone_id = ?2, weight = ?3 WHERE id = ?1");
    db_int(query, 1, known->id);
    db_int(query, 2, zone_id);
    db_real(query, 3, origin->weight);
    db_run(query);
    if (known->zone_id != zone_id) {
        count_move(&importing->counts, origin, known->zone);
        note_move(db, origin, known->zone, importing->now_ms);
        store_zone_touch_id(db, known->zone_id);
        store_zone_drop_if_empty(db, known->zone_id);
    }
    store_zone_touch_id(db, zone_id);
    importing->counts.updated++;
}

/* True if an earlier line of this list says something else of the origin. */
static bool tell_conflict(struct importing *importing, const struct origin *origin,
                          const struct known *known) {
    const struct store_import_lines *lines = importing->lines;
    uint64_t first = find_first_line(importing->db, known->id);
    if (!first)
        return false;
    struct store_import_conflict conflict = {.origin = origin,
                                             .line = lines->numbers[origin - lines->origins],
                                             .first_line = first,
                                             .first_weight = known->weight,
                                             .first_zone = known->zone};
    lines->conflict(lines->arg, &conflict);
    return true;
}

static void import_known(struct importing *importing, const struct origin *origin) {
    struct known known;
    const uint64_t *numbers = importing->lines->numbers;
    if (!find_known(importing->db, origin, &known))
        return;
    bool differs =
        strcmp(known.zone, origin->zone) != 0 || !same_weight(known.weight, origin->weight);
    if (differs && numbers && tell_conflict(importing, origin, &known)) {
        store_zone_drop_if_empty(importing->db, /* which this line may have brought */
                                 find_zone(importing->db, origin->zone, &importing->last_zone));
        importing->last_zone = (struct zone_memory){0};
        return;
    }
    if (differs)
        update_origin(importing, origin, &known,
                      find_zone(importing->db, origin->zone, &importing->last_zone));
    else
        importing->counts.same++;
    if (numbers)
        keep_line(importing->db, known.id, numbers[origin - importing->lines->origins]);
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

static bool insert_origin(struct importing *importing, const struct arrival *arrival) {
    const struct origin *origin = arrival->origin;
    struct db *db = importing->db;
    struct db_query *query =
        db_query(db, "INSERT INTO origin (zone_id, host, port, sni, address, weight, due_at, id)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, nullif(?8, 0))"
                     " ON CONFLICT (host, port, sni, address) DO NOTHING");
    db_int(query, 1, find_zone(db, origin->zone, &importing->last_zone));
    db_text(query, 2, origin->host);
    db_int(query, 3, origin->port);
    db_text(query, 4, store_state_sni(origin));
    db_text(query, 5, origin->address);
    db_real(query, 6, origin->weight);
    db_int(query, 7, arrival->due_ms);
    db_int(query, 8, importing->next_id);
    if (!db_run(query) || !db_changes(db))
        return false;
    importing->next_id = 0;
    importing->counts.added++;
    if (importing->lines->numbers)
        keep_line(db, db_last_id(db),
                  importing->lines->numbers[origin - importing->lines->origins]);
    return true;
}

static void add_counts(struct store_import_counts *total, const struct store_import_counts *more) {
    struct store_import_counts sum = total->moved ? *total : *more; /* whose first move is shown */
    sum.added = total->added + more->added;
    sum.updated = total->updated + more->updated;
    sum.same = total->same + more->same;
    sum.moved = total->moved + more->moved;
    *total = sum;
}

/* The number behind all that ever were, where the highest has been removed (store_remove.c). */
static int64_t find_next_id(struct db *db) {
    return db_number(db, "SELECT value + 1 FROM meta WHERE key = 'origin_id'"
                         " AND value > (SELECT ifnull(max(id), 0) FROM origin)");
}

enum store_result store_import_lines(struct store *store, const struct store_import_lines *lines,
                                     int64_t now_ms, struct store_import_counts *counts,
                                     struct err *err) {
    struct importing importing = {.db = store->db, .lines = lines, .now_ms = now_ms};
    struct arrival *arrivals = sort_by_due(store, lines->origins, lines->n, now_ms);
    db_begin_write(store->db);
    importing.next_id = find_next_id(store->db);
    for (size_t i = 0; i < lines->n && !db_failed(store->db); i++)
        if (!insert_origin(&importing, &arrivals[i]))
            import_known(&importing, arrivals[i].origin);
    free(arrivals);
    enum store_result result = store_result(db_end(store->db, err));
    if (result != STORE_OK)
        return result;
    add_counts(counts, &importing.counts);
    return STORE_OK;
}

enum store_result store_import(struct store *store, const struct origin *origins, size_t n,
                               int64_t now_ms, struct store_import_counts *counts,
                               struct err *err) {
    struct store_import_lines lines = {.origins = origins, .n = n};
    return store_import_lines(store, &lines, now_ms, counts, err);
}
