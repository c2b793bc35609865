/* Reading an origin's state. */
#include "report/rule/origin_advice.h"

#include "report/rule/binomial.h"
#include "report/rule/promotion_test.h"
#include "scanner/base/duration.h"
#include "scanner/words/words.h"

#include <string.h>

static int64_t start_of_day_ms(int32_t day) {
    return day == EVIDENCE_NO_DAY ? 0 : day * DAY_MS;
}

static void fill_evidence(struct origin_advice *out, const struct evidence_window *window) {
    const struct evidence_sum *sum = &window->sum;
    bool preferred = out->level == LEVEL_PREFERRED || sum->picked > 0;
    enum mode mode = preferred ? MODE_PREFERRED : MODE_SUPPORTED;
    out->evidence_mode = mode;
    out->days = sum->good_days[mode];
    out->trials = sum->trials[mode];
    out->failures = sum->failed[mode];
    out->upper95 = binomial_upper95(out->trials, out->failures);
    out->control_rate = promotion_test_control_rate(window);
    out->control_trials = sum->trials[MODE_OFF];
    uint32_t worked = sum->trials[MODE_PREFERRED] - sum->failed[MODE_PREFERRED];
    out->always_hybrid = worked > 0 && sum->picked == worked;
    out->hybrid_known = sum->picked > 0 || sum->flags & DAY_HYBRID_KNOWN;
    out->supported_ok = promotion_test_supported_works(window);
    out->dual_ok = out->level == LEVEL_PREFERRED && sum->failed[MODE_PREFERRED_DUAL] == 0 &&
                   sum->trials[MODE_PREFERRED_DUAL] >= window->params->dual_trials;
}

/* First share: the hybrid if `preferred`, else the first classical group that is accepted without a
 * retry and confirmed. */
static void fill_shares(struct origin_advice *out, const struct evidence_window *window) {
    uint16_t first = GROUP_NONE;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        bool confirmed;
        enum share_answer answer = origin_evidence_share(window->evidence, window->params,
                                                         (enum classical_group)i, &confirmed);
        if (answer == SHARE_ACCEPTED && !confirmed)
            answer = SHARE_UNKNOWN;
        out->shares[i] = answer;
        out->needed[i] =
            out->last_ms == 0 ||
            origin_evidence_needed(window->evidence, window->params, (enum classical_group)i);
        if (answer == SHARE_ACCEPTED && first == GROUP_NONE)
            first = observation_classical_group((enum classical_group)i);
    }
    out->first_share_confirmed = first != GROUP_NONE;
    out->first_share = first != GROUP_NONE ? first : GROUP_X25519;
    if (out->level == LEVEL_PREFERRED) {
        out->first_share = window->params->hybrid;
        out->first_share_confirmed = true;
    }
}

static void set_blocker(struct origin_advice *out, enum rule_reason reason, int64_t until_ms,
                        uint32_t missing) {
    out->blocker = reason;
    out->blocker_until_ms = until_ms;
    out->missing = missing;
}

/* What stands between the origin and its next level, the highest hurdle first. */
static void fill_blocker(struct origin_advice *out, const struct evidence_window *window) {
    if (out->level == LEVEL_PREFERRED)
        return;
    if (out->last_ms == 0) {
        set_blocker(out, REASON_NO_EVIDENCE, 0, 0);
    } else if (out->pinned) {
        set_blocker(out, REASON_PINNED_AFTER_DEMOTIONS, 0, out->demotions);
    } else if (out->hold_until_ms > 0) {
        set_blocker(out, REASON_HOLD_DOWN, out->hold_until_ms, 0);
    } else if (out->stale) {
        set_blocker(out, REASON_STALE, 0, 0);
    } else {
        struct promotion_test bar = out->level == LEVEL_SUPPORTED
                                        ? promotion_test_preferred(window)
                                        : promotion_test_supported(window);
        set_blocker(out, bar.reason, start_of_day_ms(bar.until_day), bar.missing);
    }
}

void origin_advice_make(const struct origin_state *state, const struct rule_params *params,
                        int64_t now_ms, struct origin_advice *out) {
    memset(out, 0, sizeof *out);
    int32_t today = origin_evidence_day_of(now_ms);
    struct origin_standing standing = origin_rule_standing(state, params, today);
    int64_t last_ms = origin_rule_last_ms(state, params);
    int32_t age = today - origin_evidence_day_of(last_ms);
    bool expired = last_ms > 0 && age >= (int32_t)params->advice_days;
    out->level = expired ? LEVEL_NONE : standing.level;
    out->reason = expired ? REASON_STALE : standing.reason;
    out->since_ms = start_of_day_ms(standing.since_day);
    out->last_ms = last_ms;
    out->not_after_ms =
        last_ms > 0
            ? start_of_day_ms(origin_evidence_day_of(last_ms) + (int32_t)params->advice_days)
            : 0;
    out->provisional = params->profile == PROFILE_FAST;
    out->stale = last_ms == 0 || age >= (int32_t)params->stale_days;
    out->pinned = standing.pinned;
    out->hold_until_ms =
        standing.hold_until_day > today ? start_of_day_ms(standing.hold_until_day) : 0;
    for (unsigned i = 0; i < standing.demotions_n; i++)
        out->demotions += today - standing.demotions[i] < (int32_t)params->pin_days;
    struct evidence_window window = origin_evidence_window(&state->evidence, params);
    fill_evidence(out, &window);
    out->holds = !out->stale && promotion_test_holds(&window, out->level);
    fill_shares(out, &window);
    fill_blocker(out, &window);
}
