/* The table of thresholds. */
#include "report/rule/rule_params.h"

#include "scanner/base/array.h"
#include "scanner/words/words.h"

#include <math.h>
#include <string.h>

#define COUNT(field)                                                                               \
    .name = #field, .kind = RULE_KEY_WHOLE, .offset = offsetof(struct rule_params, field)
#define RATE(field)                                                                                \
    .name = #field, .kind = RULE_KEY_RATE, .offset = offsetof(struct rule_params, field)
#define FLAG(field)                                                                                \
    .name = #field, .kind = RULE_KEY_BOOL, .offset = offsetof(struct rule_params, field)
#define BOTH(value) .careful = (value), .fast = (value)

/* clang-format off: one key a paragraph, the help below it */
static const struct rule_key keys[] = {
    {COUNT(window_days), .careful = 14, .fast = 1, .min = 1, .max = RULE_WINDOW_MAX,
     .help = "days of evidence that count"},
    {COUNT(supported_days), .careful = 3, .fast = 1, .min = 1, .max = RULE_WINDOW_MAX,
     .help = "days on which `supported` has to work before it is advised"},
    {COUNT(supported_trials), .careful = 12, .fast = 1, .min = 1, .max = 10000,
     .help = "conclusive trials of `supported` before it is advised"},
    {COUNT(preferred_days), .careful = 7, .fast = 1, .min = 1, .max = RULE_WINDOW_MAX,
     .help = "days on which `preferred` has to work before it is advised"},
    {COUNT(preferred_trials), .careful = 56, .fast = 1, .min = 1, .max = 10000,
     .help = "conclusive trials of `preferred` before it is advised"},
    {RATE(failure_bound), .careful = 0.08, .fast = 1, .min = 0.0001, .max = 1,
     .help = "largest one-sided 95 % upper bound of the failure rate of `preferred`"},
    {RATE(above_control_p), BOTH(0.05), .min = 0, .max = 1,
     .help =
         "failures count as above the control's rate if chance explains them less often than this"},
    {COUNT(memory_days), .careful = 28, .fast = 1, .min = 1, .max = RULE_WINDOW_MAX,
     .help = "days over which failures are compared with the control's"},
    {RATE(control_floor), BOTH(0.002), .min = 0.000001, .max = 0.5,
     .help = "the control is assumed to fail at least this often, however few its trials"},
    {COUNT(address_trials), .careful = 8, .fast = 1, .min = 0, .max = 200,
     .help = "trials of `preferred` on every known address before it is advised"},
    {COUNT(further_failures), .careful = 2, .fast = 0, .min = 0, .max = 3,
     .help = "how many of the further tries after a failure must fail to make it reproducible"},
    {COUNT(rate_failures), BOTH(3), .min = 1, .max = 1000,
     .help = "failures in the window before their rate can demote"},
    {RATE(rate_p), BOTH(0.001), .min = 0, .max = 0.5,
     .help = "a failure rate demotes if chance explains it less often than this"},
    {COUNT(fault_days), .careful = 2, .fast = 1, .min = 1, .max = RULE_WINDOW_MAX,
     .help = "days in the window on which a fault must be diagnosed before it demotes"},
    {COUNT(benefit_days), .careful = 7, .fast = 1, .min = 1, .max = RULE_WINDOW_MAX,
     .help =
         "days on which the hybrid is never chosen before its key share is given up as useless"},
    {COUNT(dual_trials), .careful = 7, .fast = 1, .min = 1, .max = 10000,
     .help = "trials of `preferred-dual`, none of them failed, before that variant is offered"},
    {RATE(retry_price), BOTH(0.5), .min = 0, .max = 1000,
     .help = "what a connection with a retry costs, where one that reaches the hybrid is worth 1"},
    {COUNT(hold_days), .careful = 7, .fast = 0, .min = 0, .max = 365,
     .help = "days without an upward move after a demotion; doubled by every further demotion"},
    {COUNT(hold_days_max), .careful = 56, .fast = 0, .min = 0, .max = 3650,
     .help = "upper limit of that doubling"},
    {COUNT(pin_demotions), .careful = 3, .fast = 0, .min = 0, .max = 4,
     .help =
         "demotions within pin_days that pin an origin until an operator releases it; 0: never"},
    {COUNT(pin_days), BOTH(180), .min = 1, .max = 3650,
     .help = "days for which a demotion is remembered"},
    {COUNT(settle_days), .careful = 1, .fast = 0, .min = 0, .max = 7,
     .help = "days between the day that completes the evidence and the promotion"},
    {COUNT(stale_days), BOTH(7), .min = 1, .max = 365,
     .help = "days without a conclusive scan after which nothing moves up"},
    {COUNT(advice_days), BOTH(30), .min = 1, .max = 3650,
     .help = "days without a conclusive scan after which nothing is advised"},

    {COUNT(supported_trials_a_day), .careful = 4, .fast = 0, .min = 0, .max = 48,
     .help = "trials a day while `supported` is being proven, the daily scan included"},
    {COUNT(preferred_trials_a_day), .careful = 8, .fast = 0, .min = 0, .max = 48,
     .help = "trials a day while `preferred` is being proven, the daily scan included"},
    {COUNT(guard_trials_a_day), .careful = 4, .fast = 0, .min = 0, .max = 48,
     .help = "trials a day while `preferred` is advised, the daily scan included"},
    {COUNT(probation_days), BOTH(14), .min = 0, .max = 365,
     .help = "days after a promotion to `preferred` with as many trials as before it"},
    {COUNT(confirm_pause_s), BOTH(300), .min = 1, .max = 86400,
     .help = "seconds between a failure and the further tries that confirm it"},

    {COUNT(ramp_start_percent), .careful = 1, .fast = 100, .min = 1, .max = 100,
     .help = "percentage of the traffic at which an upward move starts"},
    {COUNT(stage_hours), BOTH(24), .min = 0, .max = 8760,
     .help = "minimum duration of a stage of the ramp, in hours"},
    {COUNT(no_feedback_percent), BOTH(10), .min = 1, .max = 100,
     .help = "percentage of the traffic at which the ramp stops unless canary feedback comes in"},
    {FLAG(blind_ramp), BOTH(0), .min = 0, .max = 1,
     .help = "ramp up to 100 % without canary feedback"},
    {COUNT(feedback_handshakes), BOTH(500), .min = 1, .max = 1000000000,
     .help = "canary handshakes in a stage before the next stage begins"},
    {RATE(feedback_unclear_p), BOTH(0.05), .min = 0, .max = 0.5,
     .help = "a stage waits while chance explains the canary's failures less often than this"},
    {RATE(feedback_p), BOTH(0.00000001), .min = 0, .max = 0.05,
     .help = "the canary is rolled back if chance explains its failures less often than this"},
    {RATE(feedback_floor), BOTH(0.001), .min = 0.000001, .max = 0.5,
     .help = "the control arm is assumed to fail at least this often"},
    {RATE(feedback_base), BOTH(0.005), .min = 0.000001, .max = 0.5,
     .help = "failure rate assumed for the control arm until something is reported about it"},
    {RATE(feedback_retries), BOTH(0.1), .min = 0, .max = 1,
     .help = "tolerated excess of the canary's retry rate over the control arm's, as a fraction"},

    {RATE(brake_down_share), BOTH(0.005), .min = 0, .max = 1,
     .help = "the brake comes on when more than this fraction of the zones moves down in 24 hours"},
    {COUNT(brake_down_zones), BOTH(50), .min = 0, .max = 1000000000,
     .help = "and at least this many zones have to move down for that"},
    {RATE(brake_control_factor), BOTH(3), .min = 1, .max = 1000,
     .help = "the brake comes on when control failures exceed their 30-day median by this factor"},
    {RATE(up_share), BOTH(0.02), .min = 0, .max = 1,
     .help = "fraction of the zones that may move up per day"},
    {COUNT(up_zones), BOTH(1), .min = 0, .max = 1000000000,
     .help = "this many zones may move up per day in any case, for small fleets"},
};
/* clang-format on */

