/* A report as JSON. */
#include "report/fleet/fleet_report_json.h"

#include "report/fleet/flap_watch.h"
#include "report/fleet/fleet_status_json.h"
#include "report/json_value.h"

#include <math.h>

static void set_member(json_t *object, const char *key, json_t *value) {
    json_object_set_new_nocheck(object, key, value);
}

static json_t *count_json(uint64_t value) {
    return json_integer((json_int_t)value);
}

static json_t *fraction_json(double part, double whole) {
    return whole > 0 ? json_real(part / whole) : json_null();
}

static json_t *origins_json(const struct fleet_report *report) {
    json_t *object = json_object();
    set_member(object, "total", count_json(report->origins));
    set_member(object, "never_scanned", count_json(report->unscanned));
    for (enum scan_status status = 0; status < STATUS_COUNT; status++)
        set_member(object, status_name(status), count_json(report->by_status[status]));
    return object;
}

static json_t *shares_json(const struct fleet_report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->groups_n; i++) {
        const struct fleet_report_group *group = &report->groups[i];
        json_t *object = json_object();
        set_member(object, "group", json_value_group(group->group));
        set_member(object, "origins", count_json(group->origins));
        set_member(object, "supported", count_json(group->supported));
        set_member(object, "supported_fraction",
                   fraction_json((double)group->supported, (double)group->origins));
        set_member(object, "preferred", count_json(group->preferred));
        set_member(object, "preferred_fraction",
                   fraction_json((double)group->preferred, (double)group->origins));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *hybrid_json(const struct fleet_report *report) {
    json_t *object = json_object();
    set_member(object, "group", json_value_group(report->hybrid));
    set_member(object, "origins", count_json(report->measured));
    set_member(object, "supported", count_json(report->hybrid_supported));
    set_member(object, "supported_fraction",
               fraction_json((double)report->hybrid_supported, (double)report->measured));
    set_member(object, "in_one_round_trip", count_json(report->hybrid_at_once));
    set_member(object, "after_retry", count_json(report->hybrid_by_retry));
    set_member(
        object, "not_chosen",
        count_json(report->hybrid_supported - report->hybrid_at_once - report->hybrid_by_retry));
    set_member(object, "draft_only", count_json(report->by_verdict[VERDICT_DRAFT_ONLY]));
    return object;
}

static json_t *verdict_counts_json(const struct fleet_report *report) {
    json_t *list = json_array();
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        uint64_t n = report->by_verdict[verdict];
        if (n == 0)
            continue;
        json_t *object = json_object();
        set_member(object, "verdict", json_string(verdict_name(verdict)));
        set_member(object, "origins", count_json(n));
        set_member(object, "fraction", fraction_json((double)n, (double)report->measured));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *place_json(const struct fleet_report_place *of) {
    json_t *object = json_object();
    set_member(object, "zone", json_value_text_or_null(of->zone));
    set_member(object, "host", json_value_text(of->host));
    set_member(object, "port", json_integer(of->port));
    return object;
}

static json_t *failures_json(const struct fleet_report *report) {
    json_t *list = json_array();
    uint64_t scanned = report->origins - report->unscanned;
    for (size_t i = 0; i < report->failures_n; i++) {
        const struct fleet_report_failure *failure = &report->failures[i];
        json_t *object = json_object(), *examples = json_array();
        for (size_t e = 0; e < failure->examples_n; e++)
            json_array_append_new(examples, place_json(&failure->examples[e]));
        set_member(object, "class", json_string(failure->name));
        set_member(object, "origins", count_json(failure->origins));
        set_member(object, "fraction", fraction_json((double)failure->origins, (double)scanned));
        set_member(object, "examples", examples);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *retries_json(const struct fleet_report *report) {
    const struct fleet_report_retries *sum = &report->retries;
    json_t *object = json_object();
    set_member(object, "weight", json_real(sum->weight));
    set_member(object, "wasted_with_x25519_first", fraction_json(sum->wasted_now, sum->weight));
    set_member(object, "wasted_with_recommended", fraction_json(sum->wasted_then, sum->weight));
    set_member(object, "saved", fraction_json(sum->wasted_now - sum->wasted_then, sum->weight));
    set_member(object, "spent_for_hybrid", fraction_json(sum->for_hybrid, sum->weight));
    return object;
}

static json_t *before_and_after_json(double now, double recommended, const char *at_best,
                                     double possible, double whole) {
    json_t *object = json_object();
    set_member(object, "now", fraction_json(now, whole));
    set_member(object, "recommended", fraction_json(recommended, whole));
    set_member(object, at_best, fraction_json(possible, whole));
    return object;
}

static json_t *traffic_json(const struct fleet_report *report) {
    const struct fleet_report_traffic *sum = &report->traffic;
    json_t *object = json_object();
    set_member(object, "zones", count_json(sum->zones));
    set_member(object, "weight", json_real(sum->weight));
    set_member(object, "hybrid",
               before_and_after_json(sum->now.hybrid, sum->recommended.hybrid, "possible",
                                     sum->possible.hybrid, sum->weight));
    set_member(object, "retry",
               before_and_after_json(sum->now.retry, sum->recommended.retry, "unavoidable",
                                     sum->possible.retry, sum->weight));
    return object;
}

static json_t *round_trips_json(const struct fleet_report_round_trips *sum) {
    json_t *object = json_object();
    set_member(object, "within_hours", json_integer(24));
    set_member(object, "zones", count_json(sum->zones));
    set_member(object, "handshakes", count_json(sum->handshakes));
    set_member(object, "reported", count_json(sum->reported));
    set_member(object, "now", json_integer(llround(sum->now)));
    set_member(object, "recommended", json_integer(llround(sum->recommended)));
    set_member(object, "saved", json_integer(llround(sum->now - sum->recommended)));
    set_member(object, "unavoidable", json_integer(llround(sum->possible)));
    return object;
}

static json_t *setting_json(const struct fleet_report_setting *of) {
    json_t *object = json_object();
    set_member(object, "zone", json_value_text(of->zone));
    set_member(object, "setting",
               of->level == LEVEL_NONE ? json_null() : json_string(rule_level_name(of->level)));
    set_member(object, "variant", json_value_text_or_null(of->variant));
    set_member(object, "first_share", json_value_group(of->first_share));
    set_member(object, "reason", json_value_text_or_null(of->reason));
    set_member(object, "since", json_value_time(of->since_ms));
    set_member(object, "origins", count_json(of->origins));
    return object;
}

static json_t *settings_json(const struct fleet_report *report) {
    json_t *object = json_object(), *counts = json_object(), *zones = json_array();
    for (enum rule_level level = LEVEL_NONE; level < LEVEL_COUNT; level++)
        set_member(counts, rule_level_name(level), count_json(report->by_level[level]));
    for (size_t i = 0; i < report->settings_n; i++)
        json_array_append_new(zones, setting_json(&report->settings[i]));
    set_member(object, "total", count_json(report->zones));
    set_member(object, "counts", counts);
    set_member(object, "zones", zones);
    set_member(object, "left_out", count_json(report->zones - report->settings_n));
    return object;
}

static void append_line(json_t *list, const struct change_line *line) {
    for (size_t i = 0; i < line->fields_n; i++) {
        const struct change_field *field = &line->fields[i];
        json_t *change = json_object();
        set_member(change, "changed_at", json_value_time(line->changed_ms));
        set_member(change, "subject", json_value_text(line->subject));
        set_member(change, "field", json_value_text(field->field));
        set_member(change, "old", json_value_text_or_null(field->old));
        set_member(change, "new", json_value_text_or_null(field->new));
        set_member(change, "reason", json_value_text_or_null(field->reason));
        json_array_append_new(list, change);
    }
}

static json_t *changes_json(const struct fleet_report *report) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < report->lines_n; i++)
        append_line(list, &report->line_list[i]);
    set_member(object, "since", json_value_time(report->since_ms));
    set_member(object, "total", count_json(report->changes));
    set_member(object, "latest", list);
    return object;
}

static json_t *stale_json(const struct fleet_report *report) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < report->stale_n; i++) {
        json_t *origin = place_json(&report->stale_list[i]);
        set_member(origin, "concluded_at", json_value_time(report->stale_list[i].time_ms));
        json_array_append_new(list, origin);
    }
    set_member(object, "after_days", json_integer(FLEET_REPORT_STALE_DAYS));
    set_member(object, "total", count_json(report->stale));
    set_member(object, "oldest", list);
    return object;
}

