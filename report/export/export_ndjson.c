/* The zones of `originscan.settings/1`, one object per line. */
#include "report/export/export_settings.h"

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    export_settings_count(render, zone, choice);
    export_settings_line(render->to, export_settings_zone(zone, choice));
}

const struct export_format export_ndjson_format = {
    .name = "ndjson",
    .help = "the zones of the json document, one per line",
    .layout = EXPORT_LINES,
    .target = {.who = "JSON", .exact = true},
    .zones_apart = true,
    .mark = "{\"zone\":\"",
    .separator = "\",\"setting\":",
    .write_zone = write_zone,
};
