/* HAProxy with OpenSSL: one variable per zone, for the `curves` of your own server lines. */
#include "report/export/export_remark.h"
#include "report/export/export_text.h"

static void write_variable(const struct export_render *render, const char *zone,
                           const struct export_origin *origin, const struct export_choice *choice) {
    char name[EXPORT_VARIABLE_SIZE], host[EXPORT_VARIABLE_SIZE], groups[EXPORT_LIST_SIZE];
    fprintf(render->to, "    setenv ORIGINSCAN_%s", export_text_variable(zone, name));
    if (origin)
        fprintf(render->to, "_at_%s_port_%u", export_text_variable(origin->host, host),
                origin->port);
    fprintf(render->to, " \"%s\"\n",
            export_choice_openssl(choice, render->options->openssl, groups));
}

static void write_exception(const struct export_render *render, const struct export_zone *zone,
                            const struct export_origin *origin) {
    struct export_choice choice;
    if (!export_text_is_host(origin->host)) {
        export_remark_left_out(render, origin);
        return;
    }
    export_choice_origin(zone, origin, render->options, &render->options->format->target, &choice);
    export_remark_exception(render, origin, &choice, "    ");
    export_format_count(render, choice.level, choice.exact);
    if (choice.level != LEVEL_NONE)
        write_variable(render, zone->name, origin, &choice);
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    export_remark_zone(render, zone, choice);
    export_format_count(render, choice->level, choice->exact);
    if (choice->level != LEVEL_NONE)
        write_variable(render, zone->name, NULL, choice);
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (zone->origins[i].exception)
            write_exception(render, zone, &zone->origins[i]);
    }
}

static void write_head(const struct export_render *render) {
    fputs("# Load this file before your own, haproxy -f THIS -f haproxy.cfg, and name the variable "
          "of a zone, with the\n"
          "# quotation marks, in server lines of your own:\n"
          "#     server a a.example:443 ssl verify required ca-file @system-ca sni str(a.example) "
          "ssl-max-ver TLSv1.3 curves \"${ORIGINSCAN_SHOP}\"\n"
          "# A zone without a setting has no variable; \"${ORIGINSCAN_SHOP-X25519:P-256:P-384}\" "
          "says what to send then.\n"
          "global\n",
          render->to);
}

const struct export_format export_haproxy_env_format = {
    .name = "haproxy-env",
    .help = "one variable per zone, for server lines of your own",
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
    .zones_apart = true,
    .mark = "# zone \"",
    .separator = "\": ",
    .write_head = write_head,
    .write_zone = write_zone,
};
