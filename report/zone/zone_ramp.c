/* Stages up, rollbacks down. */
#include "report/zone/zone_ramp.h"

#include "report/rule/binomial.h"
#include "scanner/base/duration.h"

#include <string.h>

static uint8_t next_stage(uint8_t percent) {
    static const uint8_t stages[] = {1, 10, 25, 50, 75, ZONE_WHOLE};
    for (size_t i = 0; i < sizeof stages; i++) {
        if (stages[i] > percent)
            return stages[i];
    }
    return ZONE_WHOLE;
}

static bool is_same_setting(const struct zone_setting *a, const struct zone_setting *b) {
    return a->level == b->level && a->first_share == b->first_share &&
           a->dual_share == b->dual_share && a->dual_ok == b->dual_ok &&
           a->first_share_confirmed == b->first_share_confirmed && a->groups_n == b->groups_n &&
           memcmp(a->groups, b->groups, a->groups_n * sizeof *a->groups) == 0;
}

static enum zone_move move_between(enum rule_level from, enum rule_level to) {
    if (from == to)
        return MOVE_SHARE;
    return to > from ? MOVE_UP : MOVE_DOWN;
}

static enum zone_move apply_pin(struct zone_state *state, const struct rule_params *params,
                                const struct zone_input *input) {
    bool preferred = input->levers.pin == LEVEL_PREFERRED;
    uint16_t share = preferred ? input->target->setting.dual_share : input->levers.pin_first_share;
    struct zone_setting setting = zone_setting_make(params, input->compliance, input->levers.pin,
                                                    share, input->target->needed);
    setting.dual_ok = input->target->setting.dual_ok && setting.level == LEVEL_PREFERRED;
    if (state->stage_percent == ZONE_WHOLE && is_same_setting(&state->setting, &setting)) {
        state->reason = REASON_OPERATOR_PIN;
        state->waits_for = REASON_NONE;
        return MOVE_NONE;
    }
    enum zone_move move = move_between(state->setting.level, setting.level);
    zone_state_set_whole(state, &setting, REASON_OPERATOR_PIN, input->now_ms);
    return move;
}

/* None and off are equally cautious: neither offers the hybrid. */
static bool is_bolder(enum rule_level a, enum rule_level b) {
    return a > b && a > LEVEL_OFF;
}

/* `previous` stays what last stood at 100 %. */
static enum zone_move move_up(struct zone_state *state, const struct rule_params *params,
                              const struct zone_input *input, const struct zone_setting *to,
                              enum rule_reason reason) {
    if (state->pinned)
        state->waits_for = REASON_PINNED_AFTER_DEMOTIONS;
    else if (input->now_ms < state->hold_until_ms)
        state->waits_for = REASON_HOLD_DOWN;
    else if (!input->allow_up)
        state->waits_for = REASON_UPWARD_BUDGET;
    else if (!input->target->holds)
        state->waits_for = REASON_WAITS_FOR_EVIDENCE;
    else {
        if (state->stage_percent == ZONE_WHOLE)
            state->previous = state->setting;
        state->setting = *to;
        state->reason = reason;
        state->since_ms = input->now_ms;
        state->waits_for =
            params->ramp_start_percent < ZONE_WHOLE ? REASON_STAGE_TIME : REASON_NONE;
        zone_state_begin_stage(state, (uint8_t)params->ramp_start_percent, input->now_ms);
        return MOVE_UP;
    }
    return MOVE_NONE;
}

static enum zone_move move_down(struct zone_state *state, const struct zone_input *input,
                                const struct zone_setting *to, enum rule_reason reason) {
    bool ramping = state->stage_percent < ZONE_WHOLE;
    struct zone_setting lower = *to;
    bool off_fails = state->previous.level <= LEVEL_OFF && input->target->off_fails;
    if (ramping && state->previous.level <= to->level && !off_fails)
        lower = state->previous;
    zone_state_set_whole(state, &lower, reason, input->now_ms);
    return MOVE_DOWN;
}

static enum rule_reason stage_waits_for(const struct zone_state *state,
                                        const struct rule_params *params,
                                        const struct zone_input *input) {
    const struct feedback_sum *canary = &state->sums[ARM_CANARY];
    if (input->now_ms - state->stage_ms < params->stage_hours * HOUR_MS)
        return REASON_STAGE_TIME;
    if (!input->target->holds)
        return REASON_WAITS_FOR_EVIDENCE;
    if (binomial_excess_below(canary->handshakes, canary->failures,
                              zone_state_control_rate(state, params), params->feedback_unclear_p))
        return REASON_FEEDBACK_UNCLEAR;
    if (next_stage(state->stage_percent) > params->no_feedback_percent && !params->blind_ramp &&
        canary->handshakes < params->feedback_handshakes)
        return REASON_NO_FEEDBACK;
    return REASON_NONE;
}

static enum zone_move climb_stage(struct zone_state *state, const struct rule_params *params,
                                  const struct zone_input *input) {
    if (state->stage_percent == ZONE_WHOLE)
        return MOVE_NONE;
    state->waits_for = stage_waits_for(state, params, input);
    if (state->waits_for != REASON_NONE)
        return MOVE_NONE;
    zone_state_begin_stage(state, next_stage(state->stage_percent), input->now_ms);
    if (state->stage_percent < ZONE_WHOLE)
        state->waits_for = REASON_STAGE_TIME;
    return MOVE_STAGE;
}

