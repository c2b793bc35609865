/* Rolling origins up into a zone. */
#include "report/zone/zone_target.h"

#include <string.h>

/* The classical group that is sent first where nothing is known about the origins. */
static uint16_t usual_share(enum compliance compliance) {
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

/* The hybrid, the first share, then X25519, P-256 and P-384. P-521 only if it is the first share or
 * needed: a finished handshake with it costs ten times as much as with the others. */
struct zone_setting zone_target_setting(const struct rule_params *params,
                                        enum compliance compliance, enum rule_level level,
                                        uint16_t first_share, const bool needed[CLASSICAL_COUNT]) {
    struct zone_setting setting = {.level = level};
    if (level == LEVEL_NONE)
        return setting;
    if (level == LEVEL_PREFERRED)
        first_share = params->hybrid;
    else if (first_share == GROUP_NONE)
        first_share = usual_share(compliance);
    setting.first_share = first_share;
    if (level >= LEVEL_SUPPORTED)
        list_group(&setting, compliance, params->hybrid);
    list_group(&setting, compliance, first_share);
    list_group(&setting, compliance, GROUP_X25519);
    list_group(&setting, compliance, GROUP_P256);
    list_group(&setting, compliance, GROUP_P384);
    if (needed[CLASSICAL_P521])
        list_group(&setting, compliance, GROUP_P521);
    return setting;
}

bool zone_target_share_fails(const struct origin_advice *origin, enum classical_group which) {
    bool refused = false;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        refused = refused || origin->shares[i] == SHARE_FAILED;
    return origin->shares[which] == SHARE_FAILED ||
           (refused && origin->shares[which] == SHARE_UNKNOWN);
}

bool zone_target_off_fails(enum compliance compliance, const struct origin_advice *origin) {
    bool any = false;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        enum classical_group which = (enum classical_group)i;
        if (!compliance_allows(compliance, observation_classical_group(which)))
            continue;
        if (!zone_target_share_fails(origin, which))
            return false;
        any = true;
    }
    return any;
}

/* Weight of the origins that take the share without a retry, or -1 if any fails on it. */
static double share_weight(const struct zone_origin *origins, size_t origins_n, unsigned which) {
    double weight = 0;
    for (size_t i = 0; i < origins_n; i++) {
        if (!(origins[i].weight > 0))
            continue;
        if (zone_target_share_fails(origins[i].advice, (enum classical_group)which))
            return -1;
        if (origins[i].advice->shares[which] == SHARE_ACCEPTED)
            weight += origins[i].weight;
    }
    return weight;
}

/* GROUP_NONE if the origins fail on every share that is allowed. */
static uint16_t choose_classical_share(enum compliance compliance,
                                       const struct zone_origin *origins, size_t origins_n) {
    uint16_t best = GROUP_NONE;
    double best_weight = -1;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        uint16_t group = observation_classical_group((enum classical_group)i);
        if (!compliance_allows(compliance, group))
            continue;
        double weight = share_weight(origins, origins_n, i);
        if (weight > best_weight) {
            best = group;
            best_weight = weight;
        }
    }
    return best;
}

static bool share_is_confirmed(const struct zone_origin *origins, size_t origins_n,
                               uint16_t share) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (observation_classical_group((enum classical_group)i) != share)
            continue;
        for (size_t o = 0; o < origins_n; o++) {
            if (origins[o].weight > 0 && origins[o].advice->shares[i] != SHARE_ACCEPTED)
                return false;
        }
        return true;
    }
    return true; /* the hybrid: proven by every origin's level */
}

/* What the weighted origins have in common, before the filter. */
struct common {
    bool supported_ok;
    bool dual_ok;
    bool always_hybrid;
};

static void keep_worst_evidence(struct zone_target *out, const struct origin_advice *advice,
                                bool first) {
    if (!first && advice->upper95 <= out->upper95)
        return;
    out->days = advice->days;
    out->trials = advice->trials;
    out->failures = advice->failures;
    out->upper95 = advice->upper95;
}

