/* A row a zone, and one for each origin with a setting of its own. */
#include "report/export/export_settings.h"
#include "report/export/export_text.h"
#include "scanner/base/clock.h"

#include <stdlib.h>

static void write_head(const struct export_render *render) {
    fputs("zone,origin,setting,variant,first_share,groups,reason,since,stage_percent,previous,"
          "not_after,provisional,days,n,failures,upper95\n",
          render->to);
}

static const char *level_or_nothing(enum rule_level value) {
    return value == LEVEL_NONE ? "" : rule_level_name(value);
}

static const char *time_or_nothing(int64_t ms, char out[CLOCK_ISO_SIZE]) {
    return ms ? clock_iso(ms, out) : "";
}

static void write_setting(FILE *to, enum rule_level written, const char *variant,
                          uint16_t first_share, const uint16_t *groups, unsigned groups_n) {
    char name[GROUP_NAME_SIZE];
    bool known = first_share != GROUP_NONE;
    fprintf(to, ",%s,%s,%s,", level_or_nothing(written), variant ? variant : "",
            known ? group_name(first_share, name) : "");
    for (unsigned i = 0; i < groups_n; i++)
        fprintf(to, "%s%s", i ? " " : "", group_name(groups[i], name));
}

static void write_exception(FILE *to, const struct export_zone *zone,
                            const struct export_origin *origin) {
    char port[16];
    char *endpoint = NULL;
    size_t n = 0;
    snprintf(port, sizeof port, ":%u", origin->port);
    FILE *text = open_memstream(&endpoint, &n);
    bool v6 = export_text_is_ipv6(origin->host);
    fprintf(text, "%s%s%s%s", v6 ? "[" : "", origin->host, v6 ? "]" : "", port);
    fclose(text);
    export_text_csv(to, zone->name);
    putc(',', to);
    export_text_csv(to, endpoint);
    const struct zone_setting *setting = &origin->setting;
    write_setting(to, setting->level, recommend_variant(setting, false), setting->first_share,
                  setting->groups, setting->groups_n);
    fputs(",,,,,,,,,,\n", to);
    free(endpoint);
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    const struct recommendation *advice = &zone->advice;
    const char *variant = choice->level != LEVEL_PREFERRED ? NULL
                          : choice->dual                   ? "dual"
                                                           : "single";
    char since[CLOCK_ISO_SIZE], until[CLOCK_ISO_SIZE];
    export_settings_count(render, zone, choice);
    export_text_csv(render->to, zone->name);
    putc(',', render->to);
    write_setting(render->to, choice->level, variant, export_choice_first_share(choice),
                  choice->groups, choice->groups_n);
    fprintf(render->to, ",%s,%s,%u,%s,%s,%d,%u,%u,%u,%.6g\n", rule_reason_name(advice->reason),
            time_or_nothing(advice->since_ms, since), advice->stage_percent,
            level_or_nothing(advice->previous.level), time_or_nothing(advice->not_after_ms, until),
            advice->provisional, advice->days, advice->trials, advice->failures, advice->upper95);
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (zone->origins[i].exception)
            write_exception(render->to, zone, &zone->origins[i]);
    }
}

const struct export_format export_csv_format = {
    .name = "csv",
    .help = "a row a zone, and one for each origin that has its own setting",
    .layout = EXPORT_TABLE,
    .target = {.who = "CSV", .exact = true},
    .write_head = write_head,
    .write_zone = write_zone,
};
