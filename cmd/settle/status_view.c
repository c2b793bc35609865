/* Counting for one look: what needs nobody's evidence is not read. */
#include "cmd/settle/status_view.h"

#include "cmd/settle/seen_origins.h"
#include "report/fleet/sizing.h"
#include "report/rule/origin_history.h"
#include "report/zone/zone_pack.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/duration.h"
#include "store/store_walk.h"

#include <stdlib.h>
#include <string.h>

/* ---- zones and origins ----------------------------------------------------------------------- */

void status_view_zone(struct fleet_status *status, const struct status_view_zone *from) {
    const struct store_setting *setting = from->setting;
    struct fleet_status_zone zone = {
        .name = from->name,
        .place = from->place,
        .measured = from->measured,
        .stage_percent = ZONE_WHOLE,
    };
    if (setting) {
        zone.reason = from->state->reason;
        rule_reason_parse(setting->reason, &zone.reason);
        zone.waits_for = from->state->waits_for;
        zone.stage_percent = setting->stage_percent;
        zone.since_ms = setting->since_ms;
        zone.pinned = zone.reason == REASON_OPERATOR_PIN;
        rule_level_parse(setting->setting, &zone.level);
        if (setting->previous)
            rule_level_parse(setting->previous, &zone.previous);
    }
    fleet_status_zone(status, &zone);
}

void status_view_origin(struct fleet_status *status, const struct store_origin *stored,
                        bool again) {
    struct fleet_status_origin origin = {
        .id = stored->id,
        .host = stored->origin.host,
        .port = stored->origin.port,
        .again = again,
        .scanned = stored->scanned,
        .verdict = VERDICT_COUNT,
    };
    if (stored->scanned) {
        origin.status = stored->status;
        origin.missed = stored->failures;
        origin.scanned_ms = stored->scanned_ms;
        origin.due_ms = stored->due_ms;
        origin.concluded_ms = stored->facts.any ? stored->concluded_ms : 0;
        origin.verdict = stored->facts.any ? stored->facts.verdict : VERDICT_COUNT;
    }
    fleet_status_origin(status, &origin);
}

/* ---- the whole store ------------------------------------------------------------------------- */

static bool add_moves(void *arg, const struct store_hour *hour) {
    struct fleet_status *status = arg;
    status->moved_up += hour->zones_up;
    status->moved_down += hour->zones_down;
    return true;
}

void status_view_begin(struct fleet_status *status, const struct store_fleet *fleet) {
    status->period_ms = fleet->period_ms;
    status->period_since_ms = fleet->period_since_ms;
    status->due_now = fleet->due;
    status->oldest_due_ms = fleet->oldest_due_ms;
    status->in_flight = fleet->in_flight;
    status->rate = fleet->rate;
    status->feedback_ms = fleet->feedback_ms;
}

/* What tells the origin of a need from others of its host and port; it may have gone meanwhile. */
static bool note_identity(void *arg, const struct store_origin *stored) {
    struct fleet_status_need *need = arg;
    const struct origin *origin = &stored->origin;
    const char *implied = origin_host_is_address(origin) ? "" : origin->host;
    if (stored->id != need->origin_id)
        return true;
    if (strcmp(origin->sni, implied) != 0)
        need->sni = alloc_string(origin->sni);
    if (origin->address[0])
        need->address = alloc_string(origin->address);
    return false;
}

static bool identify_needs(struct fleet_status *status, struct store *store, struct err *err) {
    for (size_t i = 0; i < status->needs_n; i++) {
        struct fleet_status_need *need = &status->needs[i];
        if (need->host && store_origins_by_host(store, need->host, need->port, note_identity, need,
                                                err) != STORE_OK)
            return false;
    }
    return true;
}

bool status_view_whole(struct fleet_status *status, const struct zone_view_source *source,
                       struct err *err) {
    fleet_status_finish(status);
    if (!identify_needs(status, source->store, err) ||
        !zone_view_brake(source, status->brake, &status->brake_since_ms, err))
        return false;
    status->database = alloc_string(store_path(source->store));
    status->rate_needed = sizing_connections(status->origins, status->period_ms);
    return store_hours(source->store, status->now_ms / HOUR_MS - 23, add_moves, status, err) ==
           STORE_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
    struct fleet_status *status;
    struct zone_view_source source;
    struct seen_origins seen;
    struct store_origin *origins; /* of the zone that is read */
    size_t origins_n;
    size_t origins_room;
    struct zone_state state; /* of it */
    bool measured;           /* of it */
    struct err *err;
    bool failed;
};

static bool begin_zone(void *arg, const struct store_walk_zone *zone) {
    struct reading *reading = arg;
    reading->origins_n = 0;
    zone_pack_read(zone->state, zone->state_n <= ZONE_PACK_MAX ? zone->state_n : 0,
                   &reading->state);
    return true;
}

static bool take_origin(void *arg, const struct store_walk_origin *origin) {
    struct reading *reading = arg;
    reading->origins = array_reserve(reading->origins, reading->origins_n + 1,
                                     &reading->origins_room, sizeof *reading->origins);
    reading->origins[reading->origins_n++] = *origin->stored;
    return true;
}

/* Ends at the first origin that was measured; one without weight counts for nothing. */
static bool look_for_measured(void *arg, const struct store_member *member, const void *bytes,
                              size_t n) {
    struct reading *reading = arg;
    struct origin_history history;
    origin_history_read(bytes, n, &history);
    reading->measured = member->weight > 0 &&
                        origin_rule_last_ms(&history.state, &reading->source.options.params) != 0;
    return !reading->measured;
}

/* Asked of a zone that has no setting alone: nothing else depends on it. */
static bool read_measured(struct reading *reading, const struct store_walk_zone *zone) {
    enum rule_level level = LEVEL_NONE;
    reading->measured = false;
    if (zone->setting)
        rule_level_parse(zone->setting->setting, &level);
    reading->failed =
        level == LEVEL_NONE && reading->origins_n > 0 &&
        store_origin_states_of_zone(reading->source.store, zone->id, look_for_measured, reading,
                                    reading->err) != STORE_OK;
    return !reading->failed;
}

static bool end_zone(void *arg, const struct store_walk_zone *from) {
    struct reading *reading = arg;
    if (!read_measured(reading, from))
        return false;
    const struct status_view_zone zone = {.name = from->name,
                                          .place = from->place,
                                          .setting = from->setting,
                                          .state = &reading->state,
                                          .measured = reading->measured};
    status_view_zone(reading->status, &zone);
    for (size_t i = 0; i < reading->origins_n; i++)
        status_view_origin(reading->status, &reading->origins[i],
                           !seen_origins_add(&reading->seen, reading->origins[i].id));
    return true;
}

static bool begin_status(struct fleet_status *status, struct store *store, struct err *err) {
    struct store_fleet fleet;
    if (store_fleet_read(store, status->now_ms, &fleet, err) != STORE_OK)
        return false;
    status_view_begin(status, &fleet);
    return true;
}

bool status_view_fill(struct fleet_status *status, struct store *store, struct err *err) {
    struct reading reading = {.status = status, .err = err};
    const struct store_walk walk = {.begin_zone = begin_zone,
                                    .take_origin = take_origin,
                                    .end_zone = end_zone,
                                    .arg = &reading,
                                    .without_states = true};
    bool done = zone_view_source_init(&reading.source, store, status->now_ms, err) &&
                begin_status(status, store, err) && store_walk(store, &walk, err) == STORE_OK &&
                !reading.failed && status_view_whole(status, &reading.source, err);
    fleet_status_finish(status);
    seen_origins_clear(&reading.seen);
    free(reading.origins);
    return done;
}
