/* Zones and their settings. */
#include "store/store_private.h"
#include "store/store_read.h"
#include "store/store_rule.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUPS_TEXT_SIZE = STORE_SETTING_GROUPS * 6 + 1,
    GROUPS_NAMES_SIZE = STORE_SETTING_GROUPS * GROUP_NAME_SIZE,
};

static void groups_text(const struct store_setting *setting, char out[GROUPS_TEXT_SIZE]) {
    size_t n = 0;
    *out = '\0';
    assert(setting->groups_n <= STORE_SETTING_GROUPS);
    for (size_t i = 0; i < setting->groups_n; i++)
        n += (size_t)snprintf(out + n, GROUPS_TEXT_SIZE - n, "%s%u", i ? "," : "",
                              setting->groups[i]);
}

static void read_groups(const char *text, struct store_setting *out) {
    while (*text && out->groups_n < STORE_SETTING_GROUPS) {
        char *end;
        out->groups[out->groups_n++] = (uint16_t)strtoul(text, &end, 10);
        text = *end == ',' ? end + 1 : "";
    }
}

static void groups_names(const struct store_setting *setting, char out[GROUPS_NAMES_SIZE]) {
    size_t n = 0;
    *out = '\0';
    for (size_t i = 0; i < setting->groups_n; i++) {
        char number[GROUP_NAME_SIZE];
        n += (size_t)snprintf(out + n, GROUPS_NAMES_SIZE - n, "%s%s", i ? "," : "",
                              group_name(setting->groups[i], number));
    }
}

#define ZONE_COLUMNS                                                                               \
    "z.id AS zone_id, z.name AS zone, s.setting, s.variant, s.first_share, s.groups, s.reason, "   \
    "s.since,"                                                                                     \
    " s.evidence_scans, s.valid_until, s.previous, s.stage_percent"                                \
    " FROM zone z LEFT JOIN zone_setting s ON s.zone_id = z.id"

static void read_setting(struct db_query *query, struct store_setting *out) {
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
    };
    read_groups(db_get_text(query, "groups"), out);
}

static enum store_result each_zone(struct db *db, struct db_query *query, store_each_zone *each,
                                   void *arg, struct err *err) {
    struct store_setting setting;
    while (db_row(query)) {
        bool any = !db_get_null(query, "setting");
        if (any)
            read_setting(query, &setting);
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

enum store_result store_zone_count(struct store *store, uint64_t *n, struct err *err) {
    struct db *db = store->db;
    db_begin_read(db);
    *n = (uint64_t)db_number(db, "SELECT count(*) FROM zone");
    return store_result(db_end(db, err));
}

/* What is stored now, with texts of its own. */
struct stored_setting {
    bool any;
    char zone[ORIGIN_HOST_SIZE];
    char setting[16];
    char variant[16];
    char first_share[GROUP_NAME_SIZE];
    char groups[GROUPS_NAMES_SIZE];
    char previous[16];
    bool has_previous;
    int64_t since_ms;
};

static void share_text(uint16_t group, char out[GROUP_NAME_SIZE]) {
    char number[GROUP_NAME_SIZE];
    snprintf(out, GROUP_NAME_SIZE, "%s", group == GROUP_NONE ? "" : group_name(group, number));
}

static bool load_stored(struct db *db, int64_t zone_id, struct stored_setting *out) {
    *out = (struct stored_setting){.any = false};
    struct db_query *query = db_query(db, "SELECT " ZONE_COLUMNS " WHERE z.id = ?1");
    db_int(query, 1, zone_id);
    if (!db_row(query))
        return false;
    *out = (struct stored_setting){.any = !db_get_null(query, "setting"),
                                   .has_previous = !db_get_null(query, "previous"),
                                   .since_ms = db_get_int(query, "since")};
    db_get_copy(query, "zone", out->zone, sizeof out->zone);
    db_get_copy(query, "setting", out->setting, sizeof out->setting);
    db_get_copy(query, "variant", out->variant, sizeof out->variant);
    share_text((uint16_t)db_get_int(query, "first_share"), out->first_share);
    struct store_setting stored = {.groups_n = 0};
    read_groups(db_get_text(query, "groups"), &stored);
    groups_names(&stored, out->groups);
    db_get_copy(query, "previous", out->previous, sizeof out->previous);
    db_reset(query);
    return true;
}

static const char *or_null(const char *text) {
    return *text ? text : NULL;
}

static void note_if_changed(struct db *db, struct store_change *change, const char *field,
                            const char *old, const char *new) {
    if (strcmp(old, new) == 0)
        return;
    change->field = field;
    change->old = or_null(old);
    change->new = or_null(new);
    store_change_note(db, change);
}

static void note_changes(struct db *db, const struct stored_setting *old,
                         const struct store_setting *new, int64_t now_ms) {
    struct store_change change = {.at_ms = now_ms, .subject = old->zone, .reason = new->reason};
    char share[GROUP_NAME_SIZE], groups[GROUPS_NAMES_SIZE];
    if (!old->any) {
        if (strcmp(new->setting, "off") != 0)
            note_if_changed(db, &change, "setting", "", new->setting);
        return;
    }
    share_text(new->first_share, share);
    groups_names(new, groups);
    note_if_changed(db, &change, "setting", old->setting, new->setting);
    note_if_changed(db, &change, "variant", old->variant, new->variant ? new->variant : "");
    note_if_changed(db, &change, "first_share", old->first_share, share);
    note_if_changed(db, &change, "groups", old->groups, groups);
}

static void write_setting(struct db *db, int64_t zone_id, const struct stored_setting *old,
                          const struct store_setting *new, int64_t now_ms) {
    char groups[GROUPS_TEXT_SIZE];
    bool stays = old->any && strcmp(old->setting, new->setting) == 0;
    struct db_query *query =
        db_query(db, "INSERT OR REPLACE INTO zone_setting (zone_id, setting, variant, first_share,"
                     " groups, reason, since, evidence_scans, valid_until, previous, stage_percent)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
    groups_text(new, groups);
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
    db_run(query);
}

static void drop_setting(struct db *db, int64_t zone_id, const struct stored_setting *old,
                         int64_t now_ms) {
    struct db_query *query = db_query(db, "DELETE FROM zone_setting WHERE zone_id = ?1");
    db_int(query, 1, zone_id);
    db_run(query);
    struct store_change change = {.at_ms = now_ms, .subject = old->zone, .reason = "no advice"};
    note_if_changed(db, &change, "setting", old->setting, "");
}

enum store_result store_setting_put(struct store *store, int64_t zone_id,
                                    const struct store_setting *setting, int64_t now_ms,
                                    struct err *err) {
    struct db *db = store->db;
    struct stored_setting old;
    db_begin_write(db);
    if (load_stored(db, zone_id, &old) && setting) {
        write_setting(db, zone_id, &old, setting, now_ms);
        note_changes(db, &old, setting, now_ms);
    } else if (old.zone[0]) {
        drop_setting(db, zone_id, &old, now_ms);
    } else {
        db_fail(db, "%s: there is no zone %" PRId64, db_path(db), zone_id);
    }
    return store_result(db_end(db, err));
}
