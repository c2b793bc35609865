/* OpenSSL: a section of openssl.cnf a zone, for programs that read their client settings there. */
#include "report/export_remark.h"
#include "report/export_text.h"

static void put_section(const struct export_render *render, const char *name,
                        const struct export_choice *choice) {
    char slug[EXPORT_SLUG_SIZE], groups[EXPORT_LIST_SIZE];
    fprintf(render->to,
            "[originscan_%s]\nMinProtocol = TLSv1.2\nMaxProtocol = TLSv1.3\nGroups = %s\n",
            export_text_slug(name, slug),
            export_choice_openssl(choice, render->options->openssl, groups));
}

static void put_exception(const struct export_render *render, const struct export_zone *zone,
                          const struct export_origin *origin) {
    struct export_choice choice;
    char setting[EXPORT_REMARK_SETTING_SIZE], endpoint[EXPORT_ENDPOINT_SIZE];
    if (!export_text_is_host(origin->host)) {
        export_remark_left_out(render, origin);
        return;
    }
    export_choice_origin(zone, origin, render->options, &render->options->format->target, &choice);
    export_text_endpoint(origin->host, origin->port, endpoint);
    fprintf(render->to, "# an exception of the zone, %s: %s%s%s\n", endpoint,
            export_remark_setting(&choice, setting), choice.note[0] ? "; " : "", choice.note);
    if (choice.level != LEVEL_NONE)
        put_section(render, endpoint, &choice);
}

static void zone(const struct export_render *render, const struct export_zone *zone,
                 const struct export_choice *choice) {
    export_remark_zone(render, zone, choice);
    if (choice->level != LEVEL_NONE)
        put_section(render, zone->name, choice);
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (zone->origins[i].exception)
            put_exception(render, zone, &zone->origins[i]);
    }
}

static void begin(const struct export_render *render) {
    fputs(
        "# Sections for openssl.cnf: name one as system_default of the ssl_conf section (it holds "
        "for the whole\n# process), or give a program its Groups string.\n",
        render->to);
}

const struct export_format export_openssl_format = {
    .name = "openssl",
    .help = "a section of openssl.cnf with the group string of each zone",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .target = {.who = "this OpenSSL",
               .library = EXPORT_NAMES_OPENSSL,
               .supported = true,
               .single = true,
               .dual = true},
    .mark = "# zone \"",
    .separator = "\": ",
    .begin = begin,
    .zone = zone,
};
