/* Which gaps between two beats were spent without running, and which jumps are the wall clock's. */
#include "cmd/daemon/clock_watch.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND_US UINT64_C(1000000)

/* Seconds passed, seconds worked, milliseconds of the wall clock -> idle and jump. */
static const struct {
    const char *name;
    uint64_t passed_s, worked_s;
    int64_t wall_ms;
    uint64_t idle_ms;
    int64_t jump_ms;
} cases[] = {
    {"an ordinary beat", 1, 0, 1000, 1000, 0},
    {"busy all the time", 8, 8, 8000, 0, 0},
    {"stopped for a minute", 61, 0, 61000, 61000, 0},
    {"suspended for a night: the wall clock is right", 30000, 1, 30000000, 29999000, 0},
    {"set forward", 1, 0, 100001000, 1000, 100000000},
    {"set back", 1, 0, -99999000, 1000, -100000000},
    {"slewed a little", 1, 0, 1004, 1000, 4},
    {"several threads would work more than passes", 1, 2, 1000, 0, 0},
};

static void test_cases(void **state) {
    (void)state;
    const struct clock_watch then = {500 * SECOND_US, 20 * SECOND_US, INT64_C(1795446000123)};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct clock_watch now = {then.boot_us + cases[i].passed_s * SECOND_US,
                                  then.cpu_us + cases[i].worked_s * SECOND_US,
                                  then.wall_ms + cases[i].wall_ms};
        if (clock_watch_idle_ms(&then, &now) != cases[i].idle_ms ||
            clock_watch_jump_ms(&then, &now) != cases[i].jump_ms)
            fail_msg("%s", cases[i].name);
    }
}

/* Works for 50 ms; by how much the clocks disagree about that. */
static int64_t disagreement_ms(void) {
    struct clock_watch then = clock_watch_read();
    volatile unsigned work = 0;
    struct clock_watch now = then;
    while (now.boot_us - then.boot_us < 50000) {
        work++;
        now = clock_watch_read();
    }
    assert_true(now.cpu_us > then.cpu_us);
    int64_t jump_ms = clock_watch_jump_ms(&then, &now);
    return jump_ms < 0 ? -jump_ms : jump_ms;
}

/* Whoever is interrupted between two clocks sees them apart, but not every time. */
static void test_the_real_clocks_agree(void **state) {
    (void)state;
    int64_t least_ms = disagreement_ms();
    for (int again = 0; again < 40 && least_ms > 5; again++) {
        int64_t ms = disagreement_ms();
        least_ms = ms < least_ms ? ms : least_ms;
    }
    assert_in_range(least_ms, 0, 5);
}

static atomic_bool over;

static void *work_on(void *arg) {
    while (!atomic_load(&over))
        continue;
    return arg;
}

/* HTTP has threads of its own: that they work does not mean that we do. */
static void test_another_thread_does_not_work_for_us(void **state) {
    (void)state;
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, work_on, NULL), 0);
    struct clock_watch then = clock_watch_read();
    usleep(300000);
    struct clock_watch now = clock_watch_read();
    atomic_store(&over, true);
    pthread_join(other, NULL);
    assert_true(clock_watch_idle_ms(&then, &now) >= 250);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_the_real_clocks_agree),
        cmocka_unit_test(test_another_thread_does_not_work_for_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
