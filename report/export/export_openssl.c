/* OpenSSL: one section of openssl.cnf per zone, for programs that read their settings there. */
#include "report/export/export_remark.h"
#include "report/export/export_text.h"

static void write_section(const struct export_render *render, const char *name,
                          const struct export_choice *choice) {
    char slug[EXPORT_SLUG_SIZE], groups[EXPORT_LIST_SIZE];
    fprintf(render->to,
            "[originscan_%s]\nMinProtocol = TLSv1.2\nMaxProtocol = TLSv1.3\nGroups = %s\n",
            export_text_slug(name, slug),
            export_choice_openssl(choice, render->options->openssl, groups));
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    export_remark_each(render, zone, choice, write_section);
}

static void write_head(const struct export_render *render) {
    fputs("# Sections for openssl.cnf: name one as system_default in the ssl_conf section (it "
          "applies to the\n# whole process), or pass its Groups string to a program.\n",
          render->to);
}

static const char *find_oldest_openssl(const struct export_options *options) {
    return options->openssl == EXPORT_OPENSSL_30 ? "OpenSSL 1.1.1" : "OpenSSL 3.5";
}

const struct export_format export_openssl_format = {
    .name = "openssl",
    .help = "a section of openssl.cnf with the group string of each zone",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .oldest = find_oldest_openssl,
    .target = {.who = "this OpenSSL",
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
