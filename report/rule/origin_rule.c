/* The ladder none/off, supported, preferred: which hello is proven to be tolerated. */
#include "report/rule/origin_rule.h"

#include "report/rule/promotion_test.h"
#include "scanner/base/duration.h"

#include <string.h>

void origin_rule_init(struct origin_state *state) {
    memset(state, 0, sizeof *state);
    origin_evidence_init(&state->evidence);
    state->base.reason = REASON_NO_EVIDENCE;
}

static void set_level(struct origin_standing *standing, enum rule_level level,
                      enum rule_reason reason, int32_t day) {
    if (standing->level != level)
        standing->since_day = day;
    standing->level = level;
    standing->reason = reason;
}

/* Drops demotions that are no longer remembered. */
static void forget_demotions(struct origin_standing *standing, const struct rule_params *params,
                             int32_t day) {
    unsigned kept = 0;
    for (unsigned i = 0; i < standing->demotions_n; i++) {
        if (day - standing->demotions[i] < (int32_t)params->pin_days)
            standing->demotions[kept++] = standing->demotions[i];
    }
    standing->demotions_n = (uint8_t)kept;
    if (kept == 0)
        standing->hold_days = 0;
}

static void demote_standing(struct origin_standing *standing, const struct rule_params *params,
                            enum rule_level level, enum rule_reason reason, int32_t day) {
    forget_demotions(standing, params, day);
    set_level(standing, level, reason, day);
    uint32_t hold = standing->hold_days ? standing->hold_days * 2 : params->hold_days;
    if (hold > params->hold_days_max)
        hold = params->hold_days_max;
    standing->hold_days = hold;
    standing->hold_until_day = day + (int32_t)hold;
    if (standing->demotions_n == ORIGIN_DEMOTIONS_MAX) {
        memmove(standing->demotions, standing->demotions + 1,
                (ORIGIN_DEMOTIONS_MAX - 1) * sizeof *standing->demotions);
        standing->demotions_n--;
    }
    standing->demotions[standing->demotions_n++] = day;
    if (params->pin_demotions > 0 && standing->demotions_n >= params->pin_demotions)
        standing->pinned = true;
}

static void release_standing(struct origin_standing *standing) {
    standing->pinned = false;
    standing->demotions_n = 0;
    standing->hold_days = 0;
    standing->hold_until_day = 0;
}

/* Whether today's failures of the mode take it away, and why. */
static enum rule_reason reason_of_failures(const struct evidence_window *window, enum mode mode) {
    if (origin_evidence_broken(origin_evidence_today(window->evidence), window->params, mode))
        return REASON_REPRODUCIBLE_FAILURE;
    if (promotion_test_rate_demotes(window, mode))
        return REASON_FAILURE_RATE;
    return REASON_NONE;
}

static bool supported_works(const struct evidence_window *window) {
    return promotion_test_supported_works(window) &&
           reason_of_failures(window, MODE_SUPPORTED) == REASON_NONE;
}

static bool is_dark_today(const struct evidence_window *window) {
    return origin_evidence_today(window->evidence)->dark > 0 &&
           origin_evidence_is_dark(&window->sum);
}

/* What enough silent visits diagnose was seen on the day of the last, whichever of them that was. */
int64_t origin_rule_last_ms(const struct origin_state *state, const struct rule_params *params) {
    if (state->evidence.day == EVIDENCE_NO_DAY ||
        origin_evidence_today(&state->evidence)->dark == 0)
        return state->last_ms;
    struct evidence_window window = origin_evidence_window(&state->evidence, params);
    int64_t today_ms = state->evidence.day * DAY_MS;
    return is_dark_today(&window) && today_ms > state->last_ms ? today_ms : state->last_ms;
}

static enum rule_reason reason_of_fault(const struct evidence_window *window) {
    return is_dark_today(window) ? REASON_DARK_AFTER_LARGE_HELLO : REASON_DIAGNOSED_FAULT;
}

