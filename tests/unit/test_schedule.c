/* The schedule under a virtual clock: a year of days, outages, failures and wrong clocks. */
#include "store/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ORIGINS = 500, DAYS = 365, HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };
static const int64_t START_MS = INT64_C(1795446000000); /* 2026-11-23T15:00:00Z */

static uint64_t phase_of(int i) {
    char host[32];
    snprintf(host, sizeof host, "host%d.example", i);
    return schedule_phase(host, 443, host, "");
}

static void phases_are_fixed_and_depend_on_each_part(void **state) {
    (void)state;
    uint64_t phase = schedule_phase("a.example", 443, "a.example", "");
    assert_int_equal(phase, schedule_phase("a.example", 443, "a.example", ""));
    assert_int_not_equal(phase, schedule_phase("b.example", 443, "a.example", ""));
    assert_int_not_equal(phase, schedule_phase("a.example", 444, "a.example", ""));
    assert_int_not_equal(phase, schedule_phase("a.example", 443, "", ""));
    assert_int_not_equal(phase, schedule_phase("a.example", 443, "a.example", "192.0.2.1"));
    /* stored due times of older releases stay right only while this number stays */
    assert_int_equal(phase, UINT64_C(0x91827ba7c8aa3c8d));
}

static void an_import_spreads_over_the_period(void **state) {
    (void)state;
    enum { MANY = 100000, HOURS = 24 };
    struct schedule daily = schedule_every(DAY_MS);
    int per_hour[HOURS + 1] = {0};
    for (int i = 0; i < MANY; i++) {
        int64_t wait = schedule_first(&daily, phase_of(i), START_MS) - START_MS;
        assert_true(wait > 0 && wait <= DAY_MS + daily.jitter_ms);
        per_hour[wait / HOUR_MS]++;
    }
    for (int hour = 1; hour < HOURS; hour++)
        assert_in_range(per_hour[hour], MANY / HOURS * 95 / 100, MANY / HOURS * 105 / 100);
}

static void slots_follow_each_other_without_gap_or_repetition(void **state) {
    (void)state;
    const int64_t periods[] = {1000, 60 * 1000, HOUR_MS, DAY_MS, 7 * (int64_t)DAY_MS};
    for (size_t p = 0; p < sizeof periods / sizeof *periods; p++) {
        struct schedule schedule = schedule_every(periods[p]);
        for (int i = 0; i < 50; i++) {
            int64_t at = schedule_slot_after(&schedule, phase_of(i), START_MS);
            for (int k = 0; k < 200; k++) {
                int64_t next = schedule_slot_after(&schedule, phase_of(i), at);
                assert_int_equal(next, schedule_slot_after(&schedule, phase_of(i), next - 1));
                int64_t gap = next - at;
                assert_true(llabs(gap - periods[p]) <= schedule.jitter_ms);
                at = next;
            }
        }
    }
    struct schedule daily = schedule_every(DAY_MS);
    assert_true(schedule_slot_after(&daily, phase_of(1), -5 * (int64_t)DAY_MS) <
                -3 * (int64_t)DAY_MS);
}

/* Origins that are served in due order, a fixed time apart, by a scanner that can be down. */
struct world {
    struct schedule schedule;
    int64_t now_ms;
    int64_t due_ms[ORIGINS];
    int scans[ORIGINS];
};

static void world_init(struct world *world) {
    *world = (struct world){.schedule = schedule_every(DAY_MS), .now_ms = START_MS};
    for (int i = 0; i < ORIGINS; i++)
        world->due_ms[i] = schedule_first(&world->schedule, phase_of(i), START_MS);
}

static int world_earliest(const struct world *world) {
    int best = 0;
    for (int i = 1; i < ORIGINS; i++)
        if (world->due_ms[i] < world->due_ms[best])
            best = i;
    return best;
}

/* Scans what is due until that time; each scan takes `cost_ms`. Returns how many were made. */
static int world_run(struct world *world, int64_t until_ms, int64_t cost_ms) {
    int made = 0;
    for (;;) {
        int i = world_earliest(world);
        int64_t start = world->due_ms[i] > world->now_ms ? world->due_ms[i] : world->now_ms;
        if (start >= until_ms)
            break;
        struct schedule_visit visit = {.started_ms = start};
        world->due_ms[i] = schedule_next(&world->schedule, phase_of(i), &visit).due_ms;
        world->scans[i]++;
        world->now_ms = start + cost_ms;
        made++;
    }
    world->now_ms = until_ms;
    return made;
}