#define KEYS_N COUNT_OF(keys)

const struct rule_key *rule_params_keys(size_t *count) {
    *count = KEYS_N;
    return keys;
}

static void set_threshold(struct rule_params *params, const struct rule_key *key, double value) {
    char *at = (char *)params + key->offset;
    uint32_t count = (uint32_t)value;
    bool flag = value != 0;
    switch (key->kind) {
    case RULE_KEY_WHOLE:
        memcpy(at, &count, sizeof count);
        return;
    case RULE_KEY_RATE:
        memcpy(at, &value, sizeof value);
        return;
    case RULE_KEY_BOOL:
        memcpy(at, &flag, sizeof flag);
        return;
    }
}

void rule_params_init(struct rule_params *params, enum rule_profile profile) {
    memset(params, 0, sizeof *params);
    params->profile = profile;
    params->hybrid = GROUP_X25519MLKEM768;
    for (size_t i = 0; i < KEYS_N; i++)
        set_threshold(params, &keys[i], profile == PROFILE_FAST ? keys[i].fast : keys[i].careful);
}

const char *rule_params_profile_name(enum rule_profile profile) {
    return profile == PROFILE_FAST ? "fast" : "careful";
}

bool rule_params_profile_parse(const char *name, enum rule_profile *out) {
    bool fast = strcmp(name, "fast") == 0;
    if (!fast && strcmp(name, "careful") != 0)
        return false;
    *out = fast ? PROFILE_FAST : PROFILE_CAREFUL;
    return true;
}

