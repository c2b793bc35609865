/* Every threshold of the decision rule, with its default, its range and what it means. The keys are
 * the names that the configuration uses. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `careful` asks for days of repetition and is what the daemon uses. `fast` lets one complete scan
 * decide, for one-shot use; everything that comes from it is marked provisional. */
enum rule_profile { PROFILE_CAREFUL, PROFILE_FAST };

struct rule_params {
    enum rule_profile profile; /* set by rule_params_init, no key */
    uint16_t hybrid;           /* the configured hybrid group, no key of this table */

    /* evidence of one origin */
    uint32_t window_days;
    uint32_t supported_days;
    uint32_t supported_trials;
    uint32_t preferred_days;
    uint32_t preferred_trials;
    double failure_bound;
    double above_control_p;
    uint32_t memory_days;
    double control_floor;
    uint32_t address_trials;
    uint32_t further_failures;
    uint32_t rate_failures;
    double rate_p;
    uint32_t fault_days;
    uint32_t benefit_days;
    uint32_t dual_trials;
    double retry_price;
    uint32_t hold_days;
    uint32_t hold_days_max;
    uint32_t pin_demotions;
    uint32_t pin_days;
    uint32_t settle_days;
    uint32_t stale_days;
    uint32_t advice_days;

    /* extra trials */
    uint32_t supported_trials_a_day;
    uint32_t preferred_trials_a_day;
    uint32_t guard_trials_a_day;
    uint32_t probation_days;
    uint32_t confirm_pause_s;

    /* ramp and feedback of a zone */
    uint32_t ramp_start_percent;
    uint32_t stage_hours;
    uint32_t no_feedback_percent;
    bool blind_ramp;
    uint32_t feedback_handshakes;
    double feedback_unclear_p;
    double feedback_p;
    double feedback_floor;
    double feedback_base;
    double feedback_retries;

    /* the whole fleet */
    double brake_down_share;
    uint32_t brake_down_zones;
    double brake_control_factor;
    double up_share;
    uint32_t up_zones;
};

/* The largest `window_days`: as many days of evidence are kept for each origin. */
#define RULE_WINDOW_MAX 28

enum rule_key_kind { RULE_KEY_WHOLE, RULE_KEY_RATE, RULE_KEY_BOOL };

struct rule_key {
    const char *name;
    enum rule_key_kind kind;
    size_t offset; /* into struct rule_params: uint32_t, double or bool, by kind */
    double careful;
    double fast;
    double min;
    double max;
    const char *help;
};

/* The keys in the order of the struct. */
const struct rule_key *rule_params_keys(size_t *count);

/* The defaults of that profile, with X25519MLKEM768 as the hybrid. */
void rule_params_init(struct rule_params *params, enum rule_profile profile);

/* "careful" and "fast". */
const char *rule_params_profile_name(enum rule_profile profile);
bool rule_params_profile_parse(const char *name, enum rule_profile *out);

/* The same profile, hybrid and value of every key; padding does not count. */
bool rule_params_equal(const struct rule_params *a, const struct rule_params *b);

double rule_params_get(const struct rule_params *params, const struct rule_key *key);

/* False with the reason if the value is not a number, out of range, or not whole where it counts.
 */
bool rule_params_set(struct rule_params *params, const struct rule_key *key, double value,
                     struct err *err);

/* Relations between keys (supported_days <= window_days and so on); false with the first that is
 * broken. To be called once after the last rule_params_set. */
bool rule_params_check(const struct rule_params *params, struct err *err);
