/* Envoy: a cluster a zone, as a YAML file of the cluster discovery service. All texts in it are
 * slugs, hosts and names of groups, so that quotation marks are enough. */
#include "report/export/export_origin.h"
#include "report/export/export_remark.h"
#include "report/export/export_text.h"

#define TLS "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
#define CLUSTER "type.googleapis.com/envoy.config.cluster.v3.Cluster"
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

/* Envoy trusts everyone unless it is told whom to trust: the export says the system's CAs. */
static void write_trust(const struct export_render *render, int indent, const char *sni) {
    const struct export_origin_tls *tls = &render->options->tls;
    FILE *to = render->to;
    if (tls->client_cert)
        fprintf(
            to,
            "%*s    tls_certificates:\n"
            "%*s    - {certificate_chain: {filename: \"%s\"}, private_key: {filename: \"%s\"}}\n",
            indent, "", indent, "", tls->client_cert,
            tls->client_key ? tls->client_key : tls->client_cert);
    if (!export_origin_tls_verifies(tls, true))
        return;
    fprintf(to, "%*s    validation_context:\n%*s      trusted_ca: {filename: %s}\n", indent, "",
            indent, "", tls->ca_file ? tls->ca_file : SYSTEM_CA);
    if (sni)
        fprintf(to,
                "%*s      match_typed_subject_alt_names:\n"
                "%*s      - {san_type: DNS, matcher: {exact: \"%s\"}}\n",
                indent, "", indent, "", sni);
}

/* The value of `transport_socket`, indented by that many columns. A client of Envoy speaks TLS 1.2
 * at most unless told otherwise. */
static void write_socket(const struct export_render *render, int indent,
                         const struct export_choice *choice, const char *sni) {
    FILE *to = render->to;
    char curves[EXPORT_LIST_SIZE];
    export_format_count(render, choice->level, choice->exact);
    bool named = export_text_is_host(sni);
    fprintf(to,
            "%*sname: envoy.transport_sockets.tls\n"
            "%*styped_config:\n"
            "%*s  \"@type\": " TLS "\n",
            indent, "", indent, "", indent, "");
    if (named)
        fprintf(to, "%*s  sni: \"%s\"\n", indent, "", sni);
    fprintf(to,
            "%*s  common_tls_context:\n"
            "%*s    tls_params:\n"
            "%*s      tls_minimum_protocol_version: TLSv1_2\n"
            "%*s      tls_maximum_protocol_version: TLSv1_3\n"
            "%*s      ecdh_curves: [%s]\n",
            indent, "", indent, "", indent, "", indent, "", indent, "",
            export_choice_list(choice, EXPORT_NAMES_BORINGSSL, ", ", curves));
    write_trust(render, indent, named ? sni : NULL);
}

static double largest_weight(const struct export_zone *zone) {
    double most = 0;
    for (size_t i = 0; i < zone->origins_n; i++)
        most = zone->origins[i].weight > most ? zone->origins[i].weight : most;
    return most;
}

/* An origin that takes part; others are left out. */
static bool is_written(const struct export_render *render, const struct export_zone *zone,
                       const struct export_origin *origin, struct export_choice *choice) {
    if (!(origin->weight > 0) || !export_origin_is_sound(origin))
        return false;
    export_choice_origin(zone, origin, render->options, &render->options->format->target, choice);
    return choice->level != LEVEL_NONE;
}

static void write_endpoint(FILE *to, const struct export_zone *zone, size_t which) {
    const struct export_origin *origin = &zone->origins[which];
    int weight = (int)(origin->weight / largest_weight(zone) * 1000 + 0.5);
    fprintf(to,
            "      - endpoint: {address: {socket_address: {address: \"%s\", port_value: %u}}}\n"
            "        load_balancing_weight: %d\n",
            export_origin_dialled(origin), origin->port, weight ? weight : 1);
    if (zone->origins_n > 1)
        fprintf(to,
                "        metadata: {filter_metadata: {envoy.transport_socket_match: "
                "{origin: o%zu}}}\n",
                which + 1);
}

static void write_endpoints(const struct export_render *render, const struct export_zone *zone) {
    struct export_choice choice;
    char slug[EXPORT_SLUG_SIZE];
    size_t written = 0;
    fprintf(render->to,
            "  load_assignment:\n    cluster_name: \"originscan_%s\"\n    endpoints:\n"
            "    - lb_endpoints:",
            export_text_slug(zone->name, slug));
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (!is_written(render, zone, &zone->origins[i], &choice))
            continue;
        fputs(written++ ? "" : "\n", render->to);
        write_endpoint(render->to, zone, i);
    }
    fputs(written ? "" : " []\n", render->to);
}

/* Where there are several, names and exceptions differ: each has a transport socket of its own. */
static void write_matches(const struct export_render *render, const struct export_zone *zone) {
    struct export_choice choice;
    bool any = false;
    for (size_t i = 0; zone->origins_n > 1 && i < zone->origins_n; i++) {
        if (!is_written(render, zone, &zone->origins[i], &choice))
            continue;
        if (!any)
            fputs("  transport_socket_matches:\n", render->to);
        any = true;
        fprintf(render->to, "  - name: o%zu\n    match: {origin: o%zu}\n    transport_socket:\n",
                i + 1, i + 1);
        write_socket(render, 6, &choice, zone->origins[i].sni);
    }
}

static void write_cluster(const struct export_render *render, const struct export_zone *zone,
                          const struct export_choice *choice) {
    char slug[EXPORT_SLUG_SIZE];
    struct export_choice only;
    bool alone = zone->origins_n == 1 && is_written(render, zone, &zone->origins[0], &only);
    fprintf(render->to,
            "- \"@type\": " CLUSTER "\n  name: \"originscan_%s\"\n  type: STRICT_DNS\n"
            "  connect_timeout: 10s\n",
            export_text_slug(zone->name, slug));
    write_endpoints(render, zone);
    fputs("  transport_socket:\n", render->to);
    write_socket(render, 4, alone ? &only : choice, alone ? zone->origins[0].sni : "");
    write_matches(render, zone);
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    struct export_choice own;
    export_remark_zone(render, zone, choice);
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (!export_origin_is_sound(&zone->origins[i]))
            export_remark_left_out(render, &zone->origins[i]);
        else if (zone->origins[i].exception && is_written(render, zone, &zone->origins[i], &own))
            export_remark_exception(render, &zone->origins[i], &own, "");
    }
    if (choice->level != LEVEL_NONE)
        write_cluster(render, zone, choice);
    else
        export_format_count(render, LEVEL_NONE, choice->exact);
}

static void write_head(const struct export_render *render) {
    fputs("# For dynamic_resources.cds_config.path_config_source.\nresources:\n", render->to);
}

/* The first whose BoringSSL has X25519MLKEM768. */
static const char *find_oldest_envoy(const struct export_options *options) {
    (void)options;
    return "Envoy 1.33 for the hybrid";
}

const struct export_format export_envoy_format = {
    .name = "envoy",
    .help = "one cluster per zone, for file-based discovery",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .oldest = find_oldest_envoy,
    .target = {.who = "Envoy",
               .library = EXPORT_NAMES_BORINGSSL,
               .dual = true,
               .any_dual = true,
               .own_line = true,
               .share = EXPORT_SHARE_BY_ORDER},
    .takes = EXPORT_TAKES_TLS | EXPORT_TAKES_CLIENT_KEY,
    .zones_apart = true,
    .mark = "# zone \"",
    .separator = "\": ",
    .write_head = write_head,
    .write_zone = write_zone,
};
