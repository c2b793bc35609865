/* Judging reports and rolling back. */
#include "report/zone/zone_feedback.h"

#include "report/rule/binomial.h"
#include "scanner/base/duration.h"

#include <string.h>

static const char *const arm_names[ARM_COUNT] = {
    [ARM_CONTROL] = "control",
    [ARM_CANARY] = "canary",
};

const char *zone_feedback_arm_name(enum feedback_arm arm) {
    return arm_names[arm];
}

bool zone_feedback_arm_parse(const char *name, enum feedback_arm *out) {
    for (size_t i = 0; i < ARM_COUNT; i++) {
        if (strcmp(arm_names[i], name) == 0) {
            *out = (enum feedback_arm)i;
            return true;
        }
    }
    return false;
}

bool zone_feedback_check(const struct feedback *feedback, struct err *err) {
    if (feedback->handshakes == 0)
        return err_set(err, "no handshakes");
    if (feedback->handshakes > UINT64_C(1) << 40)
        return err_set(err, "more than 2^40 handshakes");
    if (feedback->failures > feedback->handshakes)
        return err_set(err, "more failures than handshakes");
    if (feedback->retries > feedback->handshakes)
        return err_set(err, "more retries than handshakes");
    return true;
}

static void forget_rollbacks(struct zone_state *state, const struct rule_params *params,
                             int64_t now_ms) {
    unsigned kept = 0;
    for (unsigned i = 0; i < state->rollbacks_n; i++) {
        if (now_ms - state->rollbacks_ms[i] < params->pin_days * DAY_MS)
            state->rollbacks_ms[kept++] = state->rollbacks_ms[i];
    }
    state->rollbacks_n = (uint8_t)kept;
    if (kept == 0)
        state->hold_days = 0;
}

/* Back to the previous setting; a zone that came down before it went up has none but the next lower
 * one. */
static void roll_zone_back(struct zone_state *state, const struct rule_params *params,
                           const struct zone_input *input, enum rule_reason reason) {
    struct zone_setting to = state->previous;
    if (to.level >= state->setting.level || !zone_setting_complies(&to, input->compliance))
        to = zone_target_at_most(params, input->compliance, input->target, input->levers.deny,
                                 state->setting.level - 1, NULL, NULL);
    zone_state_set_whole(state, &to, reason, input->now_ms);
    forget_rollbacks(state, params, input->now_ms);
    uint32_t hold = state->hold_days ? state->hold_days * 2 : params->hold_days;
    if (hold > params->hold_days_max)
        hold = params->hold_days_max;
    if (hold == 0) /* broken traffic is not tried again the same day, whatever the profile */
        hold = 1;
    state->hold_days = hold;
    state->hold_until_ms = input->now_ms + hold * DAY_MS;
    if (state->rollbacks_n == ZONE_ROLLBACKS_MAX) {
        memmove(state->rollbacks_ms, state->rollbacks_ms + 1,
                (ZONE_ROLLBACKS_MAX - 1) * sizeof *state->rollbacks_ms);
        state->rollbacks_n--;
    }
    state->rollbacks_ms[state->rollbacks_n++] = input->now_ms;
    if (params->pin_demotions > 0 && state->rollbacks_n >= params->pin_demotions)
        state->pinned = true;
}

static void add_report(struct feedback_sum *sum, const struct feedback *feedback) {
    sum->handshakes += feedback->handshakes;
    sum->failures += feedback->failures;
    sum->retries += feedback->retries;
}

/* Only `preferred` must not cost more retries than the choice reckoned with; `supported` reaches the
 * hybrid by one. */
static bool retries_are_too_many(const struct zone_state *state, const struct rule_params *params,
                                 const struct zone_target *target) {
    const struct feedback_sum *canary = &state->sums[ARM_CANARY];
    const struct feedback_sum *control = &state->sums[ARM_CONTROL];
    if (state->setting.level != LEVEL_PREFERRED)
        return false;
    double allowed = params->feedback_retries + zone_target_expect(target, &state->setting).retry;
    if (control->handshakes > 0)
        allowed += (double)control->retries / (double)control->handshakes;
    return allowed < 1 &&
           binomial_excess_below(canary->handshakes, canary->retries, allowed, params->feedback_p);
}

/* Each report by itself, so that long good times do not hide a sudden fault; and the stage so far,
 * for faults that are rare. */
static enum rule_reason reason_to_roll_back(const struct zone_state *state,
                                            const struct rule_params *params,
                                            const struct zone_target *target,
                                            const struct feedback *report) {
    const struct feedback_sum *canary = &state->sums[ARM_CANARY];
    double rate = zone_state_control_rate(state, params);
    if (binomial_excess_below(report->handshakes, report->failures, rate, params->feedback_p) ||
        binomial_excess_below(canary->handshakes, canary->failures, rate, params->feedback_p))
        return REASON_FEEDBACK_FAILURES;
    return retries_are_too_many(state, params, target) ? REASON_FEEDBACK_RETRIES : REASON_NONE;
}

bool zone_feedback_take(struct zone_state *state, const struct rule_params *params,
                        const struct zone_input *input, const struct feedback *feedback) {
    struct feedback_sum *control = &state->sums[ARM_CONTROL];
    if (feedback->arm == ARM_CONTROL) {
        add_report(control, feedback);
        if (control->handshakes > 1000000) /* a rate, not a history */
            *control = (struct feedback_sum){control->handshakes / 2, control->failures / 2,
                                             control->retries / 2};
        return false;
    }
    if (state->stage_percent == ZONE_WHOLE && input->now_ms - state->canary_since_ms >= DAY_MS)
        zone_state_begin_stage(state, ZONE_WHOLE, input->now_ms);
    add_report(&state->sums[ARM_CANARY], feedback);
    bool kept = input->levers.pin != LEVEL_NONE || input->levers.freeze || input->frozen;
    if (state->setting.level <= LEVEL_OFF || kept)
        return false;
    enum rule_reason reason = reason_to_roll_back(state, params, input->target, feedback);
    if (reason == REASON_NONE)
        return false;
    roll_zone_back(state, params, input, reason);
    return true;
}