/* The safe setting of a fault that was diagnosed today, and on enough days to be believed. */
static enum rule_level level_below_fault(const struct evidence_window *window) {
    uint8_t today = origin_evidence_today(window->evidence)->flags;
    if (is_dark_today(window))
        return LEVEL_OFF;
    if (today & DAY_CEILING_OFF && window->sum.off_fault_days >= window->params->fault_days)
        return LEVEL_OFF;
    if (today & (DAY_CEILING_OFF | DAY_CEILING_SUPPORTED) &&
        window->sum.supported_fault_days >= window->params->fault_days)
        return LEVEL_SUPPORTED;
    return LEVEL_PREFERRED;
}

static bool lower_preferred(struct origin_standing *standing,
                            const struct evidence_window *window) {
    enum rule_level below = supported_works(window) ? LEVEL_SUPPORTED : LEVEL_OFF;
    enum rule_reason reason = reason_of_failures(window, MODE_PREFERRED);
    enum rule_level safe = level_below_fault(window);
    if (reason == REASON_NONE && promotion_test_rate_demotes(window, MODE_PREFERRED_DUAL))
        reason = REASON_FAILURE_RATE;
    if (reason == REASON_NONE && safe < LEVEL_PREFERRED)
        reason = reason_of_fault(window);
    if (reason != REASON_NONE) {
        demote_standing(standing, window->params, safe < below ? safe : below, reason,
                        window->evidence->day);
        return true;
    }
    return false;
}

static bool lower_supported(struct origin_standing *standing,
                            const struct evidence_window *window) {
    enum rule_reason reason = reason_of_failures(window, MODE_SUPPORTED);
    if (reason == REASON_NONE && level_below_fault(window) < LEVEL_SUPPORTED)
        reason = reason_of_fault(window);
    if (reason == REASON_NONE)
        return false;
    demote_standing(standing, window->params, LEVEL_OFF, reason, window->evidence->day);
    return true;
}

/* From no advice to `off` is no demotion: nothing was promised. */
static bool lower_none(struct origin_standing *standing, const struct evidence_window *window) {
    const struct evidence_sum *sum = &window->sum;
    enum rule_reason reason = reason_of_failures(window, MODE_SUPPORTED);
    if (reason == REASON_NONE && level_below_fault(window) < LEVEL_SUPPORTED)
        reason = reason_of_fault(window);
    if (reason == REASON_NONE && sum->conclusive_days >= window->params->supported_days) {
        if (!(sum->flags & DAY_TLS13))
            reason = REASON_TLS12_ONLY;
        else if (sum->good_days[MODE_SUPPORTED] == 0)
            reason = REASON_NO_SUCCESS;
    }
    if (reason != REASON_NONE)
        set_level(standing, LEVEL_OFF, reason, window->evidence->day);
    return false; /* `preferred` may work all the same */
}

static bool lower_level(struct origin_standing *standing, const struct evidence_window *window) {
    switch (standing->level) {
    case LEVEL_PREFERRED:
        return lower_preferred(standing, window);
    case LEVEL_SUPPORTED:
        return lower_supported(standing, window);
    case LEVEL_NONE:
        return lower_none(standing, window);
    case LEVEL_OFF:
    case LEVEL_COUNT:
        return false;
    }
    return false;
}

/* `preferred` asks for more than `supported` does, and need not wait for it: some origins break on
 * a retry only and never get there. */
static void raise_level(struct origin_standing *standing, const struct evidence_window *window,
                        int32_t day) {
    if (standing->level < LEVEL_SUPPORTED && promotion_test_supported(window).reason == REASON_NONE)
        set_level(standing, LEVEL_SUPPORTED, REASON_SUPPORTED_WORKS, day);
    if (standing->level < LEVEL_PREFERRED && promotion_test_preferred(window).reason == REASON_NONE)
        set_level(standing, LEVEL_PREFERRED, REASON_PREFERRED_WORKS, day);
}

/* The newest day may raise it, once it is over and no hold-down is on; but not long after it. */
static int32_t day_of_rise(const struct origin_state *state, const struct rule_params *params,
                           const struct origin_standing *standing) {
    int32_t day = state->evidence.day + (int32_t)params->settle_days;
    return day > standing->hold_until_day ? day : standing->hold_until_day;
}

