/* A report as JSON. */
#include "report/fleet/fleet_report_json.h"

#include "report/fleet/flap_watch.h"
#include "report/fleet/fleet_slowest_json.h"
#include "report/fleet/fleet_status_json.h"
#include "report/json_value.h"

#include <math.h>

static json_t *origins_json(const struct fleet_report *report) {
    json_t *object = json_object();
    json_value_set(object, "total", json_value_count(report->origins));
    json_value_set(object, "never_scanned", json_value_count(report->unscanned));
    for (enum scan_status status = 0; status < STATUS_COUNT; status++)
        json_value_set(object, status_name(status), json_value_count(report->by_status[status]));
    return object;
}

static json_t *shares_json(const struct fleet_report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->groups_n; i++) {
        const struct fleet_report_group *group = &report->groups[i];
        json_t *object = json_object();
        json_value_set(object, "group", json_value_group(group->group));
        json_value_set(object, "origins", json_value_count(group->origins));
        json_value_set(object, "supported", json_value_count(group->supported));
        json_value_set(object, "supported_fraction",
                       json_value_fraction((double)group->supported, (double)group->origins));
        json_value_set(object, "preferred", json_value_count(group->preferred));
        json_value_set(object, "preferred_fraction",
                       json_value_fraction((double)group->preferred, (double)group->origins));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *hybrid_json(const struct fleet_report *report) {
    json_t *object = json_object();
    json_value_set(object, "group", json_value_group(report->hybrid));
    json_value_set(object, "origins", json_value_count(report->measured));
    json_value_set(object, "supported", json_value_count(report->hybrid_supported));
    json_value_set(object, "supported_fraction",
                   json_value_fraction((double)report->hybrid_supported, (double)report->measured));
    json_value_set(object, "in_one_round_trip", json_value_count(report->hybrid_at_once));
    json_value_set(object, "after_retry", json_value_count(report->hybrid_by_retry));
    json_value_set(object, "not_chosen",
                   json_value_count(report->hybrid_supported - report->hybrid_at_once -
                                    report->hybrid_by_retry));
    json_value_set(object, "draft_only", json_value_count(report->by_verdict[VERDICT_DRAFT_ONLY]));
    return object;
}

static json_t *verdict_counts_json(const struct fleet_report *report) {
    json_t *list = json_array();
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        uint64_t n = report->by_verdict[verdict];
        if (n == 0)
            continue;
        json_t *object = json_object();
        json_value_set(object, "verdict", json_string(verdict_name(verdict)));
        json_value_set(object, "origins", json_value_count(n));
        json_value_set(object, "fraction",
                       json_value_fraction((double)n, (double)report->measured));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *place_json(const struct fleet_report_place *of) {
    json_t *object = json_object();
    json_value_set(object, "zone", json_value_text_or_null(of->zone));
    json_value_set(object, "host", json_value_text(of->host));
    json_value_set(object, "port", json_integer(of->port));
    return object;
}

static json_t *failures_json(const struct fleet_report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->failures_n; i++) {
        const struct fleet_report_failure *failure = &report->failures[i];
        json_t *object = json_object(), *examples = json_array();
        for (size_t e = 0; e < failure->examples_n; e++)
            json_array_append_new(examples, place_json(&failure->examples[e]));
        json_value_set(object, "class", json_string(failure->name));
        json_value_set(object, "origins", json_value_count(failure->origins));
        json_value_set(object, "fraction",
                       json_value_fraction((double)failure->origins,
                                           failure->measured ? (double)report->measured : 0));
        json_value_set(object, "examples", examples);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *retries_json(const struct fleet_report *report) {
    const struct fleet_report_retries *sum = &report->retries;
    json_t *object = json_object();
    json_value_set(object, "weight", json_real(sum->weight));
    json_value_set(object, "wasted_with_x25519_first",
                   json_value_fraction(sum->wasted_now, sum->weight));
    json_value_set(object, "wasted_with_recommended",
                   json_value_fraction(sum->wasted_then, sum->weight));
    json_value_set(object, "saved",
                   json_value_fraction(sum->wasted_now - sum->wasted_then, sum->weight));
    json_value_set(object, "spent_for_hybrid", json_value_fraction(sum->for_hybrid, sum->weight));
    return object;
}

static json_t *before_and_after_json(double now, double recommended, const char *at_best,
                                     double possible, double whole) {
    json_t *object = json_object();
    json_value_set(object, "now", json_value_fraction(now, whole));
    json_value_set(object, "recommended", json_value_fraction(recommended, whole));
    json_value_set(object, at_best, json_value_fraction(possible, whole));
    return object;
}

static json_t *traffic_json(const struct fleet_report *report) {
    const struct fleet_report_traffic *sum = &report->traffic;
    json_t *object = json_object();
    json_value_set(object, "zones", json_value_count(sum->zones));
    json_value_set(object, "weight", json_real(sum->weight));
    json_value_set(object, "hybrid",
                   before_and_after_json(sum->now.hybrid, sum->recommended.hybrid, "possible",
                                         sum->possible.hybrid, sum->weight));
    json_value_set(object, "retry",
                   before_and_after_json(sum->now.retry, sum->recommended.retry, "unavoidable",
                                         sum->possible.retry, sum->weight));
    return object;
}

static json_t *round_trips_json(const struct fleet_report_round_trips *sum) {
    json_t *object = json_object();
    json_value_set(object, "within_hours", json_integer(24));
    json_value_set(object, "zones", json_value_count(sum->zones));
    json_value_set(object, "handshakes", json_value_count(sum->handshakes));
    json_value_set(object, "reported", json_value_count(sum->reported));
    json_value_set(object, "now", json_integer(llround(sum->now)));
    json_value_set(object, "recommended", json_integer(llround(sum->recommended)));
    json_value_set(object, "saved", json_integer(llround(sum->now - sum->recommended)));
    json_value_set(object, "unavoidable", json_integer(llround(sum->possible)));
    return object;
}

static json_t *setting_json(const struct fleet_report_setting *of) {
    json_t *object = json_object();
    json_value_set(object, "zone", json_value_text(of->zone));
    json_value_set(object, "setting",
                   of->level == LEVEL_NONE ? json_null() : json_string(rule_level_name(of->level)));
    json_value_set(object, "variant", json_value_text_or_null(of->variant));
    json_value_set(object, "first_share", json_value_group(of->first_share));
    json_value_set(object, "reason", json_value_text_or_null(of->reason));
    json_value_set(object, "since", json_value_time(of->since_ms));
    json_value_set(object, "origins", json_value_count(of->origins));
    return object;
}

static json_t *settings_json(const struct fleet_report *report) {
    json_t *object = json_object(), *counts = json_object(), *zones = json_array();
    for (enum rule_level level = LEVEL_NONE; level < LEVEL_COUNT; level++)
        json_value_set(counts, rule_level_name(level), json_value_count(report->by_level[level]));
    for (size_t i = 0; i < report->settings_n; i++)
        json_array_append_new(zones, setting_json(&report->settings[i]));
    json_value_set(object, "total", json_value_count(report->zones));
    json_value_set(object, "counts", counts);
    json_value_set(object, "zones", zones);
    json_value_set(object, "left_out", json_value_count(report->zones - report->settings_n));
    return object;
}

static void append_line(json_t *list, const struct change_line *line) {
    for (size_t i = 0; i < line->fields_n; i++) {
        const struct change_field *field = &line->fields[i];
        json_t *change = json_object();
        json_value_set(change, "changed_at", json_value_time(line->changed_ms));
        json_value_set(change, "subject", json_value_text(line->subject));
        json_value_set(change, "field", json_value_text(field->field));
        json_value_set(change, "old", json_value_text_or_null(field->old));
        json_value_set(change, "new", json_value_text_or_null(field->new));
        json_value_set(change, "reason", json_value_text_or_null(field->reason));
        json_array_append_new(list, change);
    }
}

static json_t *changes_json(const struct fleet_report *report) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < report->lines_n; i++)
        append_line(list, &report->line_list[i]);
    json_value_set(object, "since", json_value_time(report->since_ms));
    json_value_set(object, "total", json_value_count(report->changes));
    json_value_set(object, "latest", list);
    return object;
}

static json_t *stale_json(const struct fleet_report *report) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < report->stale_n; i++) {
        json_t *origin = place_json(&report->stale_list[i]);
        json_value_set(origin, "concluded_at", json_value_time(report->stale_list[i].time_ms));
        json_array_append_new(list, origin);
    }
    json_value_set(object, "after_days", json_integer(FLEET_STATUS_STALE_DAYS));
    json_value_set(object, "total", json_value_count(report->stale));
    json_value_set(object, "oldest", list);
    return object;
}

