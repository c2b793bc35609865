/* Repeated feedback reports are found, whatever lies between a report's fields, and however many
 * came before. */
#include "cmd/settle/seen_reports.h"

#include "scanner/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct feedback usual = {
    .arm = ARM_CANARY, .handshakes = 1000, .failures = 2, .retries = 1};

static void test_reports_without_a_period_repeat_by_their_numbers(void **state) {
    (void)state;
    struct seen_reports *seen = seen_reports_new();
    struct feedback control = usual, more = usual, failing = usual, retrying = usual;
    control.arm = ARM_CONTROL;
    more.handshakes++;
    failing.failures++;
    retrying.retries++;
    assert_true(seen_reports_add(seen, "shop", 0, &usual));
    assert_true(seen_reports_add(seen, "shops", 0, &usual));
    assert_true(seen_reports_add(seen, "sho", 0, &usual));
    assert_true(seen_reports_add(seen, "shop", 0, &control));
    assert_true(seen_reports_add(seen, "shop", 0, &more));
    assert_true(seen_reports_add(seen, "shop", 0, &failing));
    assert_true(seen_reports_add(seen, "shop", 0, &retrying));
    assert_true(seen_reports_add(seen, "shop", 1, &usual));
    assert_false(seen_reports_add(seen, "shop", 0, &usual));
    assert_false(seen_reports_add(seen, "shop", 0, &retrying));
    seen_reports_free(seen);
}

static void test_reports_of_a_period_repeat_by_zone_arm_and_end(void **state) {
    (void)state;
    struct seen_reports *seen = seen_reports_new();
    struct feedback control = usual, other = {.arm = ARM_CANARY, .handshakes = 7};
    control.arm = ARM_CONTROL;
    assert_true(seen_reports_add(seen, "shop", 1000, &usual));
    assert_false(seen_reports_add(seen, "shop", 1000, &other));
    assert_true(seen_reports_add(seen, "shop", 1000, &control));
    assert_true(seen_reports_add(seen, "shop", 2000, &other));
    assert_true(seen_reports_add(seen, "store", 1000, &other));
    seen_reports_free(seen);
}

/* A struct has gaps, and what is in them is nobody's. */
static void test_gaps_between_fields_mean_nothing(void **state) {
    (void)state;
    struct seen_reports *seen = seen_reports_new();
    struct feedback zeros, ones;
    memset(&zeros, 0, sizeof zeros);
    memset(&ones, 0xff, sizeof ones);
    zeros.arm = ones.arm = usual.arm;
    zeros.handshakes = ones.handshakes = usual.handshakes;
    zeros.failures = ones.failures = usual.failures;
    zeros.retries = ones.retries = usual.retries;
    assert_true(seen_reports_add(seen, "shop", 0, &zeros));
    assert_false(seen_reports_add(seen, "shop", 0, &ones));
    seen_reports_free(seen);
}

/* Looking through all earlier ones for each takes 5,000,000,000 comparisons: half a minute. */
static void test_a_hundred_thousand_reports(void **state) {
    (void)state;
    enum { REPORTS = 100000, LIMIT_US = 3000000 };
    struct seen_reports *seen = seen_reports_new();
    uint64_t begun_us = clock_cpu_us();
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < REPORTS; i++) {
            struct feedback report = usual;
            report.handshakes = 1000 + i;
            assert_int_equal(seen_reports_add(seen, "a-zone-with-a-long-name", 0, &report),
                             round == 0);
        }
    }
    assert_true(clock_cpu_us() - begun_us < LIMIT_US);
    seen_reports_free(seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports_without_a_period_repeat_by_their_numbers),
        cmocka_unit_test(test_reports_of_a_period_repeat_by_zone_arm_and_end),
        cmocka_unit_test(test_gaps_between_fields_mean_nothing),
        cmocka_unit_test(test_a_hundred_thousand_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
