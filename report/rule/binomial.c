/* Wilson's bound and the binomial tail. */
#include "report/rule/binomial.h"

#include <assert.h>
#include <math.h>

double binomial_upper95(uint64_t trials, uint64_t failures) {
    assert(failures <= trials);
    if (trials == 0)
        return 1.0;
    const double z = 1.6448536269514722; /* the normal quantile of 0.95 */
    double n = (double)trials;
    double rate = (double)failures / n;
    double centre = rate + z * z / (2 * n);
    double spread = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n));
    return fmin(1.0, (centre + spread) / (1 + z * z / n));
}

double binomial_excess_p(uint64_t trials, uint64_t failures, double rate) {
    assert(failures <= trials);
    double n = (double)trials;
    double k = (double)failures;
    if (k <= n * rate || failures == 0)
        return 1.0;
    if (rate <= 0)
        return 0.0;
    int sign;
    double log_term = lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign) +
                      k * log(rate) + (n - k) * log1p(-rate);
    double term = exp(log_term);
    double sum = 0;
    /* Above the expectation each term is smaller than the one before it, so the sum converges. */
    for (double i = k; i <= n && term > sum * 1e-12; i++) {
        sum += term;
        term *= (n - i) / (i + 1) * rate / (1 - rate);
    }
    return fmin(1.0, sum);
}

bool binomial_excess_below(uint64_t trials, uint64_t failures, double rate, double limit) {
    double n = (double)trials;
    double excess = (double)failures - n * rate;
    if (excess <= 0 || failures == 0)
        return limit > 1;
    /* Up to here the tail is never below 0.02, checked over a grid in the unit test. */
    if (limit < 0.01 && excess * excess <= 4 * n * rate * (1 - rate))
        return false;
    return binomial_excess_p(trials, failures, rate) < limit;
}
