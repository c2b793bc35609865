/* What flaps and what only changes. */
#include "report/fleet/flap_watch.h"

#include "scanner/base/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START_MS INT64_C(1795424400000)

/* The verdict or status takes these values, one every so many hours. */
static struct flap_watch play(const char *field, const char *const *values, size_t n, int hours) {
    struct flap_watch watch = {0};
    for (size_t i = 1; i < n; i++)
        flap_watch_note(&watch, START_MS + (int64_t)i * hours * HOUR_MS, field, values[i - 1],
                        values[i]);
    return watch;
}

static const char *const to_and_fro[] = {"ready", "classical", "ready", "classical", "ready"};

static void three_returns_are_flapping(void **state) {
    (void)state;
    assert_true(play("verdict", to_and_fro, 5, 24).flapping);
    assert_int_equal(play("verdict", to_and_fro, 5, 24).changes, 4);
    assert_false(play("verdict", to_and_fro, 4, 24).flapping); /* two returns */
    static const char *const up_and_down[] = {"complete", "unreachable", "complete", "unreachable",
                                              "complete"};
    assert_true(play("status", up_and_down, 5, 1).flapping);
}

static void changes_that_stay_are_none(void **state) {
    (void)state;
    static const char *const onwards[] = {"classical",   "draft-only", "ready-after-retry", "ready",
                                          "split-hello", "unstable",   "size-limit"};
    struct flap_watch watch = play("verdict", onwards, 7, 1);
    assert_int_equal(watch.changes, 6);
    assert_false(watch.flapping);
}

static void slow_returns_are_none(void **state) {
    (void)state;
    assert_true(play("verdict", to_and_fro, 5, 7 * 24).flapping);
    assert_false(play("verdict", to_and_fro, 5, 8 * 24).flapping);  /* 16 days between three */
    assert_false(play("verdict", to_and_fro, 5, 15 * 24).flapping); /* no return at all */
}

static void other_fields_do_not_count(void **state) {
    (void)state;
    static const char *const settings[] = {"off",       "supported", "off",
                                           "supported", "off",       "supported"};
    struct flap_watch watch = play("setting", settings, 6, 1);
    assert_int_equal(watch.changes, 0);
    assert_false(watch.flapping);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_returns_are_flapping),
        cmocka_unit_test(changes_that_stay_are_none),
        cmocka_unit_test(slow_returns_are_none),
        cmocka_unit_test(other_fields_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
