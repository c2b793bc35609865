/* A zone's state and its small moves. */
#include "report/zone/zone_state.h"

#include <string.h>

void zone_state_init(struct zone_state *state) {
    memset(state, 0, sizeof *state);
    state->stage_percent = ZONE_WHOLE;
    state->reason = REASON_NO_EVIDENCE;
}

void zone_state_release(struct zone_state *state) {
    state->pinned = false;
    state->rollbacks_n = 0;
    state->hold_days = 0;
    state->hold_until_ms = 0;
}

/* The control arm's failures stay the same connections all along; the canary's begin anew. */
void zone_state_begin_stage(struct zone_state *state, uint8_t percent, int64_t now_ms) {
    state->stage_percent = percent;
    state->stage_ms = now_ms;
    state->sums[ARM_CANARY] = (struct feedback_sum){0};
    state->canary_since_ms = now_ms;
}

void zone_state_set_whole(struct zone_state *state, const struct zone_setting *setting,
                          enum rule_reason reason, int64_t now_ms) {
    if (state->setting.level != setting->level)
        state->since_ms = now_ms;
    state->setting = *setting;
    state->previous = *setting;
    state->reason = reason;
    state->waits_for = REASON_NONE;
    zone_state_begin_stage(state, ZONE_WHOLE, now_ms);
}

double zone_state_control_rate(const struct zone_state *state, const struct rule_params *params) {
    const struct feedback_sum *control = &state->sums[ARM_CONTROL];
    if (control->handshakes == 0)
        return params->feedback_base;
    /* Laplace's rule, for the first reports are small. */
    double rate = ((double)control->failures + 1) / ((double)control->handshakes + 2);
    return rate > params->feedback_floor ? rate : params->feedback_floor;
}