static json_t *flapping_json(const struct fleet_report *report) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < report->flapping_n; i++) {
        json_t *one = json_object();
        json_value_set(one, "subject", json_value_text(report->flapping_list[i].subject));
        json_value_set(one, "changes", json_value_count(report->flapping_list[i].changes));
        json_array_append_new(list, one);
    }
    json_value_set(object, "from_changes", json_integer(FLAP_WATCH_RETURNS + 1));
    json_value_set(object, "from_returns", json_integer(FLAP_WATCH_RETURNS));
    json_value_set(object, "within_days", json_integer(FLAP_WATCH_DAYS));
    json_value_set(object, "total", json_value_count(report->flapping));
    json_value_set(object, "most", list);
    return object;
}

static json_t *history_json(const struct fleet_report *report) {
    const struct fleet_history *history = &report->history;
    json_t *list = json_array();
    for (size_t i = 0; i < FLEET_HISTORY_DAYS; i++) {
        json_t *day = json_object();
        json_value_set(day, "day", json_value_time(fleet_history_day(history, i)));
        json_value_set(day, "hybrid_supported", json_value_count(history->hybrid[i]));
        json_value_set(day, "hybrid_supported_fraction",
                       json_value_fraction((double)history->hybrid[i], (double)report->measured));
        json_value_set(day, "zones_preferred", json_value_count(history->preferred[i]));
        json_value_set(day, "zones_preferred_fraction",
                       json_value_fraction((double)history->preferred[i], (double)report->zones));
        json_array_append_new(list, day);
    }
    return list;
}