static enum rule_level roll_up_origins(const struct zone_origin *origins, size_t origins_n,
                                       struct zone_target *out, struct common *common) {
    enum rule_level level = LEVEL_PREFERRED;
    *common = (struct common){true, true, true};
    for (size_t i = 0; i < origins_n; i++) {
        const struct origin_advice *advice = origins[i].advice;
        if (!(origins[i].weight > 0))
            continue;
        keep_worst_evidence(out, advice, out->origins == 0);
        if (out->origins == 0 || advice->level < level) {
            level = advice->level;
            out->limiting = i;
            out->reason = advice->reason;
        }
        if (out->origins == 0 || advice->not_after_ms < out->not_after_ms)
            out->not_after_ms = advice->not_after_ms;
        out->holds = out->holds && advice->holds;
        out->provisional = out->provisional || advice->provisional;
        out->measured = out->measured || advice->last_ms != 0;
        common->supported_ok = common->supported_ok && advice->supported_ok;
        common->dual_ok = common->dual_ok && advice->dual_ok;
        common->always_hybrid = common->always_hybrid && advice->always_hybrid;
        for (unsigned c = 0; c < CLASSICAL_COUNT; c++)
            out->needed[c] = out->needed[c] || advice->needed[c];
        out->origins++;
    }
    return out->origins > 0 ? level : LEVEL_NONE;
}

static enum rule_level filter_level(const struct rule_params *params, enum compliance compliance,
                                    enum rule_level level, const struct common *common) {
    bool falls_back = compliance_allows(compliance, GROUP_P256);
    if (!falls_back && !common->always_hybrid)
        return LEVEL_NONE; /* without classical groups the others' picks would break */
    while (level > LEVEL_NONE && !compliance_allows_level(compliance, params->hybrid, level))
        level--;
    return level;
}

void zone_target_choose(const struct rule_params *params, enum compliance compliance,
                        const struct zone_origin *origins, size_t origins_n,
                        struct zone_target *out) {
    memset(out, 0, sizeof *out);
    out->limiting = SIZE_MAX;
    out->holds = true;
    struct common common;
    enum rule_level level = roll_up_origins(origins, origins_n, out, &common);
    if (out->origins == 0)
        out->reason = REASON_NO_ORIGINS;
    if (level == LEVEL_SUPPORTED && !common.supported_ok) {
        level = LEVEL_OFF; /* one origin breaks on `supported`, another on `preferred` */
        out->reason = REASON_MIXED_ORIGINS;
    }
    enum rule_level filtered = filter_level(params, compliance, level, &common);
    uint16_t share = choose_classical_share(compliance, origins, origins_n);
    if (filtered != level)
        out->reason = REASON_COMPLIANCE;
    if (share == GROUP_NONE && (filtered == LEVEL_OFF || filtered == LEVEL_SUPPORTED)) {
        filtered = LEVEL_NONE;
        out->reason = REASON_MIXED_ORIGINS;
    }
    out->classical_share = share;
    out->off_fails =
        out->origins > 0 && share == GROUP_NONE && usual_share(compliance) != GROUP_NONE;
    out->supported_ok = common.supported_ok && out->origins > 0;
    out->always_hybrid = common.always_hybrid && out->origins > 0;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        out->share_fails[i] = share_weight(origins, origins_n, i) < 0;
    out->setting = zone_target_setting(params, compliance, filtered, share, out->needed);
    out->setting.dual_ok =
        filtered == LEVEL_PREFERRED && common.dual_ok && usual_share(compliance) != GROUP_NONE;
    out->setting.first_share_confirmed =
        filtered != LEVEL_NONE && share_is_confirmed(origins, origins_n, out->setting.first_share);
    if (filtered == LEVEL_NONE)
        out->not_after_ms = 0;
}

static bool is_possible(const struct rule_params *params, enum compliance compliance,
                        const struct zone_target *target, const bool deny[LEVEL_COUNT],
                        enum rule_level level) {
    if (!compliance_allows_level(compliance, params->hybrid, level))
        return false;
    if (level == LEVEL_NONE)
        return true;
    if (level < LEVEL_PREFERRED && target->classical_share == GROUP_NONE)
        return false;
    if (level == LEVEL_SUPPORTED && !target->supported_ok)
        return false;
    return level == LEVEL_OFF || !deny[level];
}

struct zone_setting zone_target_at_most(const struct rule_params *params,
                                        enum compliance compliance,
                                        const struct zone_target *target,
                                        const bool deny[LEVEL_COUNT], enum rule_level level) {
    if (level > target->setting.level)
        level = target->setting.level;
    while (!is_possible(params, compliance, target, deny, level))
        level--;
    if (level == target->setting.level)
        return target->setting;
    return zone_target_setting(params, compliance, level, target->classical_share, target->needed);
}

bool zone_target_complies(const struct zone_setting *setting, enum compliance compliance) {
    for (unsigned i = 0; i < setting->groups_n; i++) {
        if (!compliance_allows(compliance, setting->groups[i]))
            return false;
    }
    return true;
}
