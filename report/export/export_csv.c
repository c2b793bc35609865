/* A row a zone, and one for each origin with a setting of its own. */
#include "report/export/export_expect.h"
#include "report/export/export_settings.h"
#include "report/export/export_text.h"
#include "scanner/base/clock.h"

static void write_head(const struct export_render *render) {
    fputs("zone,origin,setting,variant,first_share,groups,reason,since,stage_percent,previous,"
          "not_after,provisional,days,n,failures,upper95,expected_hybrid,expected_retry,"
          "possible_hybrid,possible_retry,possible_setting,possible_variant,possible_share,"
          "held_back_by,held_back_reason\n",
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

/* Two columns, empty where the sum is NULL. */
static void write_sum(FILE *to, const struct candidate_sum *sum) {
    if (sum)
        fprintf(to, ",%.6g,%.6g", sum->hybrid, sum->retry);
    else
        fputs(",,", to);
}

static void write_exception(FILE *to, const struct export_zone *zone,
                            const struct export_origin *origin) {
    char endpoint[EXPORT_ENDPOINT_SIZE];
    struct candidate_sum alone;
    export_text_csv(to, zone->name);
    putc(',', to);
    export_text_csv(to, export_text_endpoint(origin->host, origin->port, endpoint));
    const struct zone_setting *setting = &origin->setting;
    write_setting(to, setting->level, recommend_variant(setting, false), setting->first_share,
                  setting->groups, setting->groups_n);
    fputs(",,,,,,,,,,", to);
    write_sum(to, export_expect_origin(origin, &alone) ? &alone : NULL);
    fputs(",,,,,,,\n", to);
}

static void write_possible(FILE *to, const struct export_expectation *expectation) {
    char name[GROUP_NAME_SIZE], endpoint[EXPORT_ENDPOINT_SIZE];
    const struct export_origin *origin = expectation->held_back_by;
    if (expectation->possible == CANDIDATE_NONE) {
        fputs(",,,,,,,", to);
        return;
    }
    struct candidate candidate = candidate_at(expectation->possible);
    const char *variant = candidate_variant(expectation->possible);
    write_sum(to, &expectation->possible_sum);
    fprintf(to, ",%s,%s,%s,", level_or_nothing(candidate.level), variant ? variant : "",
            candidate.share == GROUP_NONE ? "" : group_name(candidate.share, name));
    if (origin)
        export_text_csv(to, export_text_endpoint(origin->host, origin->port, endpoint));
    fprintf(to, ",%s", rule_reason_name(expectation->reason));
}

static void write_zone(const struct export_render *render, const struct export_zone *zone,
                       const struct export_choice *choice) {
    const struct recommendation *advice = &zone->advice;
    const char *variant = choice->level != LEVEL_PREFERRED ? NULL
                          : choice->dual                   ? "dual"
                                                           : "single";
    struct export_expectation expectation;
    char since[CLOCK_ISO_SIZE], until[CLOCK_ISO_SIZE];
    export_settings_count(render, zone, choice);
    export_text_csv(render->to, zone->name);
    putc(',', render->to);
    write_setting(render->to, choice->level, variant, export_choice_first_share(choice),
                  choice->groups, choice->groups_n);
    fprintf(render->to, ",%s,%s,%u,%s,%s,%d,%u,%u,%u,%.6g", rule_reason_name(advice->reason),
            time_or_nothing(advice->since_ms, since), advice->stage_percent,
            level_or_nothing(advice->previous.level), time_or_nothing(advice->not_after_ms, until),
            advice->provisional, advice->days, advice->trials, advice->failures, advice->upper95);
    export_expect_zone(zone, choice, &expectation);
    write_sum(render->to, expectation.sent == CANDIDATE_NONE ? NULL : &expectation.expected);
    write_possible(render->to, &expectation);
    putc('\n', render->to);
    for (size_t i = 0; i < zone->origins_n; i++) {
        if (zone->origins[i].exception)
            write_exception(render->to, zone, &zone->origins[i]);
    }
}

const struct export_format export_csv_format = {
    .name = "csv",
    .help = "one row per zone, and one per origin that has its own setting",
    .layout = EXPORT_TABLE,
    .told_columns = 0x33f, /* zone to groups, stage_percent and previous */
    .target = {.who = "CSV", .exact = true},
    .zones_apart = true,
    .write_head = write_head,
    .write_zone = write_zone,
};
