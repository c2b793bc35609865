/* A rule for Akamai's Property Manager with one child a zone. */
#include "report/export/export_layout.h"
#include "report/export/export_remark.h"
#include "report/export/export_settings.h"
#include "report/export/export_text.h"
#include "report/json_value.h"

#include <string.h>

static json_t *make_head(const struct export_options *options,
                         const struct export_summary *summary) {
    char stamp[EXPORT_LAYOUT_STAMP_SIZE], age[EXPORT_LAYOUT_AGE_SIZE], text[800];
    snprintf(
        text, sizeof text,
        "Made by %s. Do not edit: the next export replaces it. Data: %s. Needs at least Property "
        "Manager API v1 with a rule format that has the behavior pqcOrigin. %s",
        options->generator, export_layout_age(options, summary, age),
        export_layout_stamp(options, summary, stamp));
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string("originscan"));
    json_object_set_new(object, "comments", json_string(text));
    json_object_set_new(object, "criteria", json_array());
    json_object_set_new(object, "criteriaMustSatisfy", json_string("all"));
    json_object_set_new(object, "behaviors", json_array());
    return object;
}

/* "zone " and the name, in two steps, since the name may be no valid UTF-8. */
static json_t *rule_name(const struct export_zone *zone) {
    json_t *name = json_value_text(zone->name);
    json_t *text = json_sprintf("zone %s", json_string_value(name));
    json_decref(name);
    return text;
}

static json_t *behaviour_json(enum rule_level level) {
    return json_pack("[{s:s,s:{s:b,s:b}}]", "name", "pqcOrigin", "options", "enabled",
                     level > LEVEL_OFF, "pqcClientHelloKeys", level == LEVEL_PREFERRED);
}

/* A rule without criteria would hold for every request, so it must not have behaviours either. */
static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    bool host = export_text_is_host(zone->name);
    char text[EXPORT_REMARK_TEXT_SIZE];
    export_format_count(render, host ? choice->level : LEVEL_NONE, host && choice->exact);
    json_t *object = json_object();
    json_object_set_new(object, "name", rule_name(zone));
    json_object_set_new(
        object, "comments",
        json_sprintf(
            "%s%s", export_remark_text(render, zone, choice, text),
            host ? ""
                 : "; note: the zone's name is not a valid host name, so this rule does nothing"));
    json_object_set_new(object, "criteria",
                        host ? json_pack("[{s:s,s:{s:s,s:[s]}}]", "name", "hostname", "options",
                                         "matchOperator", "IS_ONE_OF", "values", zone->name)
                             : json_array());
    json_object_set_new(object, "criteriaMustSatisfy", json_string("all"));
    json_object_set_new(object, "behaviors",
                        host && choice->level != LEVEL_NONE ? behaviour_json(choice->level)
                                                            : json_array());
    json_object_set_new(object, "children", json_array());
    export_settings_line(render->to, object);
}

const struct export_format export_akamai_format = {
    .name = "akamai",
    .help = "a rule with one child per zone, behaviour pqcOrigin",
    .layout = EXPORT_DOCUMENT,
    .target = {.who = "Akamai",
               .library = EXPORT_NAMES_BORINGSSL,
               .supported = true,
               .single = true,
               .dual = true,
               .share = EXPORT_SHARE_OWN},
    .zones_apart = true,
    .mark = "{\"name\":\"zone ",
    .separator = "\",\"comments\":\"",
    .array = "children",
    .make_head = make_head,
    .write_zone = write_zone,
};
