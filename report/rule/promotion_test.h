/* The tests that evidence has to pass: for a promotion, and before a rate of failures demotes. Pure
 * functions of the window's sums. */
#pragma once

#include "report/rule/origin_evidence.h"
#include "report/rule/rule_reason.h"

/* Why the evidence does not pass, or REASON_NONE. */
struct promotion_test {
    enum rule_reason reason;
    uint32_t missing;  /* days, trials or failures that `reason` speaks of */
    int32_t until_day; /* when it ends by itself at the earliest, or EVIDENCE_NO_DAY */
};

/* Whether `supported`, or `preferred`, is proven to be tolerated on the last day of the evidence. */
struct promotion_test promotion_test_supported(const struct evidence_window *window);
struct promotion_test promotion_test_preferred(const struct evidence_window *window);

/* Why the hybrid's key share gains this origin nothing; REASON_NONE where it is picked, or was never
 * tried. */
enum rule_reason promotion_test_gain(const struct evidence_window *window);

/* Whether an origin of that level still deserves that its zone's ramp goes on: no reproducible
 * failure, no diagnosed fault, no excess of failures. Amounts are not asked for again. */
bool promotion_test_holds(const struct evidence_window *window, enum rule_level level);

/* Whether `supported` worked in the window, without a reproducible failure or a diagnosed fault. */
bool promotion_test_supported_works(const struct evidence_window *window);

/* Whether the failures of the mode, one of them today, are too many for chance given the control's
 * rate. The control and the successes count up to yesterday, so that no success of today can tip
 * the balance either way. */
bool promotion_test_rate_demotes(const struct evidence_window *window, enum mode mode);

/* The control's own failure rate, not below the floor. */
double promotion_test_control_rate(const struct evidence_window *window);
