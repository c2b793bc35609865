/* nginx with OpenSSL: a server block a zone that passes requests on to its origins, or, as a
 * snippet, the bare directives to include in a location of one's own.
 *
 * A fixed address is dialled as it is. A name gets an upstream{} of its own, which nginx looks up when
 * it starts or reloads (and does neither if it cannot); with --resolvers names are looked up when a
 * request comes, by DNS only. */
#include "report/export/export_origin.h"
#include "report/export/export_remark.h"
#include "report/export/export_text.h"

#include <inttypes.h>

/* nginx verifies only if it is told to, and knows no CAs by itself. */
static void write_trust(const struct export_render *render, const char *indent) {
    const struct export_origin_tls *tls = &render->options->tls;
    if (export_origin_tls_verifies(tls, false))
        fprintf(render->to,
                "%sproxy_ssl_verify on;\n%sproxy_ssl_verify_depth 4;\n"
                "%sproxy_ssl_trusted_certificate %s;\n",
                indent, indent, indent, tls->ca_file);
    else if (tls->verify == EXPORT_VERIFY_NONE)
        fprintf(render->to, "%sproxy_ssl_verify off;\n", indent);
    if (tls->client_cert)
        fprintf(render->to, "%sproxy_ssl_certificate %s;\n%sproxy_ssl_certificate_key %s;\n",
                indent, tls->client_cert, indent,
                tls->client_key ? tls->client_key : tls->client_cert);
}

static void write_tls(const struct export_render *render, const struct export_choice *choice,
                      const char *indent) {
    char groups[EXPORT_LIST_SIZE];
    export_format_count(render, choice->level, choice->exact);
    /* TLS 1.3 is in nginx' own default only since 1.23.4 */
    fprintf(render->to,
            "%sproxy_ssl_protocols TLSv1.2 TLSv1.3;\n"
            "%sproxy_ssl_server_name on;\n"
            "%sproxy_ssl_conf_command Groups %s;\n",
            indent, indent, indent,
            export_choice_openssl(choice, render->options->openssl, groups));
    write_trust(render, indent);
}

static bool is_usable(const struct export_render *render, const struct export_origin *origin) {
    if (!(origin->weight > 0))
        return false;
    if (export_origin_is_sound(origin))
        return true;
    export_remark_left_out(render, origin);
    return false;
}

static bool has_upstream(const struct export_render *render, const struct export_origin *origin) {
    return !render->options->tls.resolvers && !origin->address[0] &&
           !export_text_is_address(origin->host);
}

/* What is dialled: an address, a name to be looked up later, or the name of an upstream{}. */
static const char *name_dialled(const struct export_render *render, const struct export_zone *zone,
                                size_t which, char out[EXPORT_ENDPOINT_SIZE]) {
    const struct export_origin *origin = &zone->origins[which];
    char slug[EXPORT_SLUG_SIZE];
    if (!has_upstream(render, origin))
        return export_text_endpoint(export_origin_dialled(origin), origin->port, out);
    snprintf(out, EXPORT_ENDPOINT_SIZE, "originscan_%s_%zu", export_text_slug(zone->name, slug),
             which + 1);
    return out;
}

static void write_upstream(const struct export_render *render, const struct export_zone *zone,
                           size_t which) {
    const struct export_origin *origin = &zone->origins[which];
    char name[EXPORT_ENDPOINT_SIZE], endpoint[EXPORT_ENDPOINT_SIZE];
    if (has_upstream(render, origin))
        fprintf(render->to, "upstream %s {\n    server %s;\n}\n",
                name_dialled(render, zone, which, name),
                export_text_endpoint(origin->host, origin->port, endpoint));
}

/* The name for SNI and Host. nginx sends no SNI for address literals, if IPv6 is in brackets. */
static const char *name_of(const struct export_origin *origin, char out[EXPORT_ENDPOINT_SIZE]) {
    if (export_text_is_host(origin->sni))
        return origin->sni;
    if (!export_text_is_ipv6(origin->host))
        return origin->host;
    snprintf(out, EXPORT_ENDPOINT_SIZE, "[%s]", origin->host);
    return out;
}

/* One value a weighted origin, chosen by the same key so that they belong together. */
static void write_split(const struct export_render *render, const struct export_zone *zone,
                        const char *variable, double weight, bool names) {
    char endpoint[EXPORT_ENDPOINT_SIZE];
    size_t left = 0;
    for (size_t i = 0; i < zone->origins_n; i++)
        left += zone->origins[i].weight > 0 && export_origin_is_sound(&zone->origins[i]);
    fprintf(render->to, "split_clients $request_id %s%" PRIu64 " {\n", variable,
            render->summary->zones);
    for (size_t i = 0; i < zone->origins_n; i++) {
        const struct export_origin *origin = &zone->origins[i];
        if (!(origin->weight > 0) || !export_origin_is_sound(origin))
            continue;
        const char *value =
            names ? name_of(origin, endpoint) : name_dialled(render, zone, i, endpoint);
        double percent = 100 * origin->weight / weight;
        if (--left > 0 && percent < 0.01)
            continue; /* nginx counts in hundredths of a percent */
        if (left > 0)
            fprintf(render->to, "    %.2f%% %s;\n", percent - 0.005 > 0.01 ? percent - 0.005 : 0.01,
                    value);
        else
            fprintf(render->to, "    * %s;\n", value);
    }
    fputs("}\n", render->to);
}

