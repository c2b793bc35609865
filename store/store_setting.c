/* Zones and their settings. */
#include "store/store_private.h"
#include "store/store_read.h"
#include "store/store_rule.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUPS_TEXT_SIZE = STORE_SETTING_GROUPS * 6 + 1,
    GROUPS_NAMES_SIZE = STORE_SETTING_GROUPS * GROUP_NAME_SIZE,
};

/* As they are stored: numbers with commas between. */
static void format_groups(const struct store_setting *setting, char out[GROUPS_TEXT_SIZE]) {
    size_t n = 0;
    *out = '\0';
    assert(setting->groups_n <= STORE_SETTING_GROUPS);
    for (size_t i = 0; i < setting->groups_n; i++)
        n += (size_t)snprintf(out + n, GROUPS_TEXT_SIZE - n, "%s%u", i ? "," : "",
                              setting->groups[i]);
}

static uint8_t read_groups(const char *text, uint16_t out[STORE_SETTING_GROUPS]) {
    uint8_t n = 0;
    while (*text && n < STORE_SETTING_GROUPS) {
        char *end;
        out[n++] = (uint16_t)strtoul(text, &end, 10);
        text = *end == ',' ? end + 1 : "";
    }
    return n;
}

static void name_groups(size_t groups_n, const uint16_t *groups, char out[GROUPS_NAMES_SIZE]) {
    size_t n = 0;
    *out = '\0';
    for (size_t i = 0; i < groups_n; i++) {
        char number[GROUP_NAME_SIZE];
        n += (size_t)snprintf(out + n, GROUPS_NAMES_SIZE - n, "%s%s", i ? "," : "",
                              group_name(groups[i], number));
    }
}

#define ZONE_COLUMNS                                                                               \
    "z.id AS zone_id, z.name AS zone, " STORE_SETTING_COLUMNS                                      \
    " FROM zone z LEFT JOIN zone_setting s ON s.zone_id = z.id"

bool store_setting_read(struct db_query *query, struct store_setting *out) {
    if (db_get_null(query, "setting"))
        return false;
    *out = (struct store_setting){
        .setting = db_get_text(query, "setting"),
        .variant = db_get_text_or_null(query, "variant"),
        .first_share = (uint16_t)db_get_int(query, "first_share"),
        .reason = db_get_text(query, "reason"),
        .since_ms = db_get_int(query, "since"),
        .evidence_scans = (uint32_t)db_get_int(query, "evidence_scans"),
        .valid_until_ms = db_get_int(query, "valid_until"),
        .previous = db_get_text_or_null(query, "previous"),
        .stage_percent = (uint8_t)db_get_int(query, "stage_percent"),
        .hybrid_fraction = db_get_real(query, "hybrid_fraction"),
        .retry_fraction = db_get_real(query, "retry_fraction"),
    };
    out->groups_n = read_groups(db_get_text(query, "groups"), out->groups);
    return true;
}