static void a_year_has_365_scans_of_each_origin(void **state) {
    (void)state;
    static struct world world;
    world_init(&world);
    for (int day = 1; day <= DAYS; day++)
        world_run(&world, START_MS + day * (int64_t)DAY_MS, 20);
    for (int i = 0; i < ORIGINS; i++)
        assert_in_range(world.scans[i], DAYS - 1, DAYS + 1);
}

static void the_busiest_hour_of_a_year_is_no_burst(void **state) {
    (void)state;
    static struct world world;
    world_init(&world);
    int most = 0;
    for (int hour = 1; hour <= DAYS * 24; hour++) {
        int made = world_run(&world, START_MS + hour * (int64_t)HOUR_MS, 20);
        most = made > most ? made : most;
    }
    assert_true(most < 3 * ORIGINS / 24);
}

static void a_backlog_drains_oldest_first_and_once(void **state) {
    (void)state;
    static struct world world;
    world_init(&world);
    world_run(&world, START_MS + 3 * (int64_t)DAY_MS, 20);
    world.now_ms = START_MS + 6 * (int64_t)DAY_MS; /* three days down */
    int before[ORIGINS];
    memcpy(before, world.scans, sizeof before);
    int64_t last_due = 0;
    for (int k = 0; k < ORIGINS; k++) {
        int i = world_earliest(&world);
        assert_true(world.due_ms[i] >= last_due);
        last_due = world.due_ms[i];
        assert_int_equal(world_run(&world, world.now_ms + 1, 1), 1);
        assert_int_equal(world.scans[i], before[i] + 1);
    }
    for (int i = 0; i < ORIGINS; i++)
        assert_true(world.due_ms[i] > START_MS + 6 * (int64_t)DAY_MS);
}

static void failures_back_off_and_return_to_the_phase(void **state) {
    (void)state;
    struct schedule daily = schedule_every(DAY_MS);
    for (int i = 0; i < 200; i++) {
        uint64_t phase = phase_of(i);
        int64_t slot = schedule_slot_after(&daily, phase, START_MS);
        struct schedule_visit visit = {.started_ms = slot, .failures = 1};
        int64_t due = schedule_next(&daily, phase, &visit).due_ms;
        assert_int_equal(due, slot + HOUR_MS);
        visit = (struct schedule_visit){.started_ms = due, .failures = 2};
        due = schedule_next(&daily, phase, &visit).due_ms;
        assert_int_equal(due, slot + 7 * HOUR_MS);
        for (unsigned failures = 3; failures < 100; failures++) {
            visit = (struct schedule_visit){.started_ms = due + 40, .failures = failures};
            int64_t next = schedule_next(&daily, phase, &visit).due_ms;
            assert_int_equal(next, schedule_slot_after(&daily, phase, next - 1));
            assert_true(next - due >= 12 * HOUR_MS && next - due <= DAY_MS + HOUR_MS);
            due = next;
        }
        visit = (struct schedule_visit){.started_ms = due};
        assert_int_equal(schedule_next(&daily, phase, &visit).due_ms,
                         schedule_slot_after(&daily, phase, due));
    }
}

static void a_short_period_backs_off_beyond_it(void **state) {
    (void)state;
    struct schedule often = schedule_every(10 * 60 * 1000);
    for (int i = 0; i < 200; i++) {
        struct schedule_visit visit = {.started_ms = START_MS + i * 1234, .failures = 1};
        int64_t due = schedule_next(&often, phase_of(i), &visit).due_ms;
        assert_true(due - visit.started_ms > 45 * 60 * 1000);
        assert_true(due - visit.started_ms <= HOUR_MS + often.jitter_ms);
        assert_int_equal(due, schedule_slot_after(&often, phase_of(i), due - 1));
    }
}

