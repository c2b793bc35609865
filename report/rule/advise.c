/* Reading an origin's state: what it tolerates, what it gains, what stands in the way. */
#include "report/rule/advise.h"

#include "report/rule/binomial.h"
#include "report/rule/candidate.h"
#include "report/rule/extra_visit.h"
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
    out->dual_ok = out->level == LEVEL_PREFERRED && out->duals[CLASSICAL_X25519].proven;
}

/* ---- what it tolerates, and what that gains ---- */

/* Time and more trials may yet prove it. */
static bool may_be_proven(enum rule_reason reason) {
    return reason == REASON_NO_EVIDENCE || extra_visit_helps(reason);
}

/* Why a hello that is not yet proven is not. */
static void bar_level(struct origin_advice *out, enum rule_level level,
                      const struct promotion_test *test) {
    out->provable[level] = may_be_proven(test->reason) && !out->pinned;
    out->bars[level] = out->pinned                   ? REASON_PINNED_AFTER_DEMOTIONS
                       : out->hold_until_ms > 0      ? REASON_HOLD_DOWN
                       : test->reason != REASON_NONE ? test->reason
                                                     : REASON_WAITS_FOR_EVIDENCE;
    if (test->reason == REASON_NONE) /* the day is not over, or a hold-down is on */
        out->provable[level] = !out->pinned;
}

/* `off` is what the controls of any conclusive visit have shown to work; its shares are another matter. */
static void fill_tolerance(struct origin_advice *out, const struct evidence_window *window,
                           const struct promotion_test tests[LEVEL_COUNT], bool expired) {
    bool off = out->standing >= LEVEL_OFF || (window->sum.conclusive_days > 0 && !expired);
    out->tolerates[LEVEL_OFF] = off;
    out->bars[LEVEL_OFF] = off ? REASON_NONE : expired ? REASON_STALE : REASON_NO_EVIDENCE;
    out->provable[LEVEL_OFF] = !off;
    out->tolerates[LEVEL_SUPPORTED] =
        out->standing == LEVEL_SUPPORTED ||
        (out->standing == LEVEL_PREFERRED && out->supported_ok); /* may never have worked */
    out->tolerates[LEVEL_PREFERRED] = out->standing == LEVEL_PREFERRED;
    if (!out->tolerates[LEVEL_SUPPORTED])
        bar_level(out, LEVEL_SUPPORTED, &tests[LEVEL_SUPPORTED]);
    if (!out->tolerates[LEVEL_PREFERRED])
        bar_level(out, LEVEL_PREFERRED, &tests[LEVEL_PREFERRED]);
    out->gains[MODE_SUPPORTED] = origin_evidence_gains(window, MODE_SUPPORTED);
    out->gains[MODE_PREFERRED] = origin_evidence_gains(window, MODE_PREFERRED);
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        out->duals[i] = origin_evidence_dual(window, (enum classical_group)i);
}

/* The level that it could have alone: that of its best candidate. */
static enum rule_level level_alone(const struct origin_advice *origin, double retry_price) {
    struct candidate_sum best = {.hybrid = 0};
    unsigned chosen = CANDIDATE_NONE;
    if (origin->standing <= LEVEL_OFF || origin->tls12)
        return origin->standing < LEVEL_OFF ? LEVEL_NONE : LEVEL_OFF;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        struct candidate_outcome outcome = candidate_try(origin, which);
        struct candidate_sum sum = {outcome.gains, outcome.retries, outcome.misses};
        if (!outcome.tolerated || (chosen != CANDIDATE_NONE &&
                                   !candidate_is_better(which, &sum, chosen, &best, retry_price)))
            continue;
        best = sum;
        chosen = which;
    }
    return chosen == CANDIDATE_NONE ? LEVEL_OFF : candidate_at(chosen).level;
}