static json_t *flapping_json(const struct fleet_report *report) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < report->flapping_n; i++) {
        json_t *one = json_object();
        set_member(one, "subject", json_value_text(report->flapping_list[i].subject));
        set_member(one, "changes", count_json(report->flapping_list[i].changes));
        json_array_append_new(list, one);
    }
    set_member(object, "from_changes", json_integer(FLAP_WATCH_RETURNS + 1));
    set_member(object, "from_returns", json_integer(FLAP_WATCH_RETURNS));
    set_member(object, "within_days", json_integer(FLAP_WATCH_DAYS));
    set_member(object, "total", count_json(report->flapping));
    set_member(object, "most", list);
    return object;
}

static json_t *history_json(const struct fleet_report *report) {
    const struct fleet_history *history = &report->history;
    json_t *list = json_array();
    for (size_t i = 0; i < FLEET_HISTORY_DAYS; i++) {
        json_t *day = json_object();
        set_member(day, "day", json_value_time(fleet_history_day(history, i)));
        set_member(day, "hybrid_supported", count_json(history->hybrid[i]));
        set_member(day, "hybrid_supported_fraction",
                   fraction_json((double)history->hybrid[i], (double)report->measured));
        set_member(day, "zones_preferred", count_json(history->preferred[i]));
        set_member(day, "zones_preferred_fraction",
                   fraction_json((double)history->preferred[i], (double)report->zones));
        json_array_append_new(list, day);
    }
    return list;
}

json_t *fleet_report_json(const struct fleet_report *report, const char *generator) {
    json_t *object = json_object();
    set_member(object, "schema", json_string("originscan.report/1"));
    set_member(object, "generator", json_string(generator));
    set_member(object, "generated_at", json_value_time(report->now_ms));
    fleet_status_json(object, &report->status);
    set_member(object, "origins", origins_json(report));
    set_member(object, "shares", shares_json(report));
    set_member(object, "hybrid", hybrid_json(report));
    set_member(object, "history", history_json(report));
    set_member(object, "verdicts", verdict_counts_json(report));
    set_member(object, "failures", failures_json(report));
    set_member(object, "retries", retries_json(report));
    set_member(object, "traffic", traffic_json(report));
    set_member(object, "round_trips", round_trips_json(&report->round_trips));
    set_member(object, "settings", settings_json(report));
    set_member(object, "changes", changes_json(report));
    set_member(object, "stale", stale_json(report));
    set_member(object, "flapping", flapping_json(report));
    return object;
}

void fleet_report_json_write(FILE *to, const struct fleet_report *report, const char *generator) {
    json_t *document = fleet_report_json(report, generator);
    json_value_write(to, document, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    putc('\n', to);
    json_decref(document);
}
