/* Zones as JSON. */
#include "report/export/export_settings.h"

#include "report/json_value.h"

static json_t *level(enum rule_level value) {
    return value == LEVEL_NONE ? json_null() : json_string(rule_level_name(value));
}

static json_t *text(const char *value) {
    return value && value[0] ? json_string(value) : json_null();
}

static void set(json_t *object, const char *key, json_t *value) {
    json_object_set_new_nocheck(object, key, value);
}

static void put_setting(json_t *object, const struct zone_setting *setting, const char *variant) {
    set(object, "setting", level(setting->level));
    set(object, "variant", text(variant));
    set(object, "first_share", json_value_group(setting->first_share));
    set(object, "groups", json_value_groups(setting->groups, setting->groups_n));
}

static json_t *evidence(const struct recommendation *advice) {
    json_t *object = json_object();
    set(object, "days", json_integer(advice->days));
    set(object, "n", json_integer(advice->trials));
    set(object, "failures", json_integer(advice->failures));
    set(object, "upper95", json_real(advice->upper95));
    return object;
}

static json_t *exceptions(const struct export_zone *zone) {
    json_t *list = json_array();
    for (size_t i = 0; i < zone->origins_n; i++) {
        const struct export_origin *origin = &zone->origins[i];
        if (!origin->exception)
            continue;
        json_t *object = json_object();
        set(object, "host", json_value_text(origin->host));
        set(object, "port", json_integer(origin->port));
        put_setting(object, &origin->setting, recommend_variant(&origin->setting, false));
        json_array_append_new(list, object);
    }
    return list;
}

/* What the rest of the traffic gets while a ramp is on. */
static json_t *rest(const struct recommendation *advice) {
    if (advice->stage_percent >= ZONE_WHOLE)
        return json_null();
    json_t *object = json_object();
    put_setting(object, &advice->previous, recommend_variant(&advice->previous, false));
    return object;
}

json_t *export_settings_zone(const struct export_zone *zone, const struct export_choice *choice) {
    const struct recommendation *advice = &zone->advice;
    bool advised = choice->wanted != LEVEL_NONE;
    const char *variant = choice->level != LEVEL_PREFERRED ? NULL
                          : choice->dual                   ? "dual"
                                                           : "single";
    json_t *object = json_object();
    set(object, "zone", json_value_text(zone->name));
    set(object, "setting", level(choice->level));
    set(object, "variant", text(variant));
    set(object, "first_share", json_value_group(export_choice_first_share(choice)));
    set(object, "groups", json_value_groups(choice->groups, choice->groups_n));
    set(object, "advised", json_boolean(advised));
    set(object, "dual_proven", json_boolean(advised && advice->setting.dual_ok));
    set(object, "reason", text(rule_reason_name(advice->reason)));
    set(object, "waits_for", text(rule_reason_name(advice->waits_for)));
    set(object, "since", json_value_time(advice->since_ms));
    set(object, "not_after", json_value_time(advice->not_after_ms));
    set(object, "stage_percent", json_integer(advice->stage_percent));
    set(object, "previous", level(advice->previous.level));
    set(object, "rest", rest(advice));
    set(object, "provisional", json_boolean(advice->provisional));
    set(object, "compliance", json_string(compliance_name(zone->compliance)));
    set(object, "evidence", evidence(advice));
    set(object, "exceptions", exceptions(zone));
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

/* json_dumpf would call fwrite for every token. */
void export_settings_line(FILE *to, json_t *object) {
    size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(6);
    char buffer[8192];
    size_t n = json_dumpb(object, buffer, sizeof buffer, flags);
    if (n <= sizeof buffer)
        fwrite(buffer, 1, n, to);
    else
        json_dumpf(object, to, flags);
    putc('\n', to);
    json_decref(object);
}