double rule_params_get(const struct rule_params *params, const struct rule_key *key) {
    const char *at = (const char *)params + key->offset;
    uint32_t count = 0;
    double rate = 0;
    bool flag = false;
    switch (key->kind) {
    case RULE_KEY_WHOLE:
        memcpy(&count, at, sizeof count);
        return count;
    case RULE_KEY_RATE:
        memcpy(&rate, at, sizeof rate);
        return rate;
    case RULE_KEY_BOOL:
        memcpy(&flag, at, sizeof flag);
        return flag ? 1 : 0;
    }
    return 0;
}

bool rule_params_equal(const struct rule_params *a, const struct rule_params *b) {
    for (size_t i = 0; i < KEYS_N; i++)
        if (rule_params_get(a, &keys[i]) != rule_params_get(b, &keys[i]))
            return false;
    return a->profile == b->profile && a->hybrid == b->hybrid;
}

bool rule_params_set(struct rule_params *params, const struct rule_key *key, double value,
                     struct err *err) {
    if (!(value >= key->min && value <= key->max))
        return err_set(err, "%s = %g is out of range (%g to %g)", key->name, value, key->min,
                       key->max);
    if (key->kind != RULE_KEY_RATE && floor(value) != value)
        return err_set(err, "%s = %g must be a whole number", key->name, value);
    set_threshold(params, key, value);
    return true;
}

bool rule_params_check(const struct rule_params *params, struct err *err) {
    const struct rule_params *p = params;
    uint32_t window = p->window_days;
    if (p->supported_days > window || p->preferred_days > window || p->benefit_days > window ||
        p->fault_days > window)
        return err_set(err,
                       "supported_days, preferred_days, benefit_days and fault_days must not "
                       "exceed window_days (%u)",
                       window);
    if (p->memory_days < window)
        return err_set(err, "memory_days (%u) is less than window_days (%u)", p->memory_days,
                       window);
    if (p->hold_days > p->hold_days_max)
        return err_set(err, "hold_days (%u) exceeds hold_days_max (%u)", p->hold_days,
                       p->hold_days_max);
    if (p->stale_days > p->advice_days)
        return err_set(err, "stale_days (%u) exceeds advice_days (%u)", p->stale_days,
                       p->advice_days);
    return true;
}
