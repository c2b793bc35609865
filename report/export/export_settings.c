/* Zones as JSON. */
#include "report/export/export_settings.h"

#include "report/export/export_expect.h"
#include "report/export/export_text.h"
#include "report/json_value.h"

static json_t *level_json(enum rule_level value) {
    return value == LEVEL_NONE ? json_null() : json_string(rule_level_name(value));
}

static void set_setting(json_t *object, const struct zone_setting *setting, const char *variant) {
    json_value_set(object, "setting", level_json(setting->level));
    json_value_set(object, "variant", json_value_text_or_null(variant));
    json_value_set(object, "first_share", json_value_group(setting->first_share));
    json_value_set(object, "groups", json_value_groups(setting->groups, setting->groups_n));
}

static json_t *evidence_json(const struct recommendation *advice) {
    json_t *object = json_object();
    json_value_set(object, "days", json_integer(advice->days));
    json_value_set(object, "n", json_integer(advice->trials));
    json_value_set(object, "failures", json_integer(advice->failures));
    json_value_set(object, "upper95", json_real(advice->upper95));
    return object;
}

static json_t *sum_json(const struct candidate_sum *sum) {
    json_t *object = json_object();
    json_value_set(object, "hybrid", json_real(sum->hybrid));
    json_value_set(object, "retry", json_real(sum->retry));
    return object;
}

static json_t *possible_json(const struct export_expectation *expectation) {
    char endpoint[EXPORT_ENDPOINT_SIZE];
    const struct export_origin *origin = expectation->held_back_by;
    if (expectation->possible == CANDIDATE_NONE)
        return json_null();
    struct candidate candidate = candidate_at(expectation->possible);
    json_t *object = sum_json(&expectation->possible_sum);
    json_value_set(object, "setting", level_json(candidate.level));
    json_value_set(object, "variant",
                   json_value_text_or_null(candidate_variant(expectation->possible)));
    json_value_set(object, "share", json_value_group(candidate.share));
    json_value_set(object, "held_back_by",
                   origin
                       ? json_value_text(export_text_endpoint(origin->host, origin->port, endpoint))
                       : json_null());
    json_value_set(object, "reason",
                   json_value_text_or_null(rule_reason_name(expectation->reason)));
    return object;
}

static json_t *exceptions_json(const struct export_zone *zone) {
    json_t *list = json_array();
    for (size_t i = 0; i < zone->origins_n; i++) {
        const struct export_origin *origin = &zone->origins[i];
        if (!origin->exception)
            continue;
        json_t *object = json_object();
        json_value_set(object, "host", json_value_text(origin->host));
        json_value_set(object, "port", json_integer(origin->port));
        set_setting(object, &origin->setting, recommend_variant(&origin->setting, false));
        struct candidate_sum alone;
        bool known = export_expect_origin(origin, &alone);
        json_value_set(object, "expected", known ? sum_json(&alone) : json_null());
        json_array_append_new(list, object);
    }
    return list;
}

/* What the rest of the traffic gets while a ramp is on. */
static json_t *rest_json(const struct recommendation *advice) {
    if (advice->stage_percent >= ZONE_WHOLE)
        return json_null();
    json_t *object = json_object();
    set_setting(object, &advice->previous, recommend_variant(&advice->previous, false));
    return object;
}

static bool is_dual_proven(const struct zone_setting *setting) {
    return setting->dual_ok || setting->dual_share != GROUP_NONE;
}

json_t *export_settings_zone(const struct export_zone *zone, const struct export_choice *choice) {
    const struct recommendation *advice = &zone->advice;
    bool advised = choice->wanted != LEVEL_NONE;
    const char *variant = choice->level != LEVEL_PREFERRED ? NULL
                          : choice->dual                   ? "dual"
                                                           : "single";
    struct export_expectation expectation;
    export_expect_zone(zone, choice, &expectation);
    json_t *object = json_object();
    json_value_set(object, "zone", json_value_text(zone->name));
    json_value_set(object, "setting", level_json(choice->level));
    json_value_set(object, "variant", json_value_text_or_null(variant));
    json_value_set(object, "first_share", json_value_group(export_choice_first_share(choice)));
    json_value_set(object, "groups", json_value_groups(choice->groups, choice->groups_n));
    json_value_set(object, "advised", json_boolean(advised));
    json_value_set(object, "dual_proven",
                   json_boolean(advised && is_dual_proven(&advice->setting)));
    json_value_set(object, "reason", json_value_text_or_null(rule_reason_name(advice->reason)));
    json_value_set(object, "waits_for",
                   json_value_text_or_null(rule_reason_name(advice->waits_for)));
    json_value_set(object, "since", json_value_time(advice->since_ms));
    json_value_set(object, "not_after", json_value_time(advice->not_after_ms));
    json_value_set(object, "stage_percent", json_integer(advice->stage_percent));
    json_value_set(object, "previous", level_json(advice->previous.level));
    json_value_set(object, "rest", rest_json(advice));
    json_value_set(object, "provisional", json_boolean(advice->provisional));
    json_value_set(object, "compliance", json_string(compliance_name(zone->compliance)));
    json_value_set(object, "evidence", evidence_json(advice));
    json_value_set(object, "expected",
                   expectation.sent == CANDIDATE_NONE ? json_null()
                                                      : sum_json(&expectation.expected));
    json_value_set(object, "possible", possible_json(&expectation));
    json_value_set(object, "exceptions", exceptions_json(zone));
    return object;
}

void export_settings_count(const struct export_render *render, const struct export_zone *zone,
                           const struct export_choice *choice) {
    export_format_count(render, choice->level, choice->exact);
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (zone->origins[i].exception)
            export_format_count(render, zone->origins[i].setting.level, true);
    }
}

void export_settings_line(FILE *to, json_t *object) {
    json_value_write(to, object, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putc('\n', to);
    json_decref(object);
}