/* The standing's reason, where the origin alone has less than it tolerates for want of a gain. */
static enum rule_reason reason_of_level(const struct origin_advice *out, enum rule_reason standing,
                                        bool expired) {
    if (expired)
        return REASON_STALE;
    if (out->level == LEVEL_PREFERRED)
        return REASON_HYBRID_IN_ONE_ROUND_TRIP;
    if (out->level < out->standing && out->tls12)
        return REASON_TLS12_ONLY;
    return out->level == LEVEL_SUPPORTED && standing == REASON_PREFERRED_WORKS
               ? REASON_SUPPORTED_WORKS
               : standing;
}

/* What it does with each classical first share; accepted only where confirmed. */
static void fill_shares(struct origin_advice *out, const struct evidence_window *window) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        bool confirmed;
        enum share_answer answer = origin_evidence_share(window->evidence, window->params,
                                                         (enum classical_group)i, &confirmed);
        if (answer == SHARE_ACCEPTED && !confirmed)
            answer = SHARE_UNKNOWN;
        out->shares[i] = answer;
        out->share_is_fresh[i] = origin_evidence_share_is_fresh(window->evidence, window->params,
                                                                (enum classical_group)i);
        out->needed[i] =
            out->last_ms == 0 || origin_evidence_needed(window, (enum classical_group)i);
    }
}

/* First share: the hybrid if `preferred`, else the first classical group that is accepted without a
 * retry and confirmed. */
static void fill_first_share(struct origin_advice *out, const struct rule_params *params) {
    out->first_share = GROUP_X25519;
    out->first_share_confirmed = out->level == LEVEL_PREFERRED;
    if (out->level == LEVEL_PREFERRED)
        out->first_share = params->hybrid;
    for (unsigned i = 0; i < CLASSICAL_COUNT && !out->first_share_confirmed; i++) {
        if (out->shares[i] != SHARE_ACCEPTED)
            continue;
        out->first_share = observation_classical_group((enum classical_group)i);
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
static void fill_blocker(struct origin_advice *out, const struct evidence_window *window,
                         const struct promotion_test tests[LEVEL_COUNT]) {
    bool dark = origin_evidence_is_dark(&window->sum);
    enum rule_reason gain = dark ? REASON_NONE : promotion_test_gain(window);
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
    } else if (gain == REASON_TLS12_ONLY ||
               (gain != REASON_NONE && out->level == LEVEL_SUPPORTED)) {
        set_blocker(out, gain, 0, 0);
    } else {
        const struct promotion_test *bar =
            &tests[out->standing >= LEVEL_SUPPORTED ? LEVEL_PREFERRED : LEVEL_SUPPORTED];
        set_blocker(out, bar->reason, start_of_day_ms(bar->until_day), bar->missing);
    }
}

void advise_origin(const struct origin_state *state, const struct rule_params *params,
                   int64_t now_ms, struct origin_advice *out) {
    memset(out, 0, sizeof *out);
    int32_t today = origin_evidence_day_of(now_ms);
    struct origin_standing standing = origin_rule_standing(state, params, today);
    int64_t last_ms = origin_rule_last_ms(state, params);
    int32_t age = today - origin_evidence_day_of(last_ms);
    bool expired = last_ms > 0 && age >= (int32_t)params->advice_days;
    out->standing = expired ? LEVEL_NONE : standing.level;
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
    const struct promotion_test tests[LEVEL_COUNT] = {
        [LEVEL_SUPPORTED] = promotion_test_supported(&window),
        [LEVEL_PREFERRED] = promotion_test_preferred(&window),
    };
    out->tls12 = window.sum.conclusive_days > 0 && !(window.sum.flags & DAY_TLS13);
    out->supported_ok = promotion_test_supported_works(&window);
    fill_shares(out, &window);
    fill_tolerance(out, &window, tests, expired);
    out->level = level_alone(out, params->retry_price);
    out->reason = reason_of_level(out, standing.reason, expired);
    fill_evidence(out, &window);
    fill_first_share(out, params);
    out->holds = !out->stale && promotion_test_holds(&window, out->standing);
    fill_blocker(out, &window, tests);
}
