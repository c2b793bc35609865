/* Extra visits: how many a day, and when. */
#include "report/rule/extra_visit.h"

#include "report/rule/promotion_test.h"
#include "scanner/base/duration.h"

static struct extra_visit no_visit(void) {
    return (struct extra_visit){.kind = KIND_EXTRA};
}

/* Three further tries for each failure of the day, until enough of them failed. */
static bool awaits_confirmation(const struct evidence_day *day, const struct rule_params *params,
                                enum mode mode) {
    return day->failed[mode] > 0 && day->further_failed[mode] < params->further_failures &&
           day->further[mode] < 3U * day->failed[mode];
}

/* Amounts are what more visits can supply; anything else they cannot. */
bool extra_visit_helps(enum rule_reason reason) {
    return reason == REASON_NEEDS_MORE_DAYS || reason == REASON_NEEDS_MORE_TRIALS ||
           reason == REASON_ADDRESS_COVERAGE || reason == REASON_FAILURE_BOUND ||
           reason == REASON_ABOVE_CONTROL;
}

static uint32_t larger_of(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static uint32_t visits_a_day(const struct origin_state *state, const struct rule_params *params,
                             int32_t today) {
    struct origin_standing standing = origin_rule_standing(state, params, today);
    struct evidence_window window = origin_evidence_window(&state->evidence, params);
    if (standing.level == LEVEL_PREFERRED) {
        bool probation = today - standing.since_day < (int32_t)params->probation_days;
        return larger_of(probation ? params->preferred_trials_a_day : 0,
                         params->guard_trials_a_day);
    }
    if (standing.pinned || today < standing.hold_until_day)
        return 0;
    uint32_t wanted = 0;
    bool supported = window.sum.flags & DAY_TLS13 || state->wish.level >= LEVEL_SUPPORTED;
    bool preferred = window.sum.picked > 0 || state->wish.level == LEVEL_PREFERRED;
    if (supported && standing.level < LEVEL_SUPPORTED &&
        extra_visit_helps(promotion_test_supported(&window).reason))
        wanted = params->supported_trials_a_day;
    if (preferred && extra_visit_helps(promotion_test_preferred(&window).reason))
        wanted = larger_of(wanted, params->preferred_trials_a_day);
    return wanted;
}

struct extra_visit extra_visit_next(const struct origin_state *state,
                                    const struct rule_params *params, int64_t last_visit_ms,
                                    int64_t now_ms) {
    struct extra_visit next = no_visit();
    int32_t today = origin_evidence_day_of(now_ms);
    int32_t last_day = origin_evidence_day_of(state->last_ms);
    if (state->last_ms == 0 || today - last_day >= (int32_t)params->stale_days)
        return next;
    int64_t last_ms = last_visit_ms > state->last_ms ? last_visit_ms : state->last_ms;
    const struct evidence_day *day = origin_evidence_today(&state->evidence);
    if (today - last_day <= 1 && (awaits_confirmation(day, params, MODE_SUPPORTED) ||
                                  awaits_confirmation(day, params, MODE_PREFERRED))) {
        next.kind = KIND_CONFIRM;
        next.wanted = true;
        next.at_ms = last_ms + params->confirm_pause_s * SECOND_MS;
        return next;
    }
    next.a_day = visits_a_day(state, params, today);
    if (next.a_day <= 1)
        return no_visit();
    next.wanted = true;
    next.at_ms = last_ms + DAY_MS / next.a_day;
    return next;
}
