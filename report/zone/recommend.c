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
        .held_until_ms = state->pinned ? INT64_MAX : state->hold_until_ms,
        .since_ms = state->since_ms,
        .not_after_ms = advised && !pinned ? target->not_after_ms : 0,
        .days = target->days,
        .trials = target->trials,
        .failures = target->failures,
        .upper95 = target->upper95,
    };
}

const char *recommend_variant(const struct zone_setting *setting, bool want_dual) {
    if (setting->level != LEVEL_PREFERRED)
        return NULL;
    bool dual = setting->dual_share != GROUP_NONE || (want_dual && setting->dual_ok);
    return dual ? "dual" : "single";
}
