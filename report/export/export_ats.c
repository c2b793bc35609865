/* Apache Traffic Server: one setting for the whole process, which must suit every zone. */
#include "report/export/export_remark.h"

/* What the zones so far have in common. */
struct common {
    uint64_t zones;
    enum rule_level level;
    bool dual;
    bool only_preferred; /* some zone breaks on `supported` */
    bool below_preferred;
    enum compliance compliance; /* the strictest two add up */
    uint16_t hybrid;
    uint64_t firsts[CLASSICAL_COUNT]; /* zones by best classical first share */
};

/* `fips` and `pqh` together are `pqh+fips`; both filters are bits in effect. */
static enum compliance both(enum compliance a, enum compliance b) {
    if (a == b || b == COMPLIANCE_NONE)
        return a;
    return a == COMPLIANCE_NONE ? b : COMPLIANCE_PQH_FIPS;
}

static void count_first(struct common *common, uint16_t group) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (observation_classical_group((enum classical)i) == group)
            common->firsts[i]++;
    }
}

static void zone(const struct export_render *render, const struct export_zone *zone,
                 const struct export_choice *choice) {
    struct common *common = render->state;
    struct zone_setting setting = export_choice_setting(zone, render->options);
    export_remark_zone(render, zone, choice);
    export_remark_exceptions(render, zone);
    if (common->zones++ == 0)
        *common = (struct common){.zones = 1, .level = LEVEL_PREFERRED, .dual = true};
    if (choice->level < common->level)
        common->level = choice->level;
    common->dual = common->dual && choice->dual;
    common->only_preferred =
        common->only_preferred || zone->advice.reason == REASON_ONLY_PREFERRED_WORKS;
    common->compliance = both(common->compliance, zone->compliance);
    if (setting.level >= LEVEL_SUPPORTED)
        common->hybrid = setting.groups[0];
    count_first(common, setting.level == LEVEL_PREFERRED ? zone->classical_share
                                                         : export_choice_first_share(choice));
}

static struct zone_setting settle(const struct common *common) {
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    if (common->hybrid != GROUP_NONE)
        params.hybrid = common->hybrid;
    unsigned best = 0;
    for (unsigned i = 1; i < CLASSICAL_COUNT; i++) {
        if (common->firsts[i] > common->firsts[best])
            best = i;
    }
    enum rule_level level = common->level;
    if (level == LEVEL_SUPPORTED && common->only_preferred)
        level = LEVEL_OFF;
    uint16_t first =
        common->firsts[best] ? observation_classical_group((enum classical)best) : GROUP_NONE;
    struct zone_setting setting = zone_target_setting(&params, common->compliance, level, first);
    setting.dual_ok = common->dual;
    return setting;
}

static void end(const struct export_render *render) {
    const struct common *common = render->state;
    struct export_choice choice;
    char text[EXPORT_REMARK_SETTING_SIZE], groups[EXPORT_LIST_SIZE];
    if (common->zones == 0)
        return;
    struct zone_setting setting = settle(common);
    if (setting.groups_n == 0) {
        export_format_count(render, LEVEL_NONE, false);
        fputs("\n# No setting complies with what all of these zones ask for: none is written.\n",
              render->to);
        return;
    }
    export_choice_setting_of(&setting, common->compliance, render->options,
                             &export_ats_format.target, &choice);
    export_format_count(render, choice.level, choice.exact);
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

static void begin(const struct export_render *render) {
    fprintf(render->to,
            "# For %s. Traffic Server has one list of groups for all origins, read at its start: "
            "the most\n# careful of its zones decides. Export the zones of one server with "
            "--zone.\n",
            render->options->ats < 10 ? "records.config" : "records.yaml");
}

const struct export_format export_ats_format = {
    .name = "ats",
    .help = "Apache Traffic Server: one setting for all zones",
    .layout = EXPORT_COMMENTS,
    .comment = "#",
    .state_size = sizeof(struct common),
    .target = {.who = "Traffic Server with this OpenSSL",
               .library = EXPORT_NAMES_OPENSSL,
               .supported = true,
               .single = true,
               .dual = true},
    .mark = "# zone \"",
    .separator = "\": ",
    .begin = begin,
    .zone = zone,
    .end = end,
};
