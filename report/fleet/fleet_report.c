/* Counting for reports. */
#include "report/fleet/fleet_report.h"

#include "report/fleet/flap_watch.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/duration.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TLS13 0x0304

/* What is needed only until the last number is in. */
struct fleet_report_filling {
    size_t settings_room;
    struct fleet_report_retries zone_retries; /* of the zone that was given last */
    double zone_weight;
    bool zone_measured;
    enum rule_level zone_level;
    uint16_t zone_first_share;
    struct fleet_report_traffic zone_traffic; /* of it, as fractions */
    char *zone_name;                          /* its buffer is used again */
    size_t zone_name_room;
    uint64_t zone_place;
    char *subject;                /* whose changes are being counted */
    int64_t subject_ms;           /* of its last change */
    struct flap_watch flap_watch; /* of it */
};

static void free_filling(struct fleet_report *report) {
    if (!report->filling)
        return;
    free(report->filling->zone_name);
    free(report->filling->subject);
    free(report->filling);
    report->filling = NULL;
}

struct fleet_report *fleet_report_new(int64_t now_ms, int64_t since_ms, uint16_t hybrid) {
    struct fleet_report *report = alloc_zero(1, sizeof *report);
    report->filling = alloc_zero(1, sizeof *report->filling);
    report->now_ms = now_ms;
    report->since_ms = since_ms;
    report->hybrid = hybrid;
    report->history.now_ms = now_ms;
    fleet_status_init(&report->status, now_ms, since_ms);
    return report;
}

static void clear_place(struct fleet_report_place *place) {
    free(place->zone);
    free(place->host);
}

void fleet_report_free(struct fleet_report *report) {
    if (!report)
        return;
    for (size_t i = 0; i < report->failures_n; i++) {
        for (size_t e = 0; e < report->failures[i].examples_n; e++)
            clear_place(&report->failures[i].examples[e]);
    }
    for (size_t i = 0; i < report->stale_n; i++)
        clear_place(&report->stale_list[i]);
    for (size_t i = 0; i < report->settings_n; i++) {
        free(report->settings[i].zone);
        free(report->settings[i].variant);
        free(report->settings[i].reason);
    }
    for (size_t i = 0; i < report->lines_n; i++)
        change_line_clear(&report->line_list[i]);
    for (size_t i = 0; i < report->flapping_n; i++)
        free(report->flapping_list[i].subject);
    fleet_status_clear(&report->status);
    fleet_slowest_clear(&report->slowest);
    free(report->settings);
    free_filling(report);
    free(report);
}

