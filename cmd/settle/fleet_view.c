/* From the store to the numbers of a report. */
#include "cmd/settle/fleet_view.h"

#include "cmd/settle/group_counts.h"
#include "cmd/settle/seen_origins.h"
#include "cmd/settle/status_view.h"
#include "cmd/settle/stored_change.h"
#include "cmd/settle/zone_walk.h"
#include "report/fleet/flap_watch.h"
#include "report/fleet/fleet_report_json.h"
#include "report/page/report_page.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "store/store_lever.h"
#include "store/store_read.h"

#include <stdlib.h>
#include <string.h>

struct filling {
    struct fleet_report *report;
    struct zone_view_source source;
    struct seen_origins seen;
    struct group_counts groups;
    struct store_feedback_sum *feedback; /* within 24 hours, by the zone's id */
    size_t feedback_n;
    size_t feedback_room;
};

static enum truth has_group(const struct facts *facts, uint16_t group) {
    for (enum judged_group i = JUDGED_X25519; i <= JUDGED_HYBRID; i++)
        if (judgement_group(i, facts->hybrid) == group)
            return facts->groups[i];
    return TRUTH_UNKNOWN;
}

static void time_origin(struct fleet_slowest *slowest, const char *zone,
                        const struct store_origin *stored, bool again) {
    struct fleet_slowest_origin origin = {
        .id = stored->id,
        .zone = zone,
        .host = stored->origin.host,
        .port = stored->origin.port,
        .again = again,
        .connect_us = stored->connect_us,
    };
    if (stored->scanned && stored->status == STATUS_COMPLETE)
        origin.handshake_us = stored->handshake_us;
    fleet_slowest_origin(slowest, &origin);
}

static void report_origin(struct filling *filling, const char *zone,
                          const struct zone_view_origin *from, uint16_t first_share) {
    const struct store_origin *stored = &from->stored;
    const struct facts *facts = &stored->facts;
    struct fleet_report_origin origin = {
        .id = stored->id,
        .host = stored->origin.host,
        .port = stored->origin.port,
        .weight = from->weight,
        .again = !seen_origins_add(&filling->seen, stored->id),
        .scanned = stored->scanned,
    };
    if (stored->scanned) {
        origin.status = stored->status;
        origin.concluded_ms = facts->any ? stored->concluded_ms : 0;
        origin.verdict = facts->any ? facts->verdict : VERDICT_COUNT;
    }
    if (origin.concluded_ms) {
        origin.preferred_group = facts->preferred_group;
        origin.tls_version = facts->tls_version;
        origin.hybrid = facts->groups[JUDGED_HYBRID];
        origin.first_share = has_group(facts, first_share);
        for (enum mode mode = MODE_OFF; mode < FACTS_MODES; mode++) {
            origin.works[mode] = facts->works[mode];
            origin.retry[mode] = facts->retry[mode];
        }
    }
    fleet_report_origin(filling->report, &origin);
    if (!origin.again)
        group_counts_add(&filling->groups, stored);
    status_view_origin(&filling->report->status, stored, origin.again);
    time_origin(&filling->report->slowest, zone, stored, origin.again);
}

/* The zone, for what needs somebody; its origins follow. */
static void count_status_zone(struct fleet_status *status, const struct zone_view *view,
                              uint64_t place, const struct store_setting *setting) {
    const struct zone_state state = {.reason = view->advice.reason,
                                     .waits_for = view->advice.waits_for};
    const struct status_view_zone zone = {.name = view->name,
                                          .place = place,
                                          .setting = setting,
                                          .state = &state,
                                          .measured = view->target.measured};
    status_view_zone(status, &zone);
}

static bool keep_feedback(void *arg, const struct store_feedback_sum *sum) {
    struct filling *filling = arg;
    filling->feedback = array_reserve(filling->feedback, filling->feedback_n + 1,
                                      &filling->feedback_room, sizeof *filling->feedback);
    filling->feedback[filling->feedback_n++] = *sum;
    return true;
}

static int compare_zones(const void *a, const void *b) {
    const struct store_feedback_sum *one = a, *other = b;
    return (one->zone_id > other->zone_id) - (one->zone_id < other->zone_id);
}

static void add_feedback(const struct filling *filling, int64_t zone_id,
                         struct fleet_report_zone *zone) {
    const struct store_feedback_sum key = {.zone_id = zone_id}, *sum = NULL;
    if (filling->feedback_n > 0)
        sum = bsearch(&key, filling->feedback, filling->feedback_n, sizeof key, compare_zones);
    if (!sum)
        return;
    zone->handshakes = sum->handshakes;
    zone->retries = sum->retries;
}