static void write_server(const struct export_render *render, const struct export_zone *zone,
                         const struct export_choice *choice) {
    char slug[EXPORT_SLUG_SIZE];
    fprintf(render->to, "server {\n    listen %s;\n    server_name %s;\n", render->options->listen,
            export_text_slug(zone->name, slug));
    write_tls(render, choice, "    ");
    if (render->options->tls.resolvers)
        fprintf(render->to, "    resolver %s;\n", render->options->tls.resolvers);
}

static void write_only_origin(const struct export_render *render, const struct export_zone *zone,
                              size_t which) {
    char endpoint[EXPORT_ENDPOINT_SIZE], name[EXPORT_ENDPOINT_SIZE];
    const char *shown = name_of(&zone->origins[which], name);
    fprintf(render->to,
            "    location / {\n"
            "        set $originscan_origin %s;\n"
            "        proxy_ssl_name %s;\n"
            "        proxy_set_header Host %s;\n"
            "        proxy_pass https://$originscan_origin;\n"
            "    }\n}\n",
            name_dialled(render, zone, which, endpoint), shown, shown);
}

static void write_choice_of_origins(const struct export_render *render) {
    uint64_t number = render->summary->zones;
    fprintf(render->to,
            "    location / {\n"
            "        proxy_ssl_name $originscan_name_%" PRIu64 ";\n"
            "        proxy_set_header Host $originscan_name_%" PRIu64 ";\n"
            "        proxy_pass https://$originscan_origin_%" PRIu64 ";\n"
            "    }\n}\n",
            number, number, number);
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    size_t first = 0, usable = 0;
    double weight = 0;
    export_remark_zone(render, zone, choice);
    export_remark_exceptions(render, zone);
    if (choice->level == LEVEL_NONE) {
        export_format_count(render, LEVEL_NONE, choice->exact);
        return;
    }
    if (render->options->snippet) {
        write_tls(render, choice, "");
        return;
    }
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (!is_usable(render, &zone->origins[i]))
            continue;
        if (usable == 0)
            first = i;
        write_upstream(render, zone, i);
        weight += zone->origins[i].weight;
        usable++;
    }
    if (usable > 1) {
        write_split(render, zone, "$originscan_origin_", weight, false);
        write_split(render, zone, "$originscan_name_", weight, true);
    }
    write_server(render, zone, choice);
    if (usable > 1)
        write_choice_of_origins(render);
    else if (usable == 1)
        write_only_origin(render, zone, first);
    else
        fputs("    return 503; # the zone has no usable origin\n}\n", render->to);
}

static void write_head(const struct export_render *render) {
    const char *use = render->options->snippet
                          ? "Include this in the location (server, http) that passes to the zone."
                          : "Include this in http{}. Send requests for a zone to the address below "
                            "with the zone's name as Host.";
    const char *names =
        render->options->snippet ? "Use one upstream{} per zone, or idle connections mix settings."
        : render->options->tls.resolvers
            ? "Names of origins are looked up when a request comes, by this resolver."
            : "Names of origins are looked up when nginx starts or reloads, which fails "
              "if one is unknown; --resolvers ADDRESS looks them up later.";
    fprintf(render->to, "# %s\n# %s\n", use, names);
}

/* proxy_ssl_conf_command came with 1.19.4. */
static const char *find_oldest_nginx(const struct export_options *options) {
    return options->openssl == EXPORT_OPENSSL_30 ? "nginx 1.19.4 with OpenSSL 1.1.1"
                                                 : "nginx 1.19.4 with OpenSSL 3.5";
}

const struct export_format export_nginx_format = {
    .name = "nginx",
    .help = "server blocks, or directives to include (--snippet)",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .oldest = find_oldest_nginx,
    .target = {.who = "nginx with this OpenSSL",
               .library = EXPORT_NAMES_OPENSSL,
               .supported = true,
               .single = true,
               .dual = true,
               .any_dual = true},
    .takes = EXPORT_TAKES_TLS | EXPORT_TAKES_CLIENT_KEY | EXPORT_TAKES_CA_FILE_TO_VERIFY |
             EXPORT_TAKES_RESOLVERS,
    .mark = "# zone \"",
    .separator = "\": ",
    .write_head = write_head,
    .write_zone = write_zone,
};
