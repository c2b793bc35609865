/* What the rule's profile `fast` makes of a single visit, and of a single scan. */
#include "report/zone/recommend.h"

#include "report/rule/advise.h"
#include "report/rule/observe.h"
#include "report/rule/safe_level.h"
#include "scanner/base/alloc.h"

#include <stddef.h>
#include <stdlib.h>

struct recommendation recommend_visit(const struct observation *visit, uint16_t hybrid,
                                      enum compliance compliance) {
    struct rule_params params;
    rule_params_init(&params, PROFILE_FAST);
    params.hybrid = hybrid;
    struct origin_state origin;
    origin_rule_init(&origin);
    origin_rule_step(&origin, &params, visit);
    struct origin_advice advice;
    advise_origin(&origin, &params, visit->time_ms, &advice);
    struct zone_origin alone = {.weight = 1, .advice = &advice};
    struct zone_target target;
    zone_target_choose(&params, compliance, &alone, 1, &target);
    struct zone_state zone;
    zone_state_init(&zone);
    struct zone_input input = {
        .now_ms = visit->time_ms, .target = &target, .compliance = compliance, .allow_up = true};
    zone_ramp_step(&zone, &params, &input);
    zone.since_ms = 0;
    if (zone.waits_for == REASON_NONE)
        zone.waits_for = advice.blocker;
    return recommend_zone(&zone, &target);
}

/* ---- a scan, whose facts say more than the rule keeps of a visit ---- */

static bool mode_works(const struct judgement *judgement, enum mode mode) {
    return judgement->modes[mode].works == TRUTH_TRUE;
}

static bool takes_hybrid_share(const struct scan *scan, const struct judgement *judgement) {
    const struct mode_fact *preferred = &judgement->modes[MODE_PREFERRED];
    return mode_works(judgement, MODE_PREFERRED) && preferred->group == scan->hybrid &&
           preferred->retry == TRUTH_FALSE;
}

/* If need be after a retry. */
static bool takes_classical_share(const struct scan *scan, const struct judgement *judgement) {
    const struct probe_result *confirm = scan_probe(scan, PROBE_CONFIRM);
    return mode_works(judgement, MODE_OFF) || (probe_result_worked(confirm) && !confirm->retry) ||

           probe_result_worked(scan_probe(scan, PROBE_SHARED_P256));
}

static enum rule_reason reason_for_supported(const struct scan *scan,
                                             const struct judgement *judgement) {
    if (judgement->modes[MODE_SUPPORTED].group == scan->hybrid)
        return REASON_HYBRID_AFTER_RETRY;
    return verdict_holds(judgement, VERDICT_HYBRID_NOT_CHOSEN) ? REASON_HYBRID_NOT_CHOSEN
                                                               : REASON_HYBRID_TOLERATED;
}

/* No first hello is safe, for sessions are not resumed with any. */
static bool resumption_forbids(const struct judgement *judgement) {
    return verdict_holds(judgement, VERDICT_RESUMPTION_FAILS) &&
           judgement->modes[MODE_OFF].tolerated == TRUTH_FALSE;
}

static enum rule_reason reason_for_scan(const struct scan *scan, const struct judgement *judgement,
                                        enum rule_level level) {
    enum verdict why;
    enum rule_level limit = safe_level_all(judgement, &why);
    if (limit == LEVEL_NONE)
        return REASON_VERDICT;
    bool hybrid_first = limit == LEVEL_PREFERRED && takes_hybrid_share(scan, judgement);
    if (!hybrid_first && !takes_classical_share(scan, judgement))
        return REASON_NO_SHARE_WORKS;
    switch (level) {
    case LEVEL_PREFERRED:
        return REASON_HYBRID_IN_ONE_ROUND_TRIP;
    case LEVEL_SUPPORTED:
        return reason_for_supported(scan, judgement);
    case LEVEL_OFF:
        return limit == LEVEL_OFF ? REASON_VERDICT : REASON_HYBRID_BREAKS;
    case LEVEL_NONE:
        return resumption_forbids(judgement)     ? REASON_VERDICT
               : mode_works(judgement, MODE_OFF) ? REASON_CONTROL_FAILED
                                                 : REASON_NO_SHARE_WORKS;
    case LEVEL_COUNT:
        break;
    }
    return REASON_CONTROL_FAILED;
}

static void add_group(struct zone_setting *setting, uint16_t group) {
    for (size_t i = 0; i < setting->groups_n; i++)
        if (setting->groups[i] == group)
            return;
    if (setting->groups_n < ZONE_GROUPS_MAX)
        setting->groups[setting->groups_n++] = group;
}

/* The curve of the certificate, which in TLS 1.2 has to be in the list (RFC 8422 5.1). */
static uint16_t certificate_curve(const struct scan *scan) {
    for (size_t i = 0; i < scan->probes_n; i++)
        if (scan->probes[i].leaf_curve != GROUP_NONE)
            return scan->probes[i].leaf_curve;
    return GROUP_NONE;
}

/* The hybrid, then the first share's group, then every classical group that the origin has or may have. */
static void list_groups_of_origin(struct zone_setting *setting, const struct scan *scan,
                                  const struct judgement *judgement) {
    setting->groups_n = 0;
    if (setting->level == LEVEL_NONE)
        return;
    if (setting->level != LEVEL_OFF)
        add_group(setting, scan->hybrid);
    add_group(setting, setting->first_share);
    for (enum judged_group i = JUDGED_X25519; i <= JUDGED_P521; i++)
        if (judgement->groups[i] != TRUTH_FALSE ||
            judgement->group_ids[i] == certificate_curve(scan))
            add_group(setting, judgement->group_ids[i]);
}

/* What was heard while we ran late is no trial for a rule that waits for a better day; here it is all there is. */
static void observe_alone(const struct scan *scan, const struct judgement *judgement,
                          struct observation *out) {
    struct scan in_time = *scan;
    struct probe_result *probes = alloc_zero(scan->probes_n + 1, sizeof *probes);
    for (size_t i = 0; i < scan->probes_n; i++) {
        probes[i] = scan->probes[i];
        probes[i].late = false;
    }
    in_time.probes = probes;
    observe(&in_time, judgement, PROFILE_FAST, out);
    free(probes);
}

struct recommendation recommend_scan(const struct scan *scan, const struct judgement *judgement) {
    struct observation visit;
    observe_alone(scan, judgement, &visit);
    struct recommendation out = recommend_visit(&visit, scan->hybrid, COMPLIANCE_NONE);
    out.reason = reason_for_scan(scan, judgement, out.setting.level);
    if (out.reason == REASON_NO_SHARE_WORKS)
        out.setting = (struct zone_setting){.level = LEVEL_NONE};
    list_groups_of_origin(&out.setting, scan, judgement);
    return out;
}

const char *recommend_scan_reason(const struct recommendation *recommendation,
                                  const struct judgement *judgement) {
    enum verdict why;
    if (recommendation->reason != REASON_VERDICT)
        return rule_reason_name(recommendation->reason);
    bool limits = safe_level_all(judgement, &why) == recommendation->setting.level;
    return verdict_name(limits ? why : VERDICT_RESUMPTION_FAILS);
}
