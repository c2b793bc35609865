/* Envoy: a cluster a zone, as a file of the cluster discovery service; JSON objects in a YAML list,
 * so that comments can stand between. */
#include "report/export_remark.h"
#include "report/export_settings.h"
#include "report/export_text.h"

#define TLS "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
#define CLUSTER "type.googleapis.com/envoy.config.cluster.v3.Cluster"
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

static json_t *curves(const struct export_choice *choice) {
    json_t *list = json_array();
    for (unsigned i = 0; i < choice->groups_n; i++)
        json_array_append_new(
            list, json_string(export_choice_name(EXPORT_NAMES_BORINGSSL, EXPORT_OPENSSL_35,
                                                 choice->groups[i])));
    return list;
}

/* A client of Envoy speaks TLS 1.2 at most unless told otherwise, and trusts everyone. */
static json_t *transport_socket(const struct export_choice *choice, const char *sni) {
    json_t *trust = json_pack("{s:{s:s}}", "trusted_ca", "filename", SYSTEM_CA);
    json_t *context = json_object();
    json_object_set_new(context, "@type", json_string(TLS));
    if (export_text_is_host(sni)) {
        json_object_set_new(context, "sni", json_string(sni));
        json_object_set_new(
            trust, "match_typed_subject_alt_names",
            json_pack("[{s:s,s:{s:s}}]", "san_type", "DNS", "matcher", "exact", sni));
    }
    json_object_set_new(context, "common_tls_context",
                        json_pack("{s:{s:s,s:s,s:o},s:o}", "tls_params",
                                  "tls_minimum_protocol_version", "TLSv1_2",
                                  "tls_maximum_protocol_version", "TLSv1_3", "ecdh_curves",
                                  curves(choice), "validation_context", trust));
    return json_pack("{s:s,s:o}", "name", "envoy.transport_sockets.tls", "typed_config", context);
}

static json_t *endpoint(const struct export_zone *zone, size_t which, const char *label) {
    const struct export_origin *origin = &zone->origins[which];
    double most = 0;
    for (size_t i = 0; i < zone->origins_n; i++)
        most = zone->origins[i].weight > most ? zone->origins[i].weight : most;
    int weight = (int)(origin->weight / most * 1000 + 0.5);
    json_t *object =
        json_pack("{s:{s:{s:{s:s,s:i}}},s:i}", "endpoint", "address", "socket_address", "address",
                  origin->address[0] ? origin->address : origin->host, "port_value",
                  (int)origin->port, "load_balancing_weight", weight ? weight : 1);
    if (zone->origins_n > 1)
        json_object_set_new(object, "metadata",
                            json_pack("{s:{s:{s:s}}}", "filter_metadata",
                                      "envoy.transport_socket_match", "origin", label));
    return object;
}

/* The origins that can be written: theirs are the endpoints. */
struct endpoints {
    json_t *list;
    json_t *matches; /* a transport socket for each: names and exceptions differ */
    const struct export_origin *first;
    struct export_choice choice; /* of the first */
};

static void add_origin(const struct export_render *render, const struct export_zone *zone,
                       size_t which, struct endpoints *out) {
    const struct export_origin *origin = &zone->origins[which];
    struct export_choice choice;
    char label[32];
    if (!(origin->weight > 0))
        return;
    if (!export_text_is_host(origin->host)) {
        export_remark_left_out(render, origin);
        return;
    }
    export_choice_origin(zone, origin, render->options, &render->options->format->target, &choice);
    if (choice.level == LEVEL_NONE)
        return;
    snprintf(label, sizeof label, "o%zu", which + 1);
    if (!out->first) {
        out->first = origin;
        out->choice = choice;
    }
    json_array_append_new(out->list, endpoint(zone, which, label));
    if (zone->origins_n > 1)
        json_array_append_new(out->matches, json_pack("{s:s,s:{s:s},s:o}", "name", label, "match",
                                                      "origin", label, "transport_socket",
                                                      transport_socket(&choice, origin->sni)));
}

static json_t *cluster(const struct export_zone *zone, const struct export_choice *choice,
                       const struct endpoints *endpoints) {
    char slug[EXPORT_SLUG_SIZE];
    const struct export_origin *first = endpoints->first;
    bool several = json_array_size(endpoints->matches) > 0;
    json_t *name = json_sprintf("originscan_%s", export_text_slug(zone->name, slug));
    json_t *object = json_object();
    json_object_set_new(object, "@type", json_string(CLUSTER));
    json_object_set(object, "name", name);
    json_object_set_new(object, "type", json_string("STRICT_DNS"));
    json_object_set_new(object, "connect_timeout", json_string("10s"));
    json_object_set_new(object, "load_assignment",
                        json_pack("{s:o,s:[{s:O}]}", "cluster_name", name, "endpoints",
                                  "lb_endpoints", endpoints->list));
    json_object_set_new(object, "transport_socket",
                        several || !first ? transport_socket(choice, "")
                                          : transport_socket(&endpoints->choice, first->sni));
    if (several)
        json_object_set(object, "transport_socket_matches", endpoints->matches);
    return object;
}

static void zone(const struct export_render *render, const struct export_zone *zone,
                 const struct export_choice *choice) {
    struct endpoints endpoints = {.list = json_array(), .matches = json_array()};
    export_remark_zone(render, zone, choice);
    for (size_t i = 0; i < zone->origins_n; i++)
        add_origin(render, zone, i, &endpoints);
    if (choice->level != LEVEL_NONE) {
        fputs("- ", render->to);
        export_settings_line(render->to, cluster(zone, choice, &endpoints));
    }
    json_decref(endpoints.list);
    json_decref(endpoints.matches);
}

static void begin(const struct export_render *render) {
    fputs("# For dynamic_resources.cds_config.path_config_source.\nresources:\n", render->to);
}

const struct export_format export_envoy_format = {
    .name = "envoy",
    .help = "a cluster a zone, for file-based discovery",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .target = {.who = "Envoy",
               .library = EXPORT_NAMES_BORINGSSL,
               .dual = true,
               .share = EXPORT_SHARE_BY_ORDER},
    .mark = "# zone \"",
    .separator = "\": ",
    .begin = begin,
    .zone = zone,
};