/* Another hello of the same level: what the canary met under the last one says nothing of it. */
static void change_variant(struct zone_state *state, const struct zone_setting *to,
                           int64_t now_ms) {
    bool other = zone_setting_candidate(&state->setting) != zone_setting_candidate(to);
    if (state->previous.level == to->level)
        state->previous = *to;
    state->setting = *to;
    if (other && to->level == LEVEL_PREFERRED)
        zone_state_begin_stage(state, state->stage_percent, now_ms);
}

/* Same level as before; the groups may differ. What a freeze or the brake held up is over. */
static enum zone_move keep_level(struct zone_state *state, const struct rule_params *params,
                                 const struct zone_input *input, const struct zone_setting *to,
                                 enum rule_reason reason) {
    state->reason = reason;
    if (state->stage_percent == ZONE_WHOLE)
        state->waits_for = REASON_NONE;
    if (!is_same_setting(&state->setting, to)) {
        change_variant(state, to, input->now_ms);
        return MOVE_SHARE;
    }
    return climb_stage(state, params, input);
}

/* The traffic outside the ramp, and what a rollback would go to, keeps its level unless the origins
 * no longer take it; and it keeps up with what is known about first shares. */
static void refresh_previous(struct zone_state *state, const struct rule_params *params,
                             const struct zone_input *input) {
    enum rule_level level = state->previous.level;
    if (level < state->setting.level)
        state->previous = zone_target_at_most(params, input->compliance, input->target,
                                              input->levers.deny, level, NULL, NULL);
}

static bool zone_complies(const struct zone_state *state, enum compliance compliance) {
    bool whole = state->stage_percent == ZONE_WHOLE;
    return zone_setting_complies(&state->setting, compliance) &&
           (whole || zone_setting_complies(&state->previous, compliance));
}

/* What a new filter forbids must not wait for anything; what it then allows is ramped up to. */
static enum zone_move obey_compliance(struct zone_state *state, const struct rule_params *params,
                                      const struct zone_input *input) {
    enum rule_level from = state->setting.level;
    enum rule_level level = state->stage_percent < ZONE_WHOLE ? state->previous.level : from;
    struct zone_setting to = zone_target_at_most(params, input->compliance, input->target,
                                                 input->levers.deny, level, NULL, NULL);
    zone_state_set_whole(state, &to, REASON_COMPLIANCE, input->now_ms);
    return move_between(from, to.level);
}

static bool pin_complies(const struct rule_params *params, const struct zone_input *input) {
    return input->levers.pin != LEVEL_NONE &&
           compliance_check(input->compliance, params->hybrid, input->levers.pin,
                            input->levers.pin_first_share, NULL);
}

/* Whether the zone may keep what it has, though another setting is of a little more value. What a pin
 * left behind is no choice of the zone's. */
static bool may_keep_setting(const struct zone_state *state, const struct zone_input *input) {
    return !input->levers.deny[state->setting.level] && state->reason != REASON_OPERATOR_PIN &&
           zone_target_nearly_best(input->target, zone_setting_candidate(&state->setting));
}

static enum zone_move keep_setting(struct zone_state *state, const struct rule_params *params,
                                   const struct zone_input *input) {
    struct zone_setting same = zone_target_setting(params, input->compliance, input->target,
                                                   zone_setting_candidate(&state->setting));
    same.first_share_confirmed = state->setting.first_share_confirmed;
    return keep_level(state, params, input, &same, state->reason);
}

static enum zone_move follow_target(struct zone_state *state, const struct rule_params *params,
                                    const struct zone_input *input) {
    const struct zone_target *target = input->target;
    struct zone_setting to = zone_target_at_most(params, input->compliance, target,
                                                 input->levers.deny, LEVEL_PREFERRED, NULL, NULL);
    enum rule_reason reason =
        to.level < target->setting.level ? REASON_OPERATOR_DENY : target->reason;
    enum rule_level from = state->setting.level;
    if (is_bolder(to.level, from))
        return move_up(state, params, input, &to, reason);
    if (to.level == from)
        return keep_level(state, params, input, &to, reason);
    if (from <= LEVEL_OFF) { /* between none and off */
        zone_state_set_whole(state, &to, reason, input->now_ms);
        return MOVE_SHARE;
    }
    if (may_keep_setting(state, input))
        return keep_setting(state, params, input);
    return move_down(state, input, &to, reason);
}

enum zone_move zone_ramp_step(struct zone_state *state, const struct rule_params *params,
                              const struct zone_input *input) {
    bool pinned = pin_complies(params, input);
    if (!zone_complies(state, input->compliance))
        return pinned ? apply_pin(state, params, input) : obey_compliance(state, params, input);
    if (input->levers.freeze || input->frozen || input->brake) {
        state->waits_for = input->brake ? REASON_BRAKE : REASON_FROZEN;
        return MOVE_NONE;
    }
    if (pinned)
        return apply_pin(state, params, input);
    refresh_previous(state, params, input);
    return follow_target(state, params, input);
}
