/* Adding zones up to one setting. */
#include "report/export/export_common.h"

#include <string.h>

/* `fips` and `pqh` together are `pqh+fips`; both filters are bits in effect. */
static enum compliance join_filters(enum compliance a, enum compliance b) {
    if (a == b || b == COMPLIANCE_NONE)
        return a;
    return a == COMPLIANCE_NONE ? b : COMPLIANCE_PQH_FIPS;
}

/* What one zone alone would list has to stay in the list of all. */
static void keep_listed(struct export_common *common, const struct export_choice *choice) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        uint16_t group = observation_classical_group((enum classical_group)i);
        for (unsigned g = 0; g < choice->groups_n; g++)
            common->needed[i] = common->needed[i] || choice->groups[g] == group;
    }
}

/* Whether a zone has what its evidence allows: no lever, ramp, rollback or brake holds it. Then its
 * setting is lower than another one for want of a gain alone. */
static bool has_its_choice(const struct export_zone *zone, const struct zone_setting *setting,
                           int64_t now_ms) {
    return !zone->kept && now_ms >= zone->advice.held_until_ms &&
           zone->advice.stage_percent >= ZONE_WHOLE && zone->advice.reason != REASON_OPERATOR_PIN &&
           setting->level != LEVEL_NONE && zone_setting_candidate(setting) == zone->target->chosen;
}

static bool takes_candidate(const struct export_zone *zone, const struct zone_setting *setting,
                            unsigned which, int64_t now_ms) {
    enum rule_level level = candidate_at(which).level;
    if (zone_setting_candidate(setting) == which)
        return zone->advice.reason == REASON_OPERATOR_PIN || !zone->target->divided;
    if (!zone->target->candidates[which].tolerated || zone->target->divided ||
        zone->advice.reason == REASON_OPERATOR_PIN)
        return false;
    if (level > LEVEL_OFF && zone->deny[level])
        return false;
    return level <= setting->level || has_its_choice(zone, setting, now_ms);
}

static double weight_of(const struct export_zone *zone) {
    double weight = 0;
    for (size_t i = 0; i < zone->origins_n; i++)
        weight += zone->origins[i].weight > 0 ? zone->origins[i].weight : 0;
    return weight;
}

void export_common_add(struct export_common *common, const struct export_zone *zone,
                       const struct export_options *options, const struct export_choice *choice) {
    struct zone_place at = export_choice_place(zone, options);
    struct zone_setting setting = zone_place_written(&at);
    double weight = weight_of(zone);
    common->zones++;
    common->hybrid = zone->params->hybrid;
    common->retry_price = zone->params->retry_price;
    common->none = common->none || choice->level == LEVEL_NONE;
    common->not_alone =
        common->not_alone || (compliance_falls_back(zone->compliance) && !zone->always_hybrid);
    common->compliance = join_filters(common->compliance, zone->compliance);
    keep_listed(common, choice);
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        const struct candidate_sum *sum = &zone->target->candidates[which].sum;
        common->barred[which] =
            common->barred[which] || !takes_candidate(zone, &setting, which, options->now_ms);
        common->sums[which].hybrid += weight * sum->hybrid;
        common->sums[which].retry += weight * sum->retry;
        common->sums[which].missed += weight * sum->missed;
        common->exact[which] += choice->exact && zone_setting_candidate(&setting) == which;
    }
    common->weight += weight;
}

struct zone_setting export_common_setting(const struct export_common *common,
                                          const struct export_options *options,
                                          const struct export_target *target, bool *exact) {
    struct export_target_filter filter = export_choice_filter(target, options, common->hybrid);
    const struct zone_setting none = {.level = LEVEL_NONE};
    unsigned best = CANDIDATE_NONE;
    *exact = false;
    if (common->none || (!compliance_falls_back(common->compliance) && common->not_alone))
        return none;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        if (common->barred[which] || !export_target_says(&filter, which) ||
            !zone_setting_allows(common->compliance, common->hybrid, which))
            continue;
        if (best == CANDIDATE_NONE || candidate_is_better(which, &common->sums[which], best,
                                                          &common->sums[best], common->retry_price))
            best = which;
    }
    if (best == CANDIDATE_NONE)
        return none;
    *exact = common->exact[best] == common->zones;
    struct candidate candidate = candidate_at(best);
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    params.hybrid = common->hybrid;
    return zone_setting_make(&params, common->compliance, candidate.level, candidate.share,
                             common->needed);
}