double fleet_report_fraction(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

static char *copy_or_null(const char *text) {
    return text ? alloc_string(text) : NULL;
}

void fleet_report_group(struct fleet_report *report, const struct fleet_report_group *group) {
    assert(report->groups_n < FLEET_REPORT_GROUPS);
    report->groups[report->groups_n++] = *group;
}

/* ---- zones ----------------------------------------------------------------------------------- */

static void add_weighted(struct candidate_sum *to, const struct candidate_sum *from,
                         double weight) {
    to->hybrid += weight * from->hybrid;
    to->retry += weight * from->retry;
}

static void add_traffic(struct fleet_report *report) {
    const struct fleet_report_traffic *zone = &report->filling->zone_traffic;
    struct fleet_report_traffic *sum = &report->traffic;
    double weight = report->filling->zone_weight;
    if (!report->filling->zone_measured)
        return;
    sum->zones++;
    sum->weight += weight;
    add_weighted(&sum->now, &zone->now, weight);
    add_weighted(&sum->recommended, &zone->recommended, weight);
    add_weighted(&sum->possible, &zone->possible, weight);
}

/* For the retries every zone counts the same, whatever scale its weights have. */
static void end_zone(struct fleet_report *report) {
    struct fleet_report_filling *filling = report->filling;
    const struct fleet_report_retries *zone = &filling->zone_retries;
    struct fleet_report_retries *sum = &report->retries;
    double scale = fleet_report_fraction(1, filling->zone_weight);
    sum->weight += scale * zone->weight;
    sum->wasted_now += scale * zone->wasted_now;
    sum->wasted_then += scale * zone->wasted_then;
    sum->for_hybrid += scale * zone->for_hybrid;
    add_traffic(report);
    filling->zone_retries = (struct fleet_report_retries){0};
    filling->zone_measured = false;
    filling->zone_weight = 0;
}

/* NULL where the list has no room for the zone. */
static struct fleet_report_setting *current_setting(struct fleet_report *report) {
    uint64_t place = report->filling->zone_place;
    return place < FLEET_REPORT_ZONES ? &report->settings[place] : NULL;
}

static void add_round_trips(struct fleet_report_round_trips *sum,
                            const struct fleet_report_zone *zone) {
    double handshakes = (double)zone->handshakes;
    if (!zone->measured || zone->handshakes == 0)
        return;
    sum->zones++;
    sum->handshakes += zone->handshakes;
    sum->reported += zone->retries;
    sum->now += handshakes * zone->now.retry;
    sum->recommended += handshakes * zone->recommended.retry;
    sum->possible += handshakes * zone->possible.retry;
}

/* Those before it may yet come. */
static void make_room_for_setting(struct fleet_report *report, size_t place) {
    report->settings = array_reserve(report->settings, place + 1, &report->filling->settings_room,
                                     sizeof *report->settings);
    while (report->settings_n <= place)
        report->settings[report->settings_n++] = (struct fleet_report_setting){.zone = NULL};
}

static void keep_setting(struct fleet_report *report, const struct fleet_report_zone *zone) {
    if (zone->place >= FLEET_REPORT_ZONES)
        return;
    make_room_for_setting(report, zone->place);
    report->settings[zone->place] = (struct fleet_report_setting){
        .zone = alloc_string(zone->name),
        .level = zone->level,
        .variant = copy_or_null(zone->variant),
        .first_share = zone->first_share,
        .reason = copy_or_null(zone->reason),
        .since_ms = zone->since_ms,
    };
}

void fleet_report_zone(struct fleet_report *report, const struct fleet_report_zone *zone) {
    struct fleet_report_filling *filling = report->filling;
    end_zone(report);
    size_t name_size = strlen(zone->name) + 1;
    filling->zone_name = array_reserve(filling->zone_name, name_size, &filling->zone_name_room, 1);
    memcpy(filling->zone_name, zone->name, name_size);
    filling->zone_place = zone->place;
    filling->zone_measured = zone->measured;
    filling->zone_level = zone->level;
    filling->zone_first_share = zone->first_share;
    filling->zone_traffic = (struct fleet_report_traffic){
        .now = zone->now, .recommended = zone->recommended, .possible = zone->possible};
    add_round_trips(&report->round_trips, zone);
    report->zones++;
    report->by_level[zone->level]++;
    keep_setting(report, zone);
}

/* ---- origins --------------------------------------------------------------------------------- */

/* Lists of places are in this order, whatever the order in which zones are given. */
static int compare_places(const struct fleet_report_place *a, const struct fleet_report_place *b) {
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    if (a->zone_place != b->zone_place)
        return a->zone_place < b->zone_place ? -1 : 1;
    return (a->origin_id > b->origin_id) - (a->origin_id < b->origin_id);
}

static void remove_place(struct fleet_report_place *list, size_t *n, size_t at) {
    clear_place(&list[at]);
    memmove(&list[at], &list[at + 1], (--*n - at) * sizeof *list);
}

/* Whether the place goes before the one of the same origin in another zone, which is then removed, or
 * there is none. */
static bool supersedes(struct fleet_report_place *list, size_t *n,
                       const struct fleet_report_place *place) {
    for (size_t i = 0; i < *n; i++) {
        if (list[i].origin_id != place->origin_id)
            continue;
        if (compare_places(place, &list[i]) >= 0)
            return false;
        remove_place(list, n, i);
        return true;
    }
    return true;
}

/* Keeps the first `max` places, each origin in the first of its zones. `time_ms` goes before all else. */
static void keep_place(const struct fleet_report *report, const struct fleet_report_origin *origin,
                       int64_t time_ms, struct fleet_report_place *list, size_t *n, size_t max) {
    struct fleet_report_place place = {.zone_place = report->filling->zone_place,
                                       .origin_id = origin->id,
                                       .port = origin->port,
                                       .time_ms = time_ms};
    if (*n == max && compare_places(&place, &list[max - 1]) >= 0)
        return;
    if (!supersedes(list, n, &place))
        return;
    if (*n == max)
        remove_place(list, n, max - 1);
    size_t at = *n;
    while (at > 0 && compare_places(&place, &list[at - 1]) < 0)
        at--;
    memmove(&list[at + 1], &list[at], (*n - at) * sizeof *list);
    place.zone = alloc_string(report->filling->zone_name);
    place.host = alloc_string(origin->host);
    list[at] = place;
    ++*n;
}

static void add_failure(struct fleet_report *report, const char *name,
                        const struct fleet_report_origin *origin) {
    size_t i = 0;
    while (i < report->failures_n && strcmp(report->failures[i].name, name) != 0)
        i++;
    struct fleet_report_failure *failure = &report->failures[i];
    if (i == report->failures_n)
        report->failures_n++;
    failure->name = name;
    failure->measured = origin->status == STATUS_COMPLETE;
    failure->origins += !origin->again;
    keep_place(report, origin, 0, failure->examples, &failure->examples_n, FLEET_REPORT_EXAMPLES);
}

/* Verdicts that say that something is broken, as opposed to what a sound origin can do. */
static bool is_failure(enum verdict verdict) {
    enum verdict_class class = verdict_class(verdict);
    return class == VERDICT_CLASS_FAULT || class == VERDICT_CLASS_FAILING;
}

static void count_failure(struct fleet_report *report, const struct fleet_report_origin *origin) {
    if (origin->status != STATUS_COMPLETE)
        add_failure(report, status_name(origin->status), origin);
    else if (origin->verdict < VERDICT_COUNT && is_failure(origin->verdict))
        add_failure(report, verdict_name(origin->verdict), origin);
}

/* Oldest first; an origin that never had a conclusive scan is older than any. */
static void add_stale(struct fleet_report *report, const struct fleet_report_origin *origin) {
    report->stale += !origin->again;
    keep_place(report, origin, origin->concluded_ms, report->stale_list, &report->stale_n,
               FLEET_REPORT_LIST);
}

/* Does the recommended setting cost a retry that brings no hybrid? A first share other than X25519
 * is recommended only where a handshake with it was finished without one, or for the most of a
 * zone's weight: so the origins that lack the group pay. */
static bool costs_useless_retry(enum rule_level level, bool other_share,
                                const struct fleet_report_origin *origin) {
    switch (level) {
    case LEVEL_PREFERRED:
        return origin->retry[MODE_PREFERRED] == TRUTH_TRUE;
    case LEVEL_SUPPORTED:
    case LEVEL_OFF:
        if (other_share)
            return origin->first_share == TRUTH_FALSE;
        return origin->retry[MODE_OFF] == TRUTH_TRUE;
    case LEVEL_NONE:
    case LEVEL_COUNT:
        break;
    }
    return origin->retry[MODE_OFF] == TRUTH_TRUE;
}

static void count_retries(struct fleet_report *report, const struct fleet_report_origin *origin) {
    struct fleet_report_retries *sum = &report->filling->zone_retries;
    enum rule_level level = report->filling->zone_level;
    if (origin->tls_version != TLS13 || origin->retry[MODE_OFF] == TRUTH_UNKNOWN)
        return;
    bool other = report->filling->zone_first_share != GROUP_X25519 && level != LEVEL_PREFERRED;
    bool hybrid = level == LEVEL_SUPPORTED && origin->hybrid == TRUTH_TRUE &&
                  origin->retry[MODE_SUPPORTED] == TRUTH_TRUE;
    sum->weight += origin->weight;
    if (origin->retry[MODE_OFF] == TRUTH_TRUE)
        sum->wasted_now += origin->weight;
    if (hybrid)
        sum->for_hybrid += origin->weight;
    else if (costs_useless_retry(level, other, origin))
        sum->wasted_then += origin->weight;
}

/* By what each mode does, whatever else the main verdict complains of. Where only the hybrid's share
 * is sent and no retry comes, it was the hybrid. */
static void count_adoption(struct fleet_report *report, const struct fleet_report_origin *origin) {
    if (origin->hybrid != TRUTH_TRUE)
        return;
    report->hybrid_supported++;
    if (origin->works[MODE_PREFERRED] == TRUTH_TRUE && origin->retry[MODE_PREFERRED] == TRUTH_FALSE)
        report->hybrid_at_once++;
    else if (origin->works[MODE_SUPPORTED] == TRUTH_TRUE &&
             origin->retry[MODE_SUPPORTED] == TRUTH_TRUE &&
             origin->preferred_group == report->hybrid)
        report->hybrid_by_retry++;
}

static void count_measured(struct fleet_report *report, const struct fleet_report_origin *origin) {
    report->measured++;
    if (origin->verdict < VERDICT_COUNT)
        report->by_verdict[origin->verdict]++;
    if (origin->concluded_ms)
        count_adoption(report, origin);
}

/* What is counted once an origin, in however many zones it is. */
static void count_origin(struct fleet_report *report, const struct fleet_report_origin *origin) {
    report->origins++;
    if (!origin->scanned) {
        report->unscanned++;
        return;
    }
    report->by_status[origin->status]++;
    if (origin->status == STATUS_COMPLETE)
        count_measured(report, origin);
}

/* What is listed under one of its zones. */
static void list_origin(struct fleet_report *report, const struct fleet_report_origin *origin) {
    count_failure(report, origin);
    if (report->now_ms - origin->concluded_ms >= FLEET_STATUS_STALE_DAYS * DAY_MS)
        add_stale(report, origin);
}

void fleet_report_origin(struct fleet_report *report, const struct fleet_report_origin *origin) {
    assert(report->zones > 0);
    report->filling->zone_weight += origin->weight;
    if (current_setting(report))
        current_setting(report)->origins++;
    if (!origin->again)
        count_origin(report, origin);
    if (origin->scanned)
        list_origin(report, origin);
    if (origin->scanned && origin->concluded_ms)
        count_retries(report, origin);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void clear_flapping(void *member) {
    struct fleet_report_flapping *flapping = member;
    free(flapping->subject);
}

static void end_subject(struct fleet_report *report) {
    uint64_t changes = report->filling->flap_watch.changes;
    if (!report->filling->flap_watch.flapping)
        return;
    report->flapping++;
    size_t at = report->flapping_n;
    while (at > 0 && report->flapping_list[at - 1].changes < changes)
        at--;
    struct fleet_report_flapping *place =
        array_insert(report->flapping_list, &report->flapping_n, FLEET_REPORT_LIST, at,
                     sizeof *place, clear_flapping);
    if (place)
        *place = (struct fleet_report_flapping){alloc_string(report->filling->subject), changes};
}

static void begin_subject(struct fleet_report *report, const struct change_row *change) {
    struct fleet_report_filling *filling = report->filling;
    end_subject(report);
    free(filling->subject);
    filling->subject = alloc_string(change->subject);
    filling->subject_ms = change->changed_ms - 1;
    filling->flap_watch = (struct flap_watch){0};
}

static void clear_line(void *line) {
    change_line_clear(line);
}

static void begin_line(struct fleet_report *report, const struct change_row *change) {
    size_t at = report->lines_n;
    while (at > 0 && report->line_list[at - 1].changed_ms < change->changed_ms)
        at--;
    struct change_line *place = array_insert(report->line_list, &report->lines_n, FLEET_REPORT_LIST,
                                             at, sizeof *place, clear_line);
    if (!place)
        return;
    *place = (struct change_line){0};
    change_line_add(place, change);
}

static void continue_line(struct fleet_report *report, const struct change_row *change) {
    for (size_t i = 0; i < report->lines_n; i++) {
        if (change_line_has(&report->line_list[i], change)) {
            change_line_add(&report->line_list[i], change);
            return;
        }
    }
}

void fleet_report_change(struct fleet_report *report, const struct change_row *change) {
    struct fleet_report_filling *filling = report->filling;
    if (!filling->subject || strcmp(filling->subject, change->subject) != 0)
        begin_subject(report, change);
    fleet_history_note(&report->history, change->changed_ms, change->field, change->old,
                       change->new);
    flap_watch_note(&filling->flap_watch, change->changed_ms, change->field, change->old,
                    change->new);
    if (change->changed_ms < report->since_ms)
        return;
    report->changes++;
    if (change->changed_ms == filling->subject_ms) {
        continue_line(report, change);
        return;
    }
    filling->subject_ms = change->changed_ms;
    report->lines++;
    begin_line(report, change);
}

static int by_origins(const void *left, const void *right) {
    const struct fleet_report_failure *a = left, *b = right;
    if (a->origins != b->origins)
        return a->origins < b->origins ? 1 : -1;
    return strcmp(a->name, b->name);
}

void fleet_report_finish(struct fleet_report *report) {
    end_zone(report);
    end_subject(report);
    fleet_history_finish(&report->history, report->hybrid_supported,
                         report->by_level[LEVEL_PREFERRED]);
    free_filling(report);
    qsort(report->failures, report->failures_n, sizeof *report->failures, by_origins);
}
