/* A report as JSON. */
#include "report/view/fleet_report_json.h"

#include "report/export/export_settings.h"
#include "report/export/export_text.h"

static void set(json_t *object, const char *key, json_t *value) {
    json_object_set_new_nocheck(object, key, value);
}

static json_t *number(uint64_t value) {
    return json_integer((json_int_t)value);
}

static json_t *fraction(double part, double whole) {
    return whole > 0 ? json_real(part / whole) : json_null();
}

static json_t *text(const char *value) {
    return value && value[0] ? export_text_json(value) : json_null();
}

static json_t *origins(const struct fleet_report *report) {
    json_t *object = json_object();
    set(object, "total", number(report->origins));
    set(object, "never_scanned", number(report->unscanned));
    for (enum scan_status status = 0; status < STATUS_COUNT; status++)
        set(object, status_name(status), number(report->by_status[status]));
    return object;
}

static json_t *shares(const struct fleet_report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->groups_n; i++) {
        const struct fleet_report_group *group = &report->groups[i];
        json_t *object = json_object();
        set(object, "group", export_settings_group(group->group));
        set(object, "origins", number(group->origins));
        set(object, "supported", number(group->supported));
        set(object, "supported_fraction",
            fraction((double)group->supported, (double)group->origins));
        set(object, "preferred", number(group->preferred));
        set(object, "preferred_fraction",
            fraction((double)group->preferred, (double)group->origins));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *hybrid(const struct fleet_report *report) {
    json_t *object = json_object();
    set(object, "group", export_settings_group(report->hybrid));
    set(object, "origins", number(report->concluded));
    set(object, "supported", number(report->hybrid_supported));
    set(object, "supported_fraction",
        fraction((double)report->hybrid_supported, (double)report->concluded));
    set(object, "in_one_round_trip", number(report->by_verdict[VERDICT_READY]));
    set(object, "after_retry", number(report->by_verdict[VERDICT_READY_AFTER_RETRY]));
    set(object, "not_chosen", number(report->by_verdict[VERDICT_HYBRID_NOT_CHOSEN]));
    set(object, "draft_only", number(report->by_verdict[VERDICT_DRAFT_ONLY]));
    return object;
}

static json_t *verdicts(const struct fleet_report *report) {
    json_t *list = json_array();
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        uint64_t n = report->by_verdict[verdict];
        if (n == 0)
            continue;
        json_t *object = json_object();
        set(object, "verdict", json_string(verdict_name(verdict)));
        set(object, "origins", number(n));
        set(object, "fraction", fraction((double)n, (double)report->concluded));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *place(const struct fleet_report_place *of) {
    json_t *object = json_object();
    set(object, "zone", text(of->zone));
    set(object, "host", export_text_json(of->host));
    set(object, "port", json_integer(of->port));
    return object;
}

static json_t *failures(const struct fleet_report *report) {
    json_t *list = json_array();
    uint64_t scanned = report->origins - report->unscanned;
    for (size_t i = 0; i < report->failures_n; i++) {
        const struct fleet_report_failure *failure = &report->failures[i];
        json_t *object = json_object(), *examples = json_array();
        for (size_t e = 0; e < failure->examples_n; e++)
            json_array_append_new(examples, place(&failure->examples[e]));
        set(object, "class", json_string(failure->name));
        set(object, "origins", number(failure->origins));
        set(object, "fraction", fraction((double)failure->origins, (double)scanned));
        set(object, "examples", examples);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *retries(const struct fleet_report *report) {
    const struct fleet_report_retries *sum = &report->retries;
    json_t *object = json_object();
    set(object, "weight", json_real(sum->weight));
    set(object, "wasted_with_x25519_first", fraction(sum->wasted_now, sum->weight));
    set(object, "wasted_with_recommended", fraction(sum->wasted_then, sum->weight));
    set(object, "saved", fraction(sum->wasted_now - sum->wasted_then, sum->weight));
    set(object, "spent_for_hybrid", fraction(sum->for_hybrid, sum->weight));
    return object;
}

static json_t *setting(const struct fleet_report_setting *of) {
    json_t *object = json_object();
    set(object, "zone", export_text_json(of->zone));
    set(object, "setting",
        of->level == LEVEL_NONE ? json_null() : json_string(rule_level_name(of->level)));
    set(object, "variant", text(of->variant));
    set(object, "first_share", export_settings_group(of->first_share));
    set(object, "reason", text(of->reason));
    set(object, "since", export_settings_time(of->since_ms));
    set(object, "origins", number(of->origins));
    return object;
}

static json_t *settings(const struct fleet_report *report) {
    json_t *object = json_object(), *counts = json_object(), *zones = json_array();
    for (enum rule_level level = LEVEL_NONE; level < LEVEL_COUNT; level++)
        set(counts, rule_level_name(level), number(report->by_level[level]));
    for (size_t i = 0; i < report->settings_n; i++)
        json_array_append_new(zones, setting(&report->settings[i]));
    set(object, "total", number(report->zones));
    set(object, "counts", counts);
    set(object, "zones", zones);
    set(object, "left_out", number(report->zones - report->settings_n));
    return object;
}

static json_t *changes(const struct fleet_report *report) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < report->events_n; i++) {
        const struct fleet_report_event *event = &report->events[i];
        json_t *change = json_object();
        set(change, "changed_at", export_settings_time(event->changed_ms));
        set(change, "subject", export_text_json(event->subject));
        set(change, "field", export_text_json(event->field));
        set(change, "old", text(event->old));
        set(change, "new", text(event->new));
        set(change, "reason", text(event->reason));
        json_array_append_new(list, change);
    }
    set(object, "since", export_settings_time(report->since_ms));
    set(object, "total", number(report->changes));
    set(object, "latest", list);
    return object;
}

static json_t *stale(const struct fleet_report *report) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < report->stale_n; i++) {
        json_t *origin = place(&report->stale_list[i]);
        set(origin, "concluded_at", export_settings_time(report->stale_list[i].time_ms));
        json_array_append_new(list, origin);
    }
    set(object, "after_days", json_integer(FLEET_REPORT_STALE_DAYS));
    set(object, "total", number(report->stale));
    set(object, "oldest", list);
    return object;
}

static json_t *flapping(const struct fleet_report *report) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < report->flapping_n; i++) {
        json_t *one = json_object();
        set(one, "subject", export_text_json(report->flapping_list[i].subject));
        set(one, "changes", number(report->flapping_list[i].changes));
        json_array_append_new(list, one);
    }
    set(object, "from_changes", json_integer(FLEET_REPORT_FLAPPING_CHANGES));
    set(object, "total", number(report->flapping));
    set(object, "most", list);
    return object;
}

json_t *fleet_report_json(const struct fleet_report *report, const char *generator) {
    json_t *object = json_object();
    set(object, "schema", json_string("originscan.report/1"));
    set(object, "generator", json_string(generator));
    set(object, "generated_at", export_settings_time(report->now_ms));
    set(object, "origins", origins(report));
    set(object, "shares", shares(report));
    set(object, "hybrid", hybrid(report));
    set(object, "verdicts", verdicts(report));
    set(object, "failures", failures(report));
    set(object, "retries", retries(report));
    set(object, "settings", settings(report));
    set(object, "changes", changes(report));
    set(object, "stale", stale(report));
    set(object, "flapping", flapping(report));
    return object;
}
