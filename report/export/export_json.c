/* One document of schema `originscan.settings/1`. */
#include "report/export/export_layout.h"
#include "report/export/export_settings.h"
#include "report/json_value.h"

static json_t *make_head(const struct export_options *options,
                         const struct export_summary *summary) {
    json_t *object = json_object();
    json_object_set_new(object, "schema", json_string("originscan.settings/1"));
    json_object_set_new(object, "generator", json_string(options->generator));
    json_object_set_new(object, "notice",
                        json_string("Do not edit: the next export replaces this file."));
    json_object_set_new(object, "generation", json_integer((json_int_t)options->generation));
    json_object_set_new(object, "generated_at", json_value_time(options->now_ms));
    json_object_set_new(object, "data_at", json_value_time(summary->data_ms));
    json_object_set_new(object, "not_after", json_value_time(summary->not_after_ms));
    json_object_set_new(object, "sha256", json_string(summary->sha256));
    json_t *counts = json_object();
    json_object_set_new(counts, "zones", json_integer((json_int_t)summary->zones));
    for (enum rule_level level = LEVEL_NONE; level < LEVEL_COUNT; level++)
        json_object_set_new(counts, rule_level_name(level),
                            json_integer((json_int_t)summary->by_level[level]));
    json_object_set_new(counts, "shadow", json_integer((json_int_t)summary->shadow));
    json_object_set_new(object, "counts", counts);
    return object;
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    export_settings_count(render, zone, choice);
    export_settings_line(render->to, export_settings_zone(zone, choice));
}

const struct export_format export_json_format = {
    .name = "json",
    .help = "one document, schema originscan.settings/1",
    .layout = EXPORT_DOCUMENT,
    .target = {.who = "JSON", .exact = true},
    .zones_apart = true,
    .mark = "{\"zone\":\"",
    .separator = "\",\"setting\":",
    .array = "zones",
    .make_head = make_head,
    .write_zone = write_zone,
};
