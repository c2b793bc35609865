/* The two statistics against values computed in another way. */
#include "report/rule/binomial.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void near(double actual, double expected, double tolerance) {
    if (fabs(actual - expected) > tolerance)
        fail_msg("%.12g, expected %.12g", actual, expected);
}

/* The bound p solves (p - f/n)^2 = z^2 p (1 - p) / n: that is how Wilson's interval is defined. */
static void wilson_solves_its_equation(void **state) {
    (void)state;
    const double z = 1.6448536269514722;
    for (unsigned n = 1; n < 300; n += 7) {
        for (unsigned f = 0; f < n; f += 3) {
            double p = binomial_upper95(n, f);
            double rate = (double)f / n;
            assert_true(p > rate);
            near((p - rate) * (p - rate), z * z * p * (1 - p) / n, 1e-12);
        }
    }
    near(binomial_upper95(0, 0), 1, 0);
    near(binomial_upper95(10, 10), 1, 1e-12);
}

/* The document's own example: 56 trials allow one failure at 8 %. */
static void fifty_six_trials_allow_one_failure(void **state) {
    (void)state;
    assert_true(binomial_upper95(56, 0) <= 0.08);
    assert_true(binomial_upper95(56, 1) <= 0.08);
    assert_true(binomial_upper95(56, 2) > 0.08);
}

/* 1 minus the lower tail, by the recurrence from k = 0. */
static double tail(unsigned n, unsigned k, double p) {
    double term = pow(1 - p, n);
    double below = 0;
    for (unsigned i = 0; i < k; i++) {
        below += term;
        term *= (double)(n - i) / (i + 1) * p / (1 - p);
    }
    return 1 - below;
}

static void tail_equals_the_complement(void **state) {
    (void)state;
    static const double rates[] = {0.002, 0.02, 0.1, 0.3, 0.5, 0.9};
    for (unsigned r = 0; r < sizeof rates / sizeof *rates; r++) {
        for (unsigned n = 1; n < 200; n += 11) {
            for (unsigned k = 0; k <= n; k++) {
                double p = binomial_excess_p(n, k, rates[r]);
                if (k == 0 || k <= n * rates[r])
                    near(p, 1, 0);
                else
                    near(p, tail(n, k, rates[r]), 1e-9);
            }
        }
    }
}

/* Far out in the tail, where a complement would be lost to rounding. */
static void tail_is_exact_far_out(void **state) {
    (void)state;
    near(binomial_excess_p(20, 20, 0.01) / 1e-40, 1, 1e-9);
    near(binomial_excess_p(2, 1, 0.001), 2 * 0.001 - 0.001 * 0.001, 1e-15);
    assert_true(binomial_excess_p(100000, 5000, 0.002) < 1e-300);
    near(binomial_excess_p(5, 1, 0), 0, 0);
}

static void below_agrees_with_the_tail(void **state) {
    (void)state;
    static const double limits[] = {1e-12, 1e-8, 1e-6, 0.001, 0.0099, 0.05, 0.3};
    static const double rates[] = {0.0001, 0.002, 0.02, 0.1, 0.3, 0.5, 0.8, 0.97};
    for (unsigned n = 1; n < 4000; n = n * 3 / 2 + 1) {
        for (unsigned r = 0; r < sizeof rates / sizeof *rates; r++) {
            for (unsigned k = 0; k <= n; k += 1 + n / 200) {
                double p = binomial_excess_p(n, k, rates[r]);
                for (unsigned l = 0; l < sizeof limits / sizeof *limits; l++)
                    assert_int_equal(binomial_excess_below(n, k, rates[r], limits[l]),
                                     p < limits[l]);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_solves_its_equation),
        cmocka_unit_test(fifty_six_trials_allow_one_failure),
        cmocka_unit_test(tail_equals_the_complement),
        cmocka_unit_test(tail_is_exact_far_out),
        cmocka_unit_test(below_agrees_with_the_tail),
    };
    return cmocka_run_group_tests_name("binomial", tests, NULL, NULL);
}