static bool report_zone(void *arg, const struct zone_view *view, uint64_t place,
                        const struct store_setting *setting) {
    struct filling *filling = arg;
    struct zone_view_expectation expectation = zone_view_expect(view);
    struct fleet_report_zone zone = {
        .name = view->name,
        .place = place,
        .measured = view->target.measured,
        .now = expectation.now,
        .recommended = expectation.recommended,
        .possible = expectation.possible,
    };
    if (setting) {
        rule_level_parse(setting->setting, &zone.level);
        zone.variant = setting->variant;
        zone.first_share = setting->first_share;
        zone.reason = setting->reason;
        zone.since_ms = setting->since_ms;
    }
    add_feedback(filling, view->id, &zone);
    fleet_report_zone(filling->report, &zone);
    count_status_zone(&filling->report->status, view, place, setting);
    for (size_t i = 0; i < view->origins_n; i++)
        report_origin(filling, view->name, &view->origins[i], zone.first_share);
    return true;
}

static bool take_change(void *arg, const struct store_change *from) {
    struct change_row change = stored_change_row(from);
    fleet_report_change(arg, &change);
    return true;
}

/* Those before the date tell who flaps, and how adoption went. */
static int64_t oldest_change_ms(const struct fleet_report *report) {
    int64_t flapping_ms = report->now_ms - FLAP_WATCH_DAYS * DAY_MS;
    int64_t oldest_ms = fleet_history_since(&report->history);
    if (flapping_ms < oldest_ms)
        oldest_ms = flapping_ms;
    return report->since_ms < oldest_ms ? report->since_ms : oldest_ms;
}

static bool begin_counting(struct filling *filling, struct store *store, struct err *err) {
    struct fleet_report *report = filling->report;
    struct store_fleet fleet;
    if (store_fleet_read(store, report->now_ms, &fleet, err) != STORE_OK)
        return false;
    status_view_begin(&report->status, &fleet);
    report->hybrid = fleet.hybrid;
    group_counts_init(&filling->groups, fleet.hybrid);
    return true;
}

/* Finishes the report, also where it fails. */
static bool fill_report(struct fleet_report *report, struct store *store, struct err *err) {
    struct filling filling = {.report = report};
    int64_t oldest_ms = oldest_change_ms(report);
    bool done = zone_view_source_init(&filling.source, store, report->now_ms, err) &&
                begin_counting(&filling, store, err) &&
                store_feedback_sums(store, report->now_ms - DAY_MS, keep_feedback, &filling, err) ==
                    STORE_OK &&
                zone_walk(&filling.source, report_zone, &filling, err) &&
                store_changes(store, oldest_ms, take_change, report, err) == STORE_OK &&
                status_view_whole(&report->status, &filling.source, err);
    group_counts_report(&filling.groups, report);
    seen_origins_clear(&filling.seen);
    free(filling.feedback);
    fleet_status_finish(&report->status);
    fleet_slowest_finish(&report->slowest);
    fleet_report_finish(report);
    return done;
}

struct fleet_report *fleet_view_read(struct store *store, int64_t now_ms, int64_t since_ms,
                                     struct err *err) {
    struct fleet_report *report = fleet_report_new(now_ms, since_ms, GROUP_X25519MLKEM768);
    if (fill_report(report, store, err))
        return report;
    fleet_report_free(report);
    return NULL;
}

#define GENERATOR "originscan " ORIGINSCAN_VERSION

json_t *fleet_view_document(const struct fleet_report *report) {
    return fleet_report_json(report, GENERATOR);
}

json_t *fleet_view_status_document(struct store *store, int64_t now_ms, struct err *err) {
    struct fleet_report *report =
        fleet_report_new(now_ms, now_ms - FLEET_VIEW_DAYS * DAY_MS, GROUP_X25519MLKEM768);
    bool filled = status_view_fill(&report->status, store, err);
    report->zones = report->status.zones;
    memcpy(report->by_level, report->status.by_level, sizeof report->by_level);
    fleet_slowest_finish(&report->slowest);
    fleet_report_finish(report);
    json_t *document = filled ? fleet_view_document(report) : NULL;
    fleet_report_free(report);
    return document;
}

void fleet_view_print_json(FILE *to, const struct fleet_report *report) {
    fleet_report_json_write(to, report, GENERATOR);
}

void fleet_view_print_page(FILE *to, const struct fleet_report *report) {
    json_t *document = fleet_view_document(report);
    report_page_write(to, document);
    json_decref(document);
}

static bool make_whole(struct store *store, FILE *to,
                       void (*print)(FILE *to, const struct fleet_report *report),
                       struct err *err) {
    int64_t now_ms = clock_wall_ms();
    struct fleet_report *report =
        fleet_view_read(store, now_ms, now_ms - FLEET_VIEW_DAYS * DAY_MS, err);
    if (!report)
        return false;
    print(to, report);
    fleet_report_free(report);
    return true;
}

bool fleet_view_make_json(struct store *store, FILE *to, struct err *err) {
    return make_whole(store, to, fleet_view_print_json, err);
}

bool fleet_view_make_page(struct store *store, FILE *to, struct err *err) {
    return make_whole(store, to, fleet_view_print_page, err);
}
