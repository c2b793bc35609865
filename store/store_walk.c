/* One cursor over zones and one over their origins, side by side. */
#include "store/store_walk.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "store/store_private.h"
#include "store/store_state.h"

#include <stdlib.h>

/* Where a zone stands among all by name. */
struct place {
    int64_t zone_id;
    uint64_t at;
};

struct walking {
    struct db *db;
    const struct store_walk *walk;
    struct place *places; /* by the zone's id */
    size_t places_n;
    size_t places_next; /* of the zones that come after the one that is read */
    struct db_query *zones;
    struct db_query *members;
    bool has_member; /* `members` stands on a row that was not given yet */
    struct store_origin stored;
};

static int compare_places(const void *left, const void *right) {
    const struct place *a = left, *b = right;
    return (a->zone_id > b->zone_id) - (a->zone_id < b->zone_id);
}

static void read_places(struct walking *walking) {
    size_t room = 0;
    struct db_query *query = db_query(walking->db, "SELECT id FROM zone ORDER BY name");
    while (db_row(query)) {
        walking->places =
            array_reserve(walking->places, walking->places_n + 1, &room, sizeof *walking->places);
        walking->places[walking->places_n] =
            (struct place){db_get_int(query, "id"), walking->places_n};
        walking->places_n++;
    }
    if (walking->places_n > 0)
        qsort(walking->places, walking->places_n, sizeof *walking->places, compare_places);
}

static uint64_t place_of(struct walking *walking, int64_t zone_id) {
    while (walking->places_next < walking->places_n &&
           walking->places[walking->places_next].zone_id < zone_id)
        walking->places_next++;
    return walking->places_next < walking->places_n ? walking->places[walking->places_next].at
                                                    : walking->places_n;
}

#define MEMBER_COLUMNS "SELECT m.zone_id, m.weight, " STORE_STATE_BRIEF
#define MEMBER_ORIGINS " FROM membership m CROSS JOIN origin o ON o.id = m.origin_id"
#define MEMBER_ORDER " ORDER BY m.zone_id, m.origin_id"

#define MEMBER_SQL MEMBER_COLUMNS ", NULL AS bytes" MEMBER_ORIGINS MEMBER_ORDER
#define MEMBER_STATE_SQL                                                                           \
    MEMBER_COLUMNS ", e.memo AS bytes" MEMBER_ORIGINS                                              \
                   " LEFT JOIN evidence e ON e.origin_id = m.origin_id" MEMBER_ORDER

#define ZONE_SQL                                                                                   \
    "SELECT z.id AS zone_id, z.name AS zone, " STORE_SETTING_COLUMNS ", k.memo AS bytes"           \
    " FROM zone z LEFT JOIN zone_setting s ON s.zone_id = z.id"                                    \
    " LEFT JOIN zone_memo k ON k.zone_id = z.id ORDER BY z.id"

static bool give_member(struct walking *walking, int64_t zone_id) {
    struct store_walk_origin origin = {.stored = &walking->stored};
    store_state_read_brief(walking->members, &walking->stored);
    walking->stored.zone_id = zone_id;
    walking->stored.origin.weight = origin_bound_weight(db_get_real(walking->members, "weight"));
    origin.state = db_get_blob(walking->members, "bytes", &origin.state_n);
    return walking->walk->take_origin(walking->walk->arg, &origin);
}

/* False: the walk ends. */
static bool give_members(struct walking *walking, int64_t zone_id) {
    while (walking->has_member) {
        int64_t of = db_get_int(walking->members, "zone_id");
        if (of > zone_id)
            return true;
        if (of == zone_id && !give_member(walking, zone_id))
            return false;
        walking->has_member = db_row(walking->members);
    }
    return !db_failed(walking->db);
}

static bool give_zone(struct walking *walking) {
    const struct store_walk *walk = walking->walk;
    struct store_setting setting;
    struct store_walk_zone zone = {.id = db_get_int(walking->zones, "zone_id"),
                                   .name = db_get_text(walking->zones, "zone")};
    zone.place = place_of(walking, zone.id);
    if (store_setting_read(walking->zones, &setting))
        zone.setting = &setting;
    zone.state = db_get_blob(walking->zones, "bytes", &zone.state_n);
    return walk->begin_zone(walk->arg, &zone) && give_members(walking, zone.id) &&
           walk->end_zone(walk->arg, &zone);
}

enum store_result store_walk(struct store *store, const struct store_walk *walk, struct err *err) {
    struct walking walking = {.db = store->db, .walk = walk};
    db_begin_read(store->db);
    read_places(&walking);
    walking.zones = db_query(store->db, ZONE_SQL);
    walking.members = db_query(store->db, walk->without_states ? MEMBER_SQL : MEMBER_STATE_SQL);
    walking.has_member = db_row(walking.members);
    bool more = true, has_zone = false;
    while (more && (has_zone = db_row(walking.zones)))
        more = give_zone(&walking);
    if (has_zone)
        db_reset(walking.zones);
    if (walking.has_member)
        db_reset(walking.members);
    free(walking.places);
    return store_result(db_end(store->db, err));
}
