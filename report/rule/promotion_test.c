/* How much evidence is enough. */
#include "report/rule/promotion_test.h"

#include "report/rule/binomial.h"

static struct promotion_test test_passes(void) {
    return (struct promotion_test){.reason = REASON_NONE, .until_day = EVIDENCE_NO_DAY};
}

static struct promotion_test test_fails(enum rule_reason reason, uint32_t missing,
                                        int32_t until_day) {
    return (struct promotion_test){.reason = reason, .missing = missing, .until_day = until_day};
}

static struct promotion_test too_few(enum rule_reason reason, uint32_t wanted, uint32_t there) {
    return test_fails(reason, wanted - there, EVIDENCE_NO_DAY);
}

double promotion_test_control_rate(const struct evidence_window *window) {
    const struct evidence_sum *sum = &window->sum;
    const struct rule_params *params = window->params;
    if (sum->memory_trials[MODE_OFF] == 0)
        return params->control_floor;
    double rate = (double)sum->memory_failed[MODE_OFF] / sum->memory_trials[MODE_OFF];
    return rate > params->control_floor ? rate : params->control_floor;
}

static bool fails_more_than_control(const struct evidence_window *window, enum mode mode) {
    return binomial_excess_below(window->sum.memory_trials[mode], window->sum.memory_failed[mode],
                                 promotion_test_control_rate(window),
                                 window->params->above_control_p);
}

bool promotion_test_rate_demotes(const struct evidence_window *window, enum mode mode) {
    uint32_t today = origin_evidence_today(window->evidence)->failed[mode];
    if (today == 0)
        return false;
    struct evidence_window before = *window;
    origin_evidence_sum(window->evidence, window->params, false, &before.sum);
    before.sum.trials[mode] += today;
    before.sum.failed[mode] += today;
    return origin_evidence_rate_is_high(&before, mode);
}

/* A fault whose safe setting is below `level`. */
static bool has_fault(const struct evidence_window *window, enum rule_level level) {
    if (origin_evidence_is_dark(&window->sum))
        return true;
    return level == LEVEL_PREFERRED ? window->sum.supported_fault_days > 0
                                    : window->sum.off_fault_days > 0;
}

static struct promotion_test test_failures(const struct evidence_window *window,
                                           enum rule_level level, enum mode mode) {
    const struct evidence_sum *sum = &window->sum;
    int32_t days = (int32_t)window->params->window_days;
    if (sum->broken_day[mode] != EVIDENCE_NO_DAY)
        return test_fails(REASON_REPRODUCIBLE_FAILURE, 0, sum->broken_day[mode] + days);
    if (origin_evidence_is_dark(sum))
        return test_fails(REASON_DARK_AFTER_LARGE_HELLO, 0, sum->dark_day + RULE_WINDOW_MAX);
    if (has_fault(window, level))
        return test_fails(REASON_DIAGNOSED_FAULT, 0, sum->fault_day + days);
    return test_passes();
}

struct promotion_test promotion_test_supported(const struct evidence_window *window) {
    const struct evidence_sum *sum = &window->sum;
    const struct rule_params *params = window->params;
    const enum mode mode = MODE_SUPPORTED;
    if (origin_evidence_is_dark(sum))
        return test_failures(window, LEVEL_SUPPORTED, mode);
    if (sum->conclusive_days == 0)
        return test_fails(REASON_NO_EVIDENCE, 0, EVIDENCE_NO_DAY);
    struct promotion_test bar = test_failures(window, LEVEL_SUPPORTED, mode);
    if (bar.reason != REASON_NONE)
        return bar;
    if (origin_evidence_rate_is_high(window, mode))
        return test_fails(REASON_FAILURE_RATE, sum->failed[mode], EVIDENCE_NO_DAY);
    if (sum->good_days[mode] < params->supported_days) {
        bar = too_few(REASON_NEEDS_MORE_DAYS, params->supported_days, sum->good_days[mode]);
        bar.until_day = window->evidence->day + (int32_t)bar.missing;
        return bar;
    }
    if (sum->trials[mode] < params->supported_trials)
        return too_few(REASON_NEEDS_MORE_TRIALS, params->supported_trials, sum->trials[mode]);
    return test_passes();
}