static void extra_visits_come_between_the_regular_ones(void **state) {
    (void)state;
    struct schedule daily = schedule_every(DAY_MS);
    uint64_t phase = phase_of(7);
    int64_t slot = schedule_slot_after(&daily, phase, START_MS);
    int64_t next_slot = schedule_slot_after(&daily, phase, slot);
    struct schedule_visit visit = {.started_ms = slot, .extra_after_ms = 3 * HOUR_MS};
    int extras = 0;
    for (;;) {
        struct schedule_next next = schedule_next(&daily, phase, &visit);
        if (!next.extra) {
            assert_int_equal(next.due_ms, next_slot);
            break;
        }
        assert_int_equal(next.due_ms, visit.started_ms + 3 * HOUR_MS);
        visit.started_ms = next.due_ms;
        extras++;
    }
    assert_in_range(extras, 6, 7);
}

static void no_due_time_lies_beyond_the_horizon(void **state) {
    (void)state;
    const int64_t periods[] = {60 * 1000, DAY_MS, 7 * (int64_t)DAY_MS};
    for (size_t p = 0; p < sizeof periods / sizeof *periods; p++) {
        struct schedule schedule = schedule_every(periods[p]);
        for (int i = 0; i < 300; i++) {
            struct schedule_visit visit = {.started_ms = START_MS + i * 98765,
                                           .failures = (unsigned)i % 6,
                                           .extra_after_ms = i % 2 ? HOUR_MS : 0};
            int64_t horizon = schedule_horizon(&schedule, visit.started_ms);
            assert_true(schedule_next(&schedule, phase_of(i), &visit).due_ms <= horizon);
            assert_true(schedule_first(&schedule, phase_of(i), visit.started_ms) <= horizon);
        }
    }
    struct schedule daily = schedule_every(DAY_MS);
    int64_t wrong_ms = START_MS + 400 * (int64_t)DAY_MS;
    assert_true(schedule_first(&daily, phase_of(1), wrong_ms) > schedule_horizon(&daily, START_MS));
}

static void a_clock_that_jumps_changes_neither_rate_nor_order(void **state) {
    (void)state;
    static struct world world;
    world_init(&world);
    world_run(&world, START_MS + 2 * (int64_t)DAY_MS, 20);
    world.now_ms += 100000 * 1000; /* the wall clock leaps ahead */
    int64_t last_due = 0;
    int overdue = 0;
    while (world.due_ms[world_earliest(&world)] <= world.now_ms) {
        int64_t due = world.due_ms[world_earliest(&world)];
        assert_true(due >= last_due);
        last_due = due;
        assert_int_equal(world_run(&world, world.now_ms + 1, 1), 1);
        overdue++;
    }
    assert_in_range(overdue, ORIGINS, ORIGINS + ORIGINS / 100); /* each once, as after a downtime */
    world.now_ms -= 100000 * 1000;                              /* and is set right */
    int64_t right_ms = world.now_ms;
    for (int i = 0; i < ORIGINS; i++)
        if (world.due_ms[i] > schedule_horizon(&world.schedule, right_ms))
            world.due_ms[i] = schedule_first(&world.schedule, phase_of(i), right_ms);
    int before[ORIGINS];
    memcpy(before, world.scans, sizeof before);
    world_run(&world, right_ms + DAY_MS + world.schedule.jitter_ms + ORIGINS * 20, 20);
    for (int i = 0; i < ORIGINS; i++)
        assert_in_range(world.scans[i] - before[i], 1, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_are_fixed_and_depend_on_each_part),
        cmocka_unit_test(an_import_spreads_over_the_period),
        cmocka_unit_test(slots_follow_each_other_without_gap_or_repetition),
        cmocka_unit_test(a_year_has_365_scans_of_each_origin),
        cmocka_unit_test(the_busiest_hour_of_a_year_is_no_burst),
        cmocka_unit_test(a_backlog_drains_oldest_first_and_once),
        cmocka_unit_test(failures_back_off_and_return_to_the_phase),
        cmocka_unit_test(a_short_period_backs_off_beyond_it),
        cmocka_unit_test(extra_visits_come_between_the_regular_ones),
        cmocka_unit_test(no_due_time_lies_beyond_the_horizon),
        cmocka_unit_test(a_clock_that_jumps_changes_neither_rate_nor_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