json_t *fleet_report_json(const struct fleet_report *report, const char *generator) {
    json_t *object = json_object();
    json_value_set(object, "schema", json_string("originscan.report/1"));
    json_value_set(object, "generator", json_string(generator));
    json_value_set(object, "generated_at", json_value_time(report->now_ms));
    fleet_status_json(object, &report->status);
    json_value_set(object, "origins", origins_json(report));
    json_value_set(object, "shares", shares_json(report));
    json_value_set(object, "hybrid", hybrid_json(report));
    json_value_set(object, "history", history_json(report));
    json_value_set(object, "verdicts", verdict_counts_json(report));
    json_value_set(object, "failures", failures_json(report));
    json_value_set(object, "retries", retries_json(report));
    json_value_set(object, "traffic", traffic_json(report));
    json_value_set(object, "round_trips", round_trips_json(&report->round_trips));
    json_value_set(object, "settings", settings_json(report));
    json_value_set(object, "changes", changes_json(report));
    json_value_set(object, "slowest", fleet_slowest_json(&report->slowest));
    json_value_set(object, "stale", stale_json(report));
    json_value_set(object, "flapping", flapping_json(report));
    return object;
}

void fleet_report_json_write(FILE *to, const struct fleet_report *report, const char *generator) {
    json_t *document = fleet_report_json(report, generator);
    json_value_write(to, document, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    putc('\n', to);
    json_decref(document);
}
