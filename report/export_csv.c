/* A row a zone, and one for each origin with a setting of its own. */
#include "report/export_format.h"
#include "report/export_text.h"
#include "scanner/base/clock.h"

#include <stdlib.h>

static void begin(const struct export_render *render) {
    fputs("zone,origin,setting,variant,first_share,groups,reason,since,stage_percent,previous,"
          "not_after,provisional,days,n,failures,upper95\n",
          render->to);
}

static const char *level(enum rule_level value) {
    return value == LEVEL_NONE ? "" : rule_level_name(value);
}

static const char *iso(int64_t ms, char out[CLOCK_ISO_SIZE]) {
    return ms ? clock_iso(ms, out) : "";
}

static void put_setting(FILE *to, const struct zone_setting *setting, const char *variant) {
    char name[GROUP_NAME_SIZE];
    bool known = setting->first_share != GROUP_NONE;
    fprintf(to, ",%s,%s,%s,", level(setting->level), variant ? variant : "",
            known ? group_name(setting->first_share, name) : "");
    for (unsigned i = 0; i < setting->groups_n; i++)
        fprintf(to, "%s%s", i ? " " : "", group_name(setting->groups[i], name));
}

static void put_exception(FILE *to, const struct export_zone *zone,
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
    put_setting(to, &origin->setting, recommend_variant(&origin->setting, false));
    fputs(",,,,,,,,,,\n", to);
    free(endpoint);
}

static void zone(const struct export_render *render, const struct export_zone *zone,
                 const struct export_choice *choice) {
    const struct recommendation *advice = &zone->advice;
    struct zone_setting lapsed = {.level = LEVEL_NONE};
    const struct zone_setting *setting = choice->level == LEVEL_NONE ? &lapsed : &advice->setting;
    char since[CLOCK_ISO_SIZE], until[CLOCK_ISO_SIZE];
    export_text_csv(render->to, zone->name);
    putc(',', render->to);
    put_setting(render->to, setting, recommend_variant(setting, choice->dual));
    fprintf(render->to, ",%s,%s,%u,%s,%s,%d,%u,%u,%u,%.6g\n", rule_reason_name(advice->reason),
            iso(advice->since_ms, since), advice->stage_percent, level(advice->previous.level),
            iso(advice->not_after_ms, until), advice->provisional, advice->days, advice->trials,
            advice->failures, advice->upper95);
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (zone->origins[i].exception)
            put_exception(render->to, zone, &zone->origins[i]);
    }
}

const struct export_format export_csv_format = {
    .name = "csv",
    .help = "a row a zone, and one for each origin that has its own setting",
    .layout = EXPORT_TABLE,
    .target = {.who = "CSV", .exact = true},
    .begin = begin,
    .zone = zone,
};
