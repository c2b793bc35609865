/* Alive and ready, by what was done and when. */
#include "cmd/daemon/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000)

/* One that has claimed and scanned, and turns at that moment. */
static struct health working(uint64_t now_us) {
    struct health health;
    health_begin(&health, now_us);
    health_note_store(&health, true, now_us);
    health_note_scan(&health, now_us);
    return health;
}

static void expect(bool good, const struct err *err, const char *why) {
    assert_int_equal(good, why == NULL);
    if (why && !strstr(err->text, why))
        fail_msg("\"%s\" says nothing of \"%s\"", err->text, why);
}

/* `ready` and `live`: why not; NULL: it is. */
static void expect_health(const struct health *health, uint64_t now_us, const char *ready,
                          const char *live) {
    struct err err = {""};
    expect(health_is_ready(health, now_us, &err), &err, ready);
    expect(health_is_live(health, now_us, &err), &err, live);
}

static void not_ready_before_the_store_answered(void **state) {
    (void)state;
    struct health health;
    health_begin(&health, SECOND);
    expect_health(&health, SECOND, "not answered yet", NULL);
    health_note_turn(&health, 5 * SECOND);
    health_note_store(&health, false, 5 * SECOND);
    expect_health(&health, 5 * SECOND, "not answered yet", NULL);
    health_note_store(&health, true, 6 * SECOND);
    expect_health(&health, 6 * SECOND, NULL, NULL);
}

static void a_loop_that_stands_still_is_neither(void **state) {
    (void)state;
    struct health health = working(SECOND);
    expect_health(&health, 10 * SECOND, NULL, NULL);
    expect_health(&health, 13 * SECOND, "stood still for 12 seconds", "stood still for 12 seconds");
    health_note_turn(&health, 13 * SECOND);
    expect_health(&health, 13 * SECOND, NULL, NULL);
}

static void a_late_store_is_forgiven_for_a_while(void **state) {
    (void)state;
    struct health health = working(SECOND);
    health_note_store(&health, false, 2 * SECOND);
    for (uint64_t s = 3; s < 1000; s++) {
        health_note_turn(&health, s * SECOND);
        health_note_store(&health, false, s * SECOND);
        expect_health(&health, s * SECOND, s <= 12 ? NULL : "database has been unavailable",
                      s <= 902 ? NULL : "database has been unavailable");
    }
    health_note_store(&health, true, 1000 * SECOND); /* and scans may come from now on */
    health_note_turn(&health, 1000 * SECOND);
    expect_health(&health, 1000 * SECOND, NULL, NULL);
}

static void visits_that_never_end_are_noticed(void **state) {
    (void)state;
    struct health health = working(SECOND);
    health_note_turn(&health, 500 * SECOND);
    expect_health(&health, 500 * SECOND, "nothing has been scanned", NULL);
    health_note_turn(&health, 902 * SECOND);
    expect_health(&health, 902 * SECOND, "nothing has been scanned", "no visit has ended");
    health_note_visit(&health, 902 * SECOND); /* deferred: our own trouble */
    expect_health(&health, 902 * SECOND, "nothing has been scanned", NULL);
    health_note_idle(&health, 902 * SECOND);
    expect_health(&health, 902 * SECOND, "nothing has been scanned", NULL);
    health_note_scan(&health, 902 * SECOND);
    expect_health(&health, 902 * SECOND, NULL, NULL);
}

static void nothing_to_do_is_fine(void **state) {
    (void)state;
    struct health health = working(SECOND);
    health_note_idle(&health, 5000 * SECOND);
    health_note_turn(&health, 5000 * SECOND);
    expect_health(&health, 5000 * SECOND, NULL, NULL);
}

static void a_low_rate_is_waited_for(void **state) {
    (void)state;
    struct health health = working(SECOND);
    health_note_turn(&health, 4000 * SECOND);
    health_note_rate(&health, 0.01); /* 40 connections take 4,000 s */
    expect_health(&health, 4000 * SECOND, NULL, NULL);
    health_note_rate(&health, 0);
    expect_health(&health, 4000 * SECOND, "nothing has been scanned", "no visit has ended");
}

static void once_ended_it_stays_so(void **state) {
    (void)state;
    struct health health = working(SECOND);
    health_note_stop(&health);
    expect_health(&health, 2 * SECOND, "stopping", NULL);
    health_note_end(&health, "the database failed");
    health_note_turn(&health, 2 * SECOND);
    health_note_scan(&health, 2 * SECOND);
    expect_health(&health, 2 * SECOND, "the database failed", "the database failed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_ready_before_the_store_answered),
        cmocka_unit_test(a_loop_that_stands_still_is_neither),
        cmocka_unit_test(a_late_store_is_forgiven_for_a_while),
        cmocka_unit_test(visits_that_never_end_are_noticed),
        cmocka_unit_test(nothing_to_do_is_fine),
        cmocka_unit_test(a_low_rate_is_waited_for),
        cmocka_unit_test(once_ended_it_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
