/* Making settings. */
#include "report/zone/zone_setting.h"

/* The classical group that is sent first where nothing is known about the origins. */
uint16_t zone_setting_usual_share(enum compliance compliance) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        uint16_t group = observation_classical_group((enum classical_group)i);
        if (compliance_allows(compliance, group))
            return group;
    }
    return GROUP_NONE;
}

static void list_group(struct zone_setting *setting, enum compliance compliance, uint16_t group) {
    if (group == GROUP_NONE || !compliance_allows(compliance, group))
        return;
    for (unsigned i = 0; i < setting->groups_n; i++) {
        if (setting->groups[i] == group)
            return;
    }
    setting->groups[setting->groups_n++] = group;
}

/* The hybrid, the classical share, then X25519, P-256 and P-384. P-521 only if its share is sent or
 * it is needed: a finished handshake with it costs ten times as much as with the others. */
struct zone_setting zone_setting_make(const struct rule_params *params, enum compliance compliance,
                                      enum rule_level level, uint16_t classical_share,
                                      const bool needed[CLASSICAL_COUNT]) {
    struct zone_setting setting = {.level = level};
    if (level == LEVEL_NONE)
        return setting;
    if (level == LEVEL_PREFERRED) {
        setting.first_share = params->hybrid;
        setting.dual_share = classical_share;
    } else {
        setting.first_share =
            classical_share != GROUP_NONE ? classical_share : zone_setting_usual_share(compliance);
    }
    if (level >= LEVEL_SUPPORTED)
        list_group(&setting, compliance, params->hybrid);
    list_group(&setting, compliance,
               level == LEVEL_PREFERRED ? setting.dual_share : setting.first_share);
    list_group(&setting, compliance, GROUP_X25519);
    list_group(&setting, compliance, GROUP_P256);
    list_group(&setting, compliance, GROUP_P384);
    if (needed[CLASSICAL_P521])
        list_group(&setting, compliance, GROUP_P521);
    return setting;
}

unsigned zone_setting_candidate(const struct zone_setting *setting) {
    if (setting->level == LEVEL_NONE)
        return CANDIDATE_NONE;
    return candidate_find(setting->level, setting->level == LEVEL_PREFERRED ? setting->dual_share
                                                                            : setting->first_share);
}

bool zone_setting_allows(enum compliance compliance, uint16_t hybrid, unsigned which) {
    struct candidate candidate = candidate_at(which);
    if (!compliance_allows_level(compliance, hybrid, candidate.level))
        return false;
    return candidate.share == GROUP_NONE || compliance_allows(compliance, candidate.share);
}

bool zone_setting_complies(const struct zone_setting *setting, enum compliance compliance) {
    for (unsigned i = 0; i < setting->groups_n; i++) {
        if (!compliance_allows(compliance, setting->groups[i]))
            return false;
    }
    return true;
}
