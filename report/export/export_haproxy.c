/* HAProxy with OpenSSL: one backend per zone, one server line per origin, with curves of its own. */
#include "report/export/export_origin.h"
#include "report/export/export_remark.h"
#include "report/export/export_text.h"

/* HAProxy's weights are whole numbers up to 256. */
static unsigned weight_of(const struct export_zone *zone, const struct export_origin *origin) {
    double most = 0;
    for (size_t i = 0; i < zone->origins_n; i++)
        most = zone->origins[i].weight > most ? zone->origins[i].weight : most;
    if (!(origin->weight > 0))
        return 0;
    unsigned weight = (unsigned)(origin->weight / most * 256 + 0.5);
    return weight ? weight : 1;
}

/* HAProxy verifies unless it is told not to: so does the export. */
static void write_trust(const struct export_render *render, const struct export_origin *origin) {
    const struct export_origin_tls *tls = &render->options->tls;
    bool verifies = export_origin_tls_verifies(tls, true);
    if (verifies)
        fprintf(render->to, " verify required ca-file %s",
                tls->ca_file ? tls->ca_file : "@system-ca");
    else
        fputs(" verify none", render->to);
    if (tls->client_cert)
        fprintf(render->to, " crt %s", tls->client_cert);
    if (!export_text_is_host(origin->sni))
        return;
    fprintf(render->to, " sni str(%s)", origin->sni);
    if (verifies)
        fprintf(render->to, " verifyhost %s", origin->sni);
    if (tls->checks)
        fprintf(render->to, " check-sni %s", origin->sni);
}

static void write_server(const struct export_render *render, const struct export_zone *zone,
                         size_t which) {
    const struct export_origin *origin = &zone->origins[which];
    const struct export_format *format = render->options->format;
    if (!export_origin_is_sound(origin)) {
        export_remark_left_out(render, origin);
        return;
    }
    struct export_choice choice;
    char groups[EXPORT_LIST_SIZE], endpoint[EXPORT_ENDPOINT_SIZE];
    export_choice_origin(zone, origin, render->options, &format->target, &choice);
    if (origin->exception)
        export_remark_exception(render, origin, &choice, "    ");
    export_format_count(render, choice.level, choice.exact);
    if (choice.level == LEVEL_NONE)
        return;
    fprintf(render->to, "    server o%zu %s ssl", which + 1,
            export_text_endpoint(export_origin_dialled(origin), origin->port, endpoint));
    write_trust(render, origin);
    fprintf(render->to,
            " ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3 curves %s weight %u"
            " init-addr last,libc,none%s",
            export_choice_openssl(&choice, render->options->openssl, groups),
            weight_of(zone, origin), render->options->tls.checks ? " check" : "");
    if (render->options->tls.resolvers && !origin->address[0])
        fprintf(render->to, " resolvers %s", render->options->tls.resolvers);
    putc('\n', render->to);
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    char slug[EXPORT_SLUG_SIZE];
    export_remark_zone(render, zone, choice);
    if (choice->level == LEVEL_NONE) {
        export_format_count(render, LEVEL_NONE, choice->exact);
        return;
    }
    fprintf(render->to, "backend originscan_%s\n", export_text_slug(zone->name, slug));
    for (size_t i = 0; i < zone->origins_n; i++)
        write_server(render, zone, i);
}

static void write_head(const struct export_render *render) {
    fputs("# Add this file with another -f after your own; its `defaults` apply here. Use the "
          "backends, "
          "or copy the\n# part from `ssl-min-ver` to `curves` into server lines of your own.\n",
          render->to);
}

const char *export_haproxy_oldest(const struct export_options *options) {
    return options->openssl == EXPORT_OPENSSL_30 ? "HAProxy 2.9 with OpenSSL 1.1.1"
                                                 : "HAProxy 2.9 with OpenSSL 3.5";
}

const struct export_format export_haproxy_format = {
    .name = "haproxy",
    .help = "one backend per zone, one server line per origin",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .oldest = export_haproxy_oldest,
    .target = {.who = "HAProxy with this OpenSSL",
               .library = EXPORT_NAMES_OPENSSL,
               .supported = true,
               .single = true,
               .dual = true,
               .any_dual = true,
               .own_line = true},
    .takes = EXPORT_TAKES_TLS | EXPORT_TAKES_CHECKS | EXPORT_TAKES_RESOLVERS,
    .zones_apart = true,
    .mark = "# zone \"",
    .separator = "\": ",
    .write_head = write_head,
    .write_zone = write_zone,
};
