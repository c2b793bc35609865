/* Apache Traffic Server: one setting for the whole process, which must suit every zone. */
#include "report/export/export_common.h"
#include "report/export/export_remark.h"

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    export_remark_zone(render, zone, choice);
    export_remark_exceptions(render, zone);
    export_common_add(render->state, zone, render->options, choice);
}

/* One setting is written; it is what is recommended if each zone has it by itself. */
static void write_tail(const struct export_render *render) {
    const struct export_common *common = render->state;
    struct export_choice choice;
    char text[EXPORT_REMARK_SETTING_SIZE], groups[EXPORT_LIST_SIZE];
    if (common->zones == 0)
        return;
    bool exact;
    struct zone_setting setting =
        export_common_setting(common, render->options, &export_ats_format.target, &exact);
    if (setting.level == LEVEL_NONE) {
        export_format_count(render, LEVEL_NONE, false);
        fputs("\n# No setting suits all of these zones: none is written.\n", render->to);
        return;
    }
    export_choice_setting_of(&setting, common->compliance, render->options,
                             &export_ats_format.target, &choice);
    export_format_count(render, choice.level, exact && choice.exact);
    fprintf(render->to, "\n# For all of these zones together: %s\n",
            export_remark_setting(&choice, text));
    if (choice.note[0])
        fprintf(render->to, "#   note: %s\n", choice.note);
    if (choice.level == LEVEL_NONE)
        return;
    export_choice_openssl(&choice, render->options->openssl, groups);
    if (render->options->ats < 10)
        fprintf(render->to,
                "CONFIG proxy.config.ssl.client.TLSv1_3 INT 1\n"
                "CONFIG proxy.config.ssl.client.groups_list STRING %s\n",
                groups);
    else
        fprintf(render->to,
                "records:\n  ssl:\n    client:\n      TLSv1_3:\n        enabled: 1\n"
                "      groups_list: \"%s\"\n",
                groups);
}

static void write_head(const struct export_render *render) {
    fprintf(render->to,
            "# For %s. Traffic Server has one list of groups for all origins, read at start-up: "
            "the most\n# careful zone decides. Export the zones of one server with "
            "--zone.\n",
            render->options->ats < 10 ? "records.config" : "records.yaml");
}

/* ssl.client.groups_list came with 9.0, records.yaml with 10.0. */
static const char *find_oldest_ats(const struct export_options *options) {
    bool yaml = options->ats >= 10;
    if (options->openssl == EXPORT_OPENSSL_30)
        return yaml ? "Traffic Server 10.0 with OpenSSL 1.1.1"
                    : "Traffic Server 9.0 with OpenSSL 1.1.1";
    return yaml ? "Traffic Server 10.0 with OpenSSL 3.5" : "Traffic Server 9.0 with OpenSSL 3.5";
}

const struct export_format export_ats_format = {
    .name = "ats",
    .help = "Apache Traffic Server: one setting for all zones",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .oldest = find_oldest_ats,
    .state_size = sizeof(struct export_common),
    .target = {.who = "Traffic Server with this OpenSSL",
               .library = EXPORT_NAMES_OPENSSL,
               .supported = true,
               .single = true,
               .dual = true,
               .any_dual = true},
    .mark = "# zone \"",
    .separator = "\": ",
    .write_head = write_head,
    .write_zone = write_zone,
    .write_tail = write_tail,
};