enum rule_reason promotion_test_gain(const struct evidence_window *window) {
    const struct evidence_sum *sum = &window->sum;
    if (sum->conclusive_days > 0 && !(sum->flags & DAY_TLS13))
        return REASON_TLS12_ONLY;
    if (sum->trials[MODE_PREFERRED] == sum->failed[MODE_PREFERRED] ||
        origin_evidence_gains(window, MODE_PREFERRED))
        return REASON_NONE;
    return sum->flags & DAY_HYBRID_KNOWN ? REASON_HYBRID_NOT_CHOSEN : REASON_NO_HYBRID;
}

static struct promotion_test test_addresses(const struct evidence_window *window) {
    if (window->sum.flags & DAY_TOO_MANY_ADDRESSES)
        return test_fails(REASON_TOO_MANY_ADDRESSES, 0, EVIDENCE_NO_DAY);
    uint32_t least = origin_evidence_least_trials(window->evidence);
    if (least < window->params->address_trials)
        return too_few(REASON_ADDRESS_COVERAGE, window->params->address_trials, least);
    return test_passes();
}

struct promotion_test promotion_test_preferred(const struct evidence_window *window) {
    const struct evidence_sum *sum = &window->sum;
    const struct rule_params *params = window->params;
    const enum mode mode = MODE_PREFERRED;
    uint32_t n = sum->trials[mode];
    if (sum->conclusive_days == 0 && !origin_evidence_is_dark(sum))
        return test_fails(REASON_NO_EVIDENCE, 0, EVIDENCE_NO_DAY);
    struct promotion_test bar = test_failures(window, LEVEL_PREFERRED, mode);
    if (bar.reason != REASON_NONE)
        return bar;
    if (origin_evidence_rate_is_high(window, mode))
        return test_fails(REASON_FAILURE_RATE, sum->failed[mode], EVIDENCE_NO_DAY);
    /* it stands for what a proxy sends: where it fails now and then, so does `preferred` */
    if (origin_evidence_rate_is_high(window, MODE_PREFERRED_DUAL))
        return test_fails(REASON_FAILURE_RATE, sum->failed[MODE_PREFERRED_DUAL], EVIDENCE_NO_DAY);
    if (fails_more_than_control(window, mode))
        return test_fails(REASON_ABOVE_CONTROL, sum->failed[mode], EVIDENCE_NO_DAY);
    if (sum->good_days[mode] < params->preferred_days) {
        bar = too_few(REASON_NEEDS_MORE_DAYS, params->preferred_days, sum->good_days[mode]);
        bar.until_day = window->evidence->day + (int32_t)bar.missing;
        return bar;
    }
    if (n < params->preferred_trials)
        return too_few(REASON_NEEDS_MORE_TRIALS, params->preferred_trials, n);
    if (binomial_upper95(n, sum->failed[mode]) > params->failure_bound)
        return test_fails(REASON_FAILURE_BOUND, sum->failed[mode], EVIDENCE_NO_DAY);
    return test_addresses(window);
}

bool promotion_test_supported_works(const struct evidence_window *window) {
    const struct evidence_sum *sum = &window->sum;
    return sum->broken_day[MODE_SUPPORTED] == EVIDENCE_NO_DAY &&
           !has_fault(window, LEVEL_SUPPORTED) &&
           sum->trials[MODE_SUPPORTED] > sum->failed[MODE_SUPPORTED];
}

bool promotion_test_holds(const struct evidence_window *window, enum rule_level level) {
    const struct evidence_sum *sum = &window->sum;
    if (level <= LEVEL_OFF)
        return true;
    enum mode mode = level == LEVEL_PREFERRED ? MODE_PREFERRED : MODE_SUPPORTED;
    if (sum->broken_day[mode] != EVIDENCE_NO_DAY || has_fault(window, level))
        return false;
    if (fails_more_than_control(window, mode))
        return false;
    return level != LEVEL_PREFERRED || sum->failed[mode] == 0 ||
           binomial_upper95(sum->trials[mode], sum->failed[mode]) <= window->params->failure_bound;
}
