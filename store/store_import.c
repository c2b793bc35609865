/* Adding and updating origins. */
#include "store/store_import.h"

#include "scanner/base/alloc.h"
#include "store/store_private.h"
#include "store/store_state.h"
#include "store/store_zone.h"

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

static void note_joining(struct db *db, const struct origin *origin, int64_t now_ms) {
    char subject[ORIGIN_TEXT_SIZE];
    struct store_change change = {.at_ms = now_ms,
                                  .subject = origin_format(origin, subject),
                                  .field = "zone",
                                  .new = origin->zone,
                                  .reason = "import"};
    store_change_note(db, &change);
}

/* What is stored of an origin that a line names again. */
struct known {
    int64_t id;
    int64_t zone_id; /* the line's zone; 0: there is none of that name */
    bool member;     /* the origin is in it */
    double weight;   /* with this weight */
};

static bool find_known(struct db *db, const struct origin *origin, struct known *out) {
    struct db_query *query =
        db_query(db, "SELECT o.id, z.id AS zone_id, m.weight FROM origin o"
                     " LEFT JOIN zone z ON z.name = ?5"
                     " LEFT JOIN membership m ON m.zone_id = z.id AND m.origin_id = o.id"
                     " WHERE o.host = ?1 AND o.port = ?2 AND o.sni = ?3 AND o.address = ?4");
    db_text(query, 1, origin->host);
    db_int(query, 2, origin->port);
    db_text(query, 3, store_state_sni(origin));
    db_text(query, 4, origin->address);
    db_text(query, 5, origin->zone);
    if (!db_row(query))
        return false;
    out->id = db_get_int(query, "id");
    out->zone_id = db_get_int(query, "zone_id");
    out->member = !db_get_null(query, "weight");
    out->weight = db_get_real(query, "weight");
    db_reset(query);
    return true;
}

/* ---- what one list says twice ---- */

enum store_result store_import_begin(struct store *store, struct err *err) {
    struct db *db = store->db;
    db_exec(db, "PRAGMA temp_store=FILE"); /* else the lines of a large list fill the memory */
    db_exec(db, "DROP TABLE IF EXISTS temp.import_line;"
                "CREATE TEMP TABLE import_line ("
                " zone_id INTEGER, origin_id INTEGER, number INTEGER NOT NULL,"
                " PRIMARY KEY (zone_id, origin_id)) STRICT, WITHOUT ROWID");
    return store_result(db_fault(db, err));
}

/* The line of this list that named the origin in that zone; 0 if none did. */
static uint64_t find_first_line(struct db *db, int64_t zone_id, int64_t origin_id) {
    struct db_query *query = db_query(db, "SELECT number FROM temp.import_line"
                                          " WHERE zone_id = ?1 AND origin_id = ?2");
    db_int(query, 1, zone_id);
    db_int(query, 2, origin_id);
    uint64_t number = db_row(query) ? (uint64_t)db_get_int(query, "number") : 0;
    db_reset(query);
    return number;
}

static void keep_line(struct db *db, int64_t zone_id, int64_t origin_id, uint64_t number) {
    struct db_query *query =
        db_query(db, "INSERT INTO temp.import_line (zone_id, origin_id, number)"
                     " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
    db_int(query, 1, zone_id);
    db_int(query, 2, origin_id);
    db_int(query, 3, (int64_t)number);
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

static void insert_member(struct db *db, int64_t zone_id, int64_t origin_id, double weight) {
    struct db_query *query = db_query(db, "INSERT INTO membership (zone_id, origin_id, weight)"
                                          " VALUES (?1, ?2, ?3)");
    db_int(query, 1, zone_id);
    db_int(query, 2, origin_id);
    db_real(query, 3, weight);
    db_run(query);
}

static void update_weight(struct db *db, const struct known *known, double weight) {
    struct db_query *query =
        db_query(db, "UPDATE membership SET weight = ?3 WHERE zone_id = ?1 AND origin_id = ?2");
    db_int(query, 1, known->zone_id);
    db_int(query, 2, known->id);
    db_real(query, 3, weight);
    db_run(query);
}

/* True if an earlier line of this list gives the origin another weight in the same zone. */
static bool tell_conflict(struct importing *importing, const struct origin *origin,
                          const struct known *known) {
    const struct store_import_lines *lines = importing->lines;
    uint64_t first = find_first_line(importing->db, known->zone_id, known->id);
    if (!first)
        return false;
    struct store_import_conflict conflict = {.origin = origin,
                                             .line = lines->numbers[origin - lines->origins],
                                             .first_line = first,
                                             .first_weight = known->weight};
    lines->conflict(lines->arg, &conflict);
    return true;
}

static void import_known(struct importing *importing, const struct origin *origin) {
    struct db *db = importing->db;
    struct known known;
    const uint64_t *numbers = importing->lines->numbers;
    if (!find_known(db, origin, &known))
        return;
    if (!known.member) {
        known.zone_id = find_zone(db, origin->zone, &importing->last_zone);
        insert_member(db, known.zone_id, known.id, origin->weight);
        note_joining(db, origin, importing->now_ms);
        store_zone_touch_id(db, known.zone_id);
        importing->counts.joined++;
    } else if (same_weight(known.weight, origin->weight)) {
        importing->counts.same++;
    } else if (numbers && tell_conflict(importing, origin, &known)) {
        return;
    } else {
        update_weight(db, &known, origin->weight);
        store_zone_touch_id(db, known.zone_id);
        importing->counts.updated++;
    }
    if (numbers)
        keep_line(db, known.zone_id, known.id, numbers[origin - importing->lines->origins]);
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
        db_query(db, "INSERT INTO origin (host, port, sni, address, due_at, id)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0))"
                     " ON CONFLICT (host, port, sni, address) DO NOTHING");
    db_text(query, 1, origin->host);
    db_int(query, 2, origin->port);
    db_text(query, 3, store_state_sni(origin));
    db_text(query, 4, origin->address);
    db_int(query, 5, arrival->due_ms);
    db_int(query, 6, importing->next_id);
    if (!db_run(query) || !db_changes(db))
        return false;
    int64_t id = db_last_id(db);
    int64_t zone_id = find_zone(db, origin->zone, &importing->last_zone);
    insert_member(db, zone_id, id, origin->weight);
    importing->next_id = 0;
    importing->counts.added++;
    if (importing->lines->numbers)
        keep_line(db, zone_id, id, importing->lines->numbers[origin - importing->lines->origins]);
    return true;
}

static void add_counts(struct store_import_counts *total, const struct store_import_counts *more) {
    total->added += more->added;
    total->joined += more->joined;
    total->updated += more->updated;
    total->same += more->same;
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
