/* Putting the parts of the rule together. */
#include "report/zone/recommend.h"

#include <stddef.h>

struct recommendation recommend_zone(const struct zone_state *state,
                                     const struct zone_target *target) {
    bool advised = state->setting.level != LEVEL_NONE;
    bool pinned = state->reason == REASON_OPERATOR_PIN;
    return (struct recommendation){
        .setting = state->setting,
        .previous = state->previous,
        .stage_percent = state->stage_percent,
        .reason = state->reason,
        .waits_for = state->waits_for,
        .provisional = target->provisional,
        .since_ms = state->since_ms,
        .not_after_ms = advised && !pinned ? target->not_after_ms : 0,
        .days = target->days,
        .trials = target->trials,
        .failures = target->failures,
        .upper95 = target->upper95,
    };
}

struct recommendation recommend_scan(const struct observation *scan, uint16_t hybrid,
                                     enum compliance compliance) {
    struct rule_params params;
    rule_params_init(&params, PROFILE_FAST);
    params.hybrid = hybrid;
    struct origin_state origin;
    origin_rule_init(&origin);
    origin_rule_step(&origin, &params, scan);
    struct origin_advice advice;
    origin_advice_make(&origin, &params, scan->time_ms, &advice);
    struct zone_origin alone = {.weight = 1, .advice = &advice};
    struct zone_target target;
    zone_target_choose(&params, compliance, &alone, 1, &target);
    struct zone_state zone;
    zone_state_init(&zone);
    struct zone_input input = {
        .now_ms = scan->time_ms, .target = &target, .compliance = compliance, .allow_up = true};
    zone_ramp_step(&zone, &params, &input);
    zone.since_ms = 0;
    if (zone.waits_for == REASON_NONE)
        zone.waits_for = advice.blocker;
    return recommend_zone(&zone, &target);
}

const char *recommend_variant(const struct zone_setting *setting, bool want_dual) {
    if (setting->level != LEVEL_PREFERRED)
        return NULL;
    return want_dual && setting->dual_ok ? "dual" : "single";
}
