/* Adding zones up to one setting. */
#include "report/export/export_common.h"

/* `fips` and `pqh` together are `pqh+fips`; both filters are bits in effect. */
static enum compliance join_filters(enum compliance a, enum compliance b) {
    if (a == b || b == COMPLIANCE_NONE)
        return a;
    return a == COMPLIANCE_NONE ? b : COMPLIANCE_PQH_FIPS;
}

static bool falls_back(enum compliance compliance) {
    return compliance_allows(compliance, GROUP_P256);
}

static void count_first_share(struct export_common *common, uint16_t group) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        common->firsts[i] += observation_classical_group((enum classical_group)i) == group;
}

/* What one zone alone would list has to stay in the list of all. */
static void keep_listed(struct export_common *common, const struct export_choice *choice) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        uint16_t group = observation_classical_group((enum classical_group)i);
        for (unsigned g = 0; g < choice->groups_n; g++)
            common->needed[i] = common->needed[i] || choice->groups[g] == group;
    }
}

void export_common_add(struct export_common *common, const struct export_zone *zone,
                       const struct export_options *options, const struct export_choice *choice) {
    struct zone_setting setting = export_choice_setting(zone, options);
    bool preferred = setting.level == LEVEL_PREFERRED;
    if (common->zones++ == 0)
        *common = (struct export_common){.zones = 1, .level = LEVEL_PREFERRED, .dual = true};
    if (choice->level < common->level)
        common->level = choice->level;
    common->exact[choice->level] += choice->exact;
    common->dual = common->dual && choice->dual;
    common->not_supported = common->not_supported || (preferred && !zone->supported_ok);
    common->not_alone = common->not_alone || (falls_back(zone->compliance) && !zone->always_hybrid);
    common->off_fails = common->off_fails || zone->off_fails;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        common->share_fails[i] = common->share_fails[i] || zone->share_fails[i];
    keep_listed(common, choice);
    common->compliance = join_filters(common->compliance, zone->compliance);
    if (setting.level >= LEVEL_SUPPORTED)
        common->hybrid = setting.groups[0];
    count_first_share(common,
                      preferred ? zone->classical_share : export_choice_first_share(choice));
}

/* The one that suits most zones, of those that no zone fails on; GROUP_NONE if there is none. */
static uint16_t classical_share(const struct export_common *common) {
    uint16_t best = GROUP_NONE;
    uint64_t most = 0;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        uint16_t group = observation_classical_group((enum classical_group)i);
        if (common->share_fails[i] || !compliance_allows(common->compliance, group))
            continue;
        if (best == GROUP_NONE || common->firsts[i] > most) {
            best = group;
            most = common->firsts[i];
        }
    }
    return best;
}

struct zone_setting export_common_setting(const struct export_common *common) {
    struct zone_setting none = {.level = LEVEL_NONE};
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    if (common->hybrid != GROUP_NONE)
        params.hybrid = common->hybrid;
    enum rule_level level = common->level;
    if (level == LEVEL_SUPPORTED && common->not_supported)
        level = LEVEL_OFF;
    uint16_t first = classical_share(common);
    if (level < LEVEL_PREFERRED && (first == GROUP_NONE || common->off_fails))
        return none;
    if (!falls_back(common->compliance) && common->not_alone)
        return none;
    if (!compliance_allows_level(common->compliance, params.hybrid, level))
        return none;
    struct zone_setting setting =
        zone_target_setting(&params, common->compliance, level, first, common->needed);
    setting.dual_ok = common->dual && level == LEVEL_PREFERRED;
    return setting;
}