static bool level_may_rise(const struct origin_state *state, const struct rule_params *params,
                           const struct origin_standing *standing, int32_t day) {
    int32_t raised = day_of_rise(state, params, standing);
    return !standing->pinned && raised <= day &&
           raised - origin_evidence_day_of(origin_rule_last_ms(state, params)) <
               (int32_t)params->stale_days;
}

/* The common day of a preferred origin, for which nothing needs to be added up. */
static bool is_uneventful_day(const struct origin_standing *standing,
                              const struct evidence_day *today) {
    return standing->level == LEVEL_PREFERRED && today->picked > 0 &&
           today->failed[MODE_PREFERRED] == 0 && today->further_failed[MODE_PREFERRED] == 0 &&
           today->failed[MODE_PREFERRED_DUAL] == 0 &&
           !(today->flags & (DAY_CEILING_OFF | DAY_CEILING_SUPPORTED | DAY_SILENT));
}

/* The newest day's scans can only lower the standing that it began with; the counters alone decide,
 * never the order in which they grew. */
struct origin_standing origin_rule_standing(const struct origin_state *state,
                                            const struct rule_params *params, int32_t day) {
    struct origin_standing standing = state->base;
    const struct origin_evidence *evidence = &state->evidence;
    if (evidence->day == EVIDENCE_NO_DAY)
        return standing;
    const struct evidence_day *today = origin_evidence_today(evidence);
    if (today->flags & DAY_RELEASED)
        release_standing(&standing);
    if (origin_rule_last_ms(state, params) == 0 || is_uneventful_day(&standing, today))
        return standing;
    struct evidence_window window = origin_evidence_window(evidence, params);
    bool anything = window.sum.conclusive_days > 0 || is_dark_today(&window);
    if (anything && lower_level(&standing, &window)) {
        if (today->flags & DAY_RELEASED) /* whatever came first: it falls, and nothing holds it */
            release_standing(&standing);
        return standing;
    }
    if (level_may_rise(state, params, &standing, day))
        raise_level(&standing, &window, day_of_rise(state, params, &standing));
    return standing;
}

/* Evidence that is too old for advice is too old to build on: the ladder is climbed anew. What an
 * origin did to us in the past, it keeps. */
static void expire_evidence(struct origin_state *state, const struct rule_params *params,
                            int32_t day) {
    if (state->last_ms == 0 ||
        day - origin_evidence_day_of(state->last_ms) < (int32_t)params->advice_days)
        return;
    int32_t today = state->evidence.day;
    set_level(&state->base, LEVEL_NONE, REASON_STALE, day);
    origin_evidence_init(&state->evidence);
    state->evidence.day = today;
}

static void take_visit(struct origin_state *state, const struct rule_params *params,
                       const struct observation *scan) {
    bool released = scan->kind == KIND_RELEASE;
    bool silent = !scan->conclusive && scan->silence != SILENCE_NONE;
    if (!scan->conclusive && !released && !silent)
        return;
    int32_t day = origin_evidence_day_of(scan->time_ms);
    if (day > state->evidence.day) {
        state->base = origin_rule_standing(state, params, day);
        state->last_ms = origin_rule_last_ms(state, params);
        expire_evidence(state, params, day);
        origin_evidence_advance(&state->evidence, params, day);
    }
    if (silent && !released) { /* evidence of nothing else */
        origin_evidence_add_silence(&state->evidence, scan->silence);
        return;
    }
    origin_evidence_add(&state->evidence, params, scan);
    if (!released && scan->time_ms > state->last_ms)
        state->last_ms = scan->time_ms;
}

void origin_rule_step(struct origin_state *state, const struct rule_params *params,
                      const struct observation *scan) {
    take_visit(state, params, scan);
}

void origin_rule_replay(struct origin_state *state, const struct rule_params *params,
                        const struct observation *scans, size_t scans_n) {
    for (size_t i = 0; i < scans_n; i++)
        take_visit(state, params, &scans[i]);
}
