/* Pingora with the patched boring crate: what a program puts into each peer's options. */
#include "report/export/export_remark.h"
#include "report/export/export_settings.h"
#include "report/export/export_text.h"
#include "report/json_value.h"

/* The crate sends the share of the first group of the list and, with second_keyshare, one classical
 * or hybrid share more; so the group of the only share goes first. */
static json_t *curves_json(const struct export_choice *choice) {
    char text[EXPORT_LIST_SIZE];
    struct export_choice sorted = *choice;
    uint16_t first = export_choice_first_share(choice);
    unsigned n = 0;
    sorted.groups[n++] = first;
    for (unsigned i = 0; i < choice->groups_n; i++) {
        if (choice->groups[i] != first)
            sorted.groups[n++] = choice->groups[i];
    }
    return json_string(export_choice_list(&sorted, EXPORT_NAMES_BORINGSSL, ":", text));
}

static json_t *options_json(const struct export_choice *choice) {
    return json_pack("{s:o,s:b}", "curves", curves_json(choice), "second_keyshare", choice->dual);
}

static json_t *peer_json(const struct export_render *render, const struct export_zone *zone,
                         const struct export_origin *origin) {
    struct export_choice choice;
    export_choice_origin(zone, origin, render->options, &render->options->format->target, &choice);
    export_format_count(render, choice.level, choice.exact);
    if (export_text_is_host(origin->host))
        export_remark_exception(render, origin, &choice, "");
    json_t *object = json_object();
    json_object_set_new(object, "host", json_value_text(origin->host));
    json_object_set_new(object, "port", json_integer(origin->port));
    json_object_set_new(object, "options",
                        choice.level == LEVEL_NONE ? json_null() : options_json(&choice));
    return object;
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    export_remark_zone(render, zone, choice);
    export_format_count(render, choice->level, choice->exact);
    if (choice->level == LEVEL_NONE)
        return;
    json_t *object = json_object(), *peers = json_array();
    json_object_set_new(object, "zone", json_value_text(zone->name));
    json_object_set_new(object, "options", options_json(choice));
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (zone->origins[i].exception)
            json_array_append_new(peers, peer_json(render, zone, &zone->origins[i]));
    }
    json_object_set_new(object, "exceptions", peers);
    fputs("- ", render->to);
    export_settings_line(render->to, object);
}

static void write_head(const struct export_render *render) {
    fputs("# Set options.curves and options.second_keyshare of each zone's peers, and keep TLS 1.3 "
          "enabled\n# (max_tls_version).\nzones:\n",
          render->to);
}

static const char *find_oldest_pingora(const struct export_options *options) {
    (void)options;
    return "Pingora 0.1 with the patched boring crate (feature pq_use_second_keyshare)";
}

const struct export_format export_pingora_format = {
    .name = "pingora",
    .help = "YAML: options of the peers of each zone",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .oldest = find_oldest_pingora,
    .target = {.who = "Pingora",
               .library = EXPORT_NAMES_BORINGSSL,
               .supported = true,
               .single = true,
               .dual = true,
               .any_dual = true,
               .own_line = true},
    .zones_apart = true,
    .mark = "# zone \"",
    .separator = "\": ",
    .write_head = write_head,
    .write_zone = write_zone,
};
