/* Caddy: a snippet a zone, and one an exception, to be imported into a reverse_proxy. */
#include "report/export/export_remark.h"
#include "report/export/export_text.h"

/* Caddy verifies with the system's CAs unless it is told otherwise. */
static void write_trust(const struct export_render *render) {
    const struct export_origin_tls *tls = &render->options->tls;
    if (!export_origin_tls_verifies(tls, true))
        fputs("\t\ttls_insecure_skip_verify\n", render->to);
    else if (tls->ca_file)
        fprintf(render->to, "\t\ttls_trust_pool file %s\n", tls->ca_file);
    if (tls->client_cert)
        fprintf(render->to, "\t\ttls_client_auth %s %s\n", tls->client_cert,
                tls->client_key ? tls->client_key : tls->client_cert);
}

static void write_snippet(const struct export_render *render, const char *name,
                          const struct export_choice *choice) {
    char slug[EXPORT_SLUG_SIZE], groups[EXPORT_LIST_SIZE];
    fprintf(render->to, "(originscan_%s) {\n\ttransport http {\n\t\ttls\n\t\ttls_curves %s\n",
            export_text_slug(name, slug), export_choice_list(choice, EXPORT_NAMES_GO, " ", groups));
    write_trust(render);
    fputs("\t}\n}\n", render->to);
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    export_remark_each(render, zone, choice, write_snippet);
}

static void write_head(const struct export_render *render) {
    fputs("# Import this file at the top of the Caddyfile, and each snippet by name inside the "
          "reverse_proxy\n# of its zone. Go always enables TLS 1.3. A build whose `go version -m` "
          "shows tlsmlkem=0, such as\n# Debian's, sends the hybrid only with "
          "GODEBUG=tlsmlkem=1.\n",
          render->to);
}

/* tls_curves came with 2.8, the hybrid with the Go of 2.10. */
static const char *find_oldest_caddy(const struct export_options *options) {
    (void)options;
    return "Caddy 2.8, and 2.10 for the hybrid";
}

const struct export_format export_caddy_format = {
    .name = "caddy",
    .help = "one snippet per zone, to import in reverse_proxy",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .oldest = find_oldest_caddy,
    .target = {.who = "Caddy",
               .library = EXPORT_NAMES_GO,
               .dual = true,
               .own_line = true,
               .share = EXPORT_SHARE_FIXED_ORDER},
    .takes = EXPORT_TAKES_TLS | EXPORT_TAKES_CLIENT_KEY,
    .zones_apart = true,
    .mark = "# zone \"",
    .separator = "\": ",
    .write_head = write_head,
    .write_zone = write_zone,
};