static enum store_result each_zone(struct db *db, struct db_query *query, store_each_zone *each,
                                   void *arg, struct err *err) {
    struct store_setting setting;
    while (db_row(query)) {
        bool any = store_setting_read(query, &setting);
        if (!each(arg, db_get_int(query, "zone_id"), db_get_text(query, "zone"),
                  any ? &setting : NULL)) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}

enum store_result store_zones(struct store *store, store_each_zone *each, void *arg,
                              struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    return each_zone(db, db_query(db, "SELECT " ZONE_COLUMNS " ORDER BY z.name"), each, arg, err);
}

enum store_result store_zones_after(struct store *store, const char *after, size_t limit,
                                    store_each_zone *each, void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query =
        db_query(db, "SELECT " ZONE_COLUMNS " WHERE z.name > ?1 ORDER BY z.name LIMIT ?2");
    db_text(query, 1, after);
    db_int(query, 2, (int64_t)limit);
    return each_zone(db, query, each, arg, err);
}

enum store_result store_zone_by_name(struct store *store, const char *name, store_each_zone *each,
                                     void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query = db_query(db, "SELECT " ZONE_COLUMNS " WHERE z.name = ?1");
    db_text(query, 1, name);
    return each_zone(db, query, each, arg, err);
}

enum store_result store_zone_by_id(struct store *store, int64_t zone_id, store_each_zone *each,
                                   void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query = db_query(db, "SELECT " ZONE_COLUMNS " WHERE z.id = ?1");
    db_int(query, 1, zone_id);
    return each_zone(db, query, each, arg, err);
}

enum store_result store_zones_of_origin(struct store *store, int64_t origin_id,
                                        store_each_name *each, void *arg, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    struct db_query *query = db_query(db, "SELECT z.id, z.name FROM membership m CROSS JOIN zone z"
                                          " ON z.id = m.zone_id WHERE m.origin_id = ?1"
                                          " ORDER BY z.id");
    db_int(query, 1, origin_id);
    while (db_row(query)) {
        if (!each(arg, db_get_int(query, "id"), db_get_text(query, "name"))) {
            db_reset(query);
            break;
        }
    }
    return store_result(db_end(db, err));
}

enum store_result store_zone_count(struct store *store, uint64_t *n, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    *n = (uint64_t)db_number(db, "SELECT count(*) FROM zone");
    return store_result(db_end(db, err));
}

/* What is stored now, with texts of its own. */
struct stored_setting {
    bool any;
    char setting[16];
    char variant[16];
    uint16_t first_share;
    uint8_t groups_n;
    uint16_t groups[STORE_SETTING_GROUPS];
    char previous[16];
    bool has_previous;
    int64_t since_ms;
};

static void load_stored(struct db *db, int64_t zone_id, struct stored_setting *out) {
    struct db_query *query =
        db_query(db, "SELECT setting, variant, first_share, groups, since, previous"
                     " FROM zone_setting WHERE zone_id = ?1");
    db_int(query, 1, zone_id);
    *out = (struct stored_setting){.any = db_row(query)};
    if (!out->any)
        return;
    db_get_copy(query, "setting", out->setting, sizeof out->setting);
    db_get_copy(query, "variant", out->variant, sizeof out->variant);
    out->first_share = (uint16_t)db_get_int(query, "first_share");
    out->groups_n = read_groups(db_get_text(query, "groups"), out->groups);
    out->since_ms = db_get_int(query, "since");
    out->has_previous = !db_get_null(query, "previous");
    db_get_copy(query, "previous", out->previous, sizeof out->previous);
    db_reset(query);
}

static const char *text_or_null(const char *text) {
    return text && *text ? text : NULL;
}

/* What is being changed, and why. */
struct changing {
    struct db *db;
    int64_t zone_id;
    int64_t now_ms;
    const char *reason;
};

static void note_if_changed(const struct changing *c, const char *field, const char *old,
                            const char *new) {
    char zone[ORIGIN_HOST_SIZE] = "";
    if (strcmp(old, new) == 0)
        return;
    struct db_query *query = db_query(c->db, "SELECT name FROM zone WHERE id = ?1");
    db_int(query, 1, c->zone_id);
    if (db_row(query))
        db_get_copy(query, "name", zone, sizeof zone);
    db_reset(query);
    store_change_note(c->db, &(struct store_change){.at_ms = c->now_ms,
                                                    .subject = zone,
                                                    .field = field,
                                                    .old = text_or_null(old),
                                                    .new = text_or_null(new),
                                                    .reason = c->reason});
}

static void note_first_share(const struct changing *c, uint16_t old, uint16_t new) {
    char before[GROUP_NAME_SIZE], after[GROUP_NAME_SIZE];
    if (old != new)
        note_if_changed(c, "first_share", old == GROUP_NONE ? "" : group_name(old, before),
                        new == GROUP_NONE ? "" : group_name(new, after));
}

static void note_groups(const struct changing *c, const struct stored_setting *old,
                        const struct store_setting *new) {
    char before[GROUPS_NAMES_SIZE], after[GROUPS_NAMES_SIZE];
    if (old->groups_n == new->groups_n &&
        memcmp(old->groups, new->groups, new->groups_n * sizeof *new->groups) == 0)
        return;
    name_groups(old->groups_n, old->groups, before);
    name_groups(new->groups_n, new->groups, after);
    note_if_changed(c, "groups", before, after);
}

static void note_changes(const struct changing *c, const struct stored_setting *old,
                         const struct store_setting *new) {
    if (!old->any) {
        if (strcmp(new->setting, "off") != 0 && strcmp(new->setting, "none") != 0)
            note_if_changed(c, "setting", "", new->setting);
        return;
    }
    note_if_changed(c, "setting", old->setting, new->setting);
    note_if_changed(c, "variant", old->variant, new->variant ? new->variant : "");
    note_first_share(c, old->first_share, new->first_share);
    note_groups(c, old, new);
}

static void write_setting(struct db *db, int64_t zone_id, const struct stored_setting *old,
                          const struct store_setting *new, int64_t now_ms) {
    char groups[GROUPS_TEXT_SIZE];
    bool stays = old->any && strcmp(old->setting, new->setting) == 0;
    struct db_query *query =
        old->any
            ? db_query(db, "UPDATE zone_setting SET setting = ?2, variant = ?3, first_share = ?4,"
                           " groups = ?5, reason = ?6, since = ?7, evidence_scans = ?8,"
                           " valid_until = ?9, previous = ?10, stage_percent = ?11,"
                           " hybrid_fraction = ?12, retry_fraction = ?13"
                           " WHERE zone_id = ?1")
            : db_query(db, "INSERT INTO zone_setting (zone_id, setting, variant, first_share,"
                           " groups, reason, since, evidence_scans, valid_until, previous,"
                           " stage_percent, hybrid_fraction, retry_fraction)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
    format_groups(new, groups);
    db_int(query, 1, zone_id);
    db_text(query, 2, new->setting);
    db_text(query, 3, new->variant);
    if (new->first_share != GROUP_NONE)
        db_int(query, 4, new->first_share);
    db_text(query, 5, groups);
    db_text(query, 6, new->reason);
    db_int(query, 7, stays ? old->since_ms : new->since_ms ? new->since_ms : now_ms);
    db_int(query, 8, new->evidence_scans);
    if (new->valid_until_ms)
        db_int(query, 9, new->valid_until_ms);
    if (stays)
        db_text(query, 10, old->has_previous ? old->previous : NULL);
    else
        db_text(query, 10, old->any ? old->setting : NULL);
    db_int(query, 11, new->stage_percent);
    db_real(query, 12, new->hybrid_fraction);
    db_real(query, 13, new->retry_fraction);
    db_run(query);
}

enum store_result store_setting_put(struct store *store, int64_t zone_id,
                                    const struct store_setting *setting, int64_t now_ms,
                                    struct err *err) {
    struct changing c = {store->db, zone_id, now_ms, setting->reason};
    struct stored_setting old;
    db_begin_write(store->db);
    load_stored(store->db, zone_id, &old);
    write_setting(store->db, zone_id, &old, setting, now_ms);
    note_changes(&c, &old, setting);
    return store_result(db_end(store->db, err));
}
