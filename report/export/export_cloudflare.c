/* One request to Cloudflare's API a line, sent by deploy/apply-cloudflare; a line without a request
 * where a zone has no setting. */
#include "report/export/export_remark.h"
#include "report/export/export_settings.h"
#include "report/json_value.h"

/* The zone's identifier is not known here: whoever sends the request asks for it by name. */
#define PATH "/zones/{zone_id}/cache/origin_post_quantum_encryption"

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    char text[EXPORT_REMARK_TEXT_SIZE];
    enum rule_level level = choice->level;
    export_format_count(render, level, choice->exact);
    bool asks = level != LEVEL_NONE; /* else the line only says why nothing is changed */
    json_t *object = json_object();
    json_object_set_new(object, "zone", json_value_text(zone->name));
    json_object_set_new(object, "setting",
                        asks ? json_string(rule_level_name(level)) : json_null());
    json_object_set_new(object, "method", asks ? json_string("PUT") : json_null());
    json_object_set_new(object, "path", asks ? json_string(PATH) : json_null());
    json_object_set_new(object, "body",
                        asks ? json_pack("{ss}", "value", rule_level_name(level)) : json_null());
    json_object_set_new(object, "needs", json_string("Cloudflare API v4"));
    json_object_set_new(object, "comment",
                        json_string(export_remark_text(render, zone, choice, text)));
    export_settings_line(render->to, object);
}

const struct export_format export_cloudflare_format = {
    .name = "cloudflare",
    .help = "one request to the API per line, for deploy/apply-cloudflare",
    .layout = EXPORT_LINES,
    .target = {.who = "Cloudflare",
               .library = EXPORT_NAMES_BORINGSSL,
               .supported = true,
               .single = true,
               .dual = true,
               .share = EXPORT_SHARE_OWN},
    .zones_apart = true,
    .mark = "{\"zone\":\"",
    .separator = "\",\"setting\":",
    .write_zone = write_zone,
};
