/* The two statistics that the rule rests on. Pure arithmetic. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Upper end of the one-sided 95 % Wilson score interval of a failure rate: with this many failures
 * in that many trials, rates above it are ruled out at the 5 % level. 1 where there are no trials.
 * 56 trials: 0.046 with no failure, 0.078 with one, 0.106 with two. */
double binomial_upper95(uint64_t trials, uint64_t failures);

/* How surprising that many failures or more are if each trial fails with `rate`: the upper tail of
 * the binomial distribution. 1 where the failures do not exceed what is expected: only an excess
 * can surprise, and its small tail is computed without cancellation. `failures` <= `trials`. */
double binomial_excess_p(uint64_t trials, uint64_t failures, double rate);

/* Whether that is less than `limit`: equal to binomial_excess_p(…) < limit, but answered at once
 * where the failures are within two standard deviations and the limit is below 0.01. */
bool binomial_excess_below(uint64_t trials, uint64_t failures, double rate, double limit);
