/* The ramp of a zone, canary feedback, the operator's levers and the global brake. */
#include "report/zone/brake.h"
#include "report/zone/zone_feedback.h"
#include "report/zone/zone_ramp.h"

#include "scanner/words/words.h"
#include "tests/unit/advised.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define START (20000 * DAY_MS)

/* A zone with one origin whose advice the test sets. */
struct bench {
    struct rule_params params;
    struct origin_advice advice;
    struct zone_target target;
    struct zone_input input;
    struct zone_state zone;
};

static struct bench bench(void) {
    struct bench b = {.advice = {.level = LEVEL_PREFERRED,
                                 .reason = REASON_HYBRID_IN_ONE_ROUND_TRIP,
                                 .supported_ok = true,
                                 .always_hybrid = true,
                                 .holds = true,
                                 .not_after_ms = START + 30 * DAY_MS}};
    rule_params_init(&b.params, PROFILE_CAREFUL);
    zone_state_init(&b.zone);
    b.input.now_ms = START;
    b.input.allow_up = true;
    return b;
}

static enum zone_move step(struct bench *b) {
    b->advice = advised(b->advice);
    struct zone_origin origin = {1, &b->advice};
    zone_target_choose(&b->params, b->input.compliance, &origin, 1, &b->target);
    b->input.target = &b->target;
    return zone_ramp_step(&b->zone, &b->params, &b->input);
}

static bool report(struct bench *b, enum feedback_arm arm, uint64_t n, uint64_t failures,
                   uint64_t retries) {
    struct feedback feedback = {arm, n, failures, retries};
    return zone_feedback_take(&b->zone, &b->params, &b->input, &feedback);
}

static enum zone_move at_level(struct bench *b, enum rule_level level) {
    b->advice.level = level;
    return step(b);
}

/* A day passes, with good feedback if wanted. */
static enum zone_move day(struct bench *b, bool feedback) {
    if (feedback) {
        report(b, ARM_CONTROL, 10000, 10, 100);
        report(b, ARM_CANARY, 1000, 1, 10);
    }
    b->input.now_ms += DAY_MS;
    return step(b);
}

static void climb_to_the_top(struct bench *b) {
    step(b);
    for (int i = 0; i < 5; i++)
        assert_int_equal(day(b, true), MOVE_STAGE);
    assert_int_equal(b->zone.stage_percent, 100);
}

static void climbs_with_feedback(void **state) {
    (void)state;
    static const uint8_t stages[] = {10, 25, 50, 75, 100};
    struct bench b = bench();
    assert_int_equal(at_level(&b, LEVEL_OFF), MOVE_SHARE);
    assert_int_equal(b.zone.stage_percent, 100);
    assert_int_equal(at_level(&b, LEVEL_PREFERRED), MOVE_UP);
    assert_int_equal(b.zone.stage_percent, 1);
    assert_int_equal(b.zone.previous.level, LEVEL_OFF);
    for (size_t i = 0; i < sizeof stages; i++) {
        b.input.now_ms += DAY_MS - 1;
        assert_int_equal(step(&b), MOVE_NONE);
        assert_int_equal(b.zone.waits_for, REASON_STAGE_TIME);
        b.input.now_ms += 1 - DAY_MS;
        assert_int_equal(day(&b, true), MOVE_STAGE);
        assert_int_equal(b.zone.stage_percent, stages[i]);
    }
    assert_int_equal(day(&b, true), MOVE_NONE);
    assert_int_equal(b.zone.waits_for, REASON_NONE);
    assert_int_equal(b.zone.since_ms, START);
    assert_int_equal(b.zone.previous.level, LEVEL_OFF); /* what a rollback would go to */
}

static void stops_at_ten_percent_without_feedback(void **state) {
    (void)state;
    struct bench b = bench();
    step(&b);
    for (int i = 0; i < 50; i++)
        day(&b, false);
    assert_int_equal(b.zone.stage_percent, 10);
    assert_int_equal(b.zone.waits_for, REASON_NO_FEEDBACK);
    report(&b, ARM_CANARY, b.params.feedback_handshakes - 1, 0, 0);
    assert_int_equal(step(&b), MOVE_NONE);
    report(&b, ARM_CANARY, 1, 0, 0);
    assert_int_equal(step(&b), MOVE_STAGE);
    b = bench();
    b.params.blind_ramp = true;
    step(&b);
    for (int i = 0; i < 5; i++)
        assert_int_equal(day(&b, false), MOVE_STAGE);
    assert_int_equal(b.zone.stage_percent, 100);
}

static void fast_needs_no_ramp(void **state) {
    (void)state;
    struct bench b = bench();
    rule_params_init(&b.params, PROFILE_FAST);
    assert_int_equal(step(&b), MOVE_UP);
    assert_int_equal(b.zone.stage_percent, 100);
    assert_int_equal(b.zone.waits_for, REASON_NONE);
}

static void waits_for_what_is_missing(void **state) {
    (void)state;
    struct bench b = bench();
    b.input.allow_up = false;
    assert_int_equal(step(&b), MOVE_NONE);
    assert_int_equal(b.zone.waits_for, REASON_UPWARD_BUDGET);
    b.input.allow_up = true;
    b.advice.holds = false;
    step(&b);
    assert_int_equal(b.zone.waits_for, REASON_WAITS_FOR_EVIDENCE);
    b.advice.holds = true;
    step(&b);
    b.advice.holds = false;
    assert_int_equal(day(&b, true), MOVE_NONE);
    assert_int_equal(b.zone.waits_for, REASON_WAITS_FOR_EVIDENCE);
    b.advice.holds = true;
    report(&b, ARM_CONTROL, 100000, 200, 0);
    report(&b, ARM_CANARY, 1000, 8, 0); /* p = 0.001 against 0.2 %: unclear, no alarm */
    assert_int_equal(step(&b), MOVE_NONE);
    assert_int_equal(b.zone.waits_for, REASON_FEEDBACK_UNCLEAR);
}

static void moves_down_at_once(void **state) {
    (void)state;
    struct bench b = bench();
    climb_to_the_top(&b);
    assert_int_equal(at_level(&b, LEVEL_SUPPORTED), MOVE_DOWN);
    assert_int_equal(b.zone.setting.level, LEVEL_SUPPORTED);
    assert_int_equal(b.zone.stage_percent, 100);
    /* during a ramp: back to what stood before */
    b = bench();
    at_level(&b, LEVEL_OFF);
    at_level(&b, LEVEL_PREFERRED);
    assert_int_equal(at_level(&b, LEVEL_SUPPORTED), MOVE_DOWN);
    assert_int_equal(b.zone.setting.level, LEVEL_OFF);
    assert_int_equal(step(&b), MOVE_UP); /* and from there by a ramp of its own */
    assert_int_equal(b.zone.setting.level, LEVEL_SUPPORTED);
    assert_int_equal(b.zone.stage_percent, 1);
    /* a better target starts the ramp anew from the same rest */
    day(&b, true);
    assert_int_equal(b.zone.stage_percent, 10);
    assert_int_equal(at_level(&b, LEVEL_PREFERRED), MOVE_UP);
    assert_int_equal(b.zone.stage_percent, 1);
    assert_int_equal(b.zone.previous.level, LEVEL_OFF);
    assert_int_equal(at_level(&b, LEVEL_NONE), MOVE_DOWN);
    assert_int_equal(b.zone.setting.level, LEVEL_NONE);
}

/* Weights of real traffic waver from day to day. Where two settings are of nearly equal value, the zone
 * keeps the one that it has, instead of falling and climbing its ramp again. */
static void wavering_weights_move_nothing_down(void **state) {
    (void)state;
    struct origin_advice ready = {.level = LEVEL_PREFERRED, .supported_ok = true, .holds = true};
    struct origin_advice classical = ready;
    struct bench b = bench();
    ready = advised(ready);
    classical = advised(classical);
    ready.shares[CLASSICAL_X25519] = classical.shares[CLASSICAL_X25519] = SHARE_ACCEPTED;
    classical.gains[MODE_SUPPORTED] = classical.gains[MODE_PREFERRED] = false;
    static const struct {
        double weight; /* of the classical one; the other's is 1 */
        double price;
        bool denied;
        enum zone_move move;
        enum rule_level level;
    } rows[] = {
        {0.98, 0.5, false, MOVE_UP, LEVEL_PREFERRED},
        {1.02, 0.5, false, MOVE_NONE, LEVEL_PREFERRED},
        {1.02, 0, false, MOVE_NONE, LEVEL_PREFERRED}, /* a retry that has no price is one, too */
        {1.5, 0, false, MOVE_DOWN, LEVEL_SUPPORTED},
        {0.98, 0.5, false, MOVE_UP, LEVEL_PREFERRED},
        {1.5, 0.5, false, MOVE_DOWN, LEVEL_SUPPORTED},
        {1.02, 0.5, false, MOVE_NONE, LEVEL_SUPPORTED},
        {0.98, 0.5, false, MOVE_UP, LEVEL_PREFERRED},
        {1.02, 0.5, true, MOVE_DOWN, LEVEL_SUPPORTED},
    };
    b.params.ramp_start_percent = ZONE_WHOLE;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct zone_target target;
        const struct zone_origin origins[] = {{1, &ready}, {rows[i].weight, &classical}};
        b.params.retry_price = rows[i].price;
        b.input.levers.deny[LEVEL_PREFERRED] = rows[i].denied;
        b.input.target = &target;
        zone_target_choose(&b.params, COMPLIANCE_NONE, origins, 2, &target);
        enum zone_move move = zone_ramp_step(&b.zone, &b.params, &b.input);
        if (move != rows[i].move || b.zone.setting.level != rows[i].level)
            fail_msg("row %zu: move %d to %s", i, move, rule_level_name(b.zone.setting.level));
    }
    struct zone_target target; /* what is no longer proven is left at once */
    const struct zone_origin origins[] = {{1, &ready}, {0.98, &classical}};
    b.input.levers.deny[LEVEL_PREFERRED] = false;
    b.input.target = &target;
    zone_target_choose(&b.params, COMPLIANCE_NONE, origins, 2, &target);
    assert_int_equal(zone_ramp_step(&b.zone, &b.params, &b.input), MOVE_UP);
    classical.tolerates[LEVEL_PREFERRED] = false;
    zone_target_choose(&b.params, COMPLIANCE_NONE, origins, 2, &target);
    assert_int_equal(zone_ramp_step(&b.zone, &b.params, &b.input), MOVE_DOWN);
}

static void the_rest_is_looked_after(void **state) {
    (void)state;
    struct bench b = bench();
    at_level(&b, LEVEL_SUPPORTED);
    for (int i = 0; i < 5; i++)
        day(&b, true);
    at_level(&b, LEVEL_PREFERRED);
    assert_int_equal(b.zone.previous.level, LEVEL_SUPPORTED);
    b.advice.supported_ok = false; /* the retry breaks now */
    step(&b);
    assert_int_equal(b.zone.previous.level, LEVEL_OFF);
    b.advice.shares[CLASSICAL_X25519] = SHARE_FAILED;
    b.advice.shares[CLASSICAL_P256] = SHARE_ACCEPTED;
    step(&b);
    assert_int_equal(b.zone.previous.first_share, GROUP_P256);
    assert_int_equal(b.zone.setting.level, LEVEL_PREFERRED);
}

static void feedback_rolls_back(void **state) {
    (void)state;
    struct bench b = bench();
    step(&b);
    report(&b, ARM_CONTROL, 100000, 200, 0);
    assert_false(report(&b, ARM_CANARY, 1000, 4, 0));
    assert_true(report(&b, ARM_CANARY, 1000, 40, 0));
    assert_int_equal(b.zone.setting.level, LEVEL_NONE);
    assert_int_equal(b.zone.reason, REASON_FEEDBACK_FAILURES);
    for (int i = 0; i < 6; i++)
        assert_int_equal(day(&b, false), MOVE_NONE);
    assert_int_equal(b.zone.waits_for, REASON_HOLD_DOWN);
    assert_int_equal(day(&b, false), MOVE_UP);
    assert_true(report(&b, ARM_CANARY, 100, 50, 0));
    assert_int_equal(b.zone.hold_until_ms, b.input.now_ms + 14 * DAY_MS);
    b.input.now_ms += 14 * DAY_MS;
    assert_int_equal(step(&b), MOVE_UP);
    assert_true(report(&b, ARM_CANARY, 100, 50, 0));
    assert_true(b.zone.pinned); /* the third within 180 days */
    b.input.now_ms += 300 * DAY_MS;
    assert_int_equal(step(&b), MOVE_NONE);
    assert_int_equal(b.zone.waits_for, REASON_PINNED_AFTER_DEMOTIONS);
    zone_state_release(&b.zone);
    assert_int_equal(step(&b), MOVE_UP);
}

static void rare_faults_add_up(void **state) {
    (void)state;
    struct bench b = bench();
    step(&b);
    report(&b, ARM_CONTROL, 100000, 200, 0);
    unsigned reports = 0;
    while (!report(&b, ARM_CANARY, 100, reports % 2 ? 1 : 2, 0)) /* 1.5 % */
        assert_true(++reports < 30);
    assert_true(reports > 2); /* no single one of them is an alarm */
}

static void a_sudden_fault_is_not_hidden_by_good_times(void **state) {
    (void)state;
    struct bench b = bench();
    climb_to_the_top(&b);
    for (int i = 0; i < 40; i++)
        assert_false(report(&b, ARM_CANARY, 100000, 100, 0));
    assert_true(report(&b, ARM_CANARY, 347, 347, 0));
    assert_int_equal(b.zone.setting.level, LEVEL_NONE); /* the previous setting */
    b = bench();
    at_level(&b, LEVEL_PREFERRED);
    for (int i = 0; i < 5; i++)
        day(&b, true);
    at_level(&b, LEVEL_SUPPORTED); /* came down: nothing to go back to but `off` */
    assert_true(report(&b, ARM_CANARY, 347, 347, 0));
    assert_int_equal(b.zone.setting.level, LEVEL_OFF);
}

static void retries_count_against_preferred_only(void **state) {
    (void)state;
    struct bench b = bench();
    step(&b);
    report(&b, ARM_CONTROL, 10000, 0, 500);
    assert_false(report(&b, ARM_CANARY, 1000, 0, 150));
    assert_true(report(&b, ARM_CANARY, 1000, 0, 900));
    assert_int_equal(b.zone.reason, REASON_FEEDBACK_RETRIES);
    b = bench();
    at_level(&b, LEVEL_SUPPORTED);
    assert_false(report(&b, ARM_CANARY, 1000, 0, 1000));
}

/* What a zone's canary met under one variant is not held against the next. */
static void retries_of_another_variant_do_not_count(void **state) {
    (void)state;
    struct origin_advice ready = {.level = LEVEL_PREFERRED, .supported_ok = true, .holds = true};
    struct origin_advice classical = ready;
    struct zone_target target;
    struct bench b = bench();
    const struct zone_origin origins[] = {{1, &ready}, {1, &classical}};
    ready = advised(ready);
    classical = advised(classical);
    ready.shares[CLASSICAL_X25519] = classical.shares[CLASSICAL_X25519] = SHARE_ACCEPTED;
    classical.gains[MODE_SUPPORTED] = classical.gains[MODE_PREFERRED] = false;
    ready.tolerates[LEVEL_SUPPORTED] = false;
    b.input.target = &target;
    zone_target_choose(&b.params, COMPLIANCE_NONE, origins, 2, &target);
    assert_int_equal(target.chosen, CANDIDATE_SINGLE);
    assert_int_equal(zone_ramp_step(&b.zone, &b.params, &b.input), MOVE_UP);
    assert_false(report(&b, ARM_CANARY, 10000, 0, 5000)); /* as was reckoned with */
    ready.duals[CLASSICAL_X25519] = (struct dual_evidence){.proven = true, .gains = true};
    classical.duals[CLASSICAL_X25519] = (struct dual_evidence){.proven = true};
    zone_target_choose(&b.params, COMPLIANCE_NONE, origins, 2, &target);
    assert_int_equal(target.chosen, CANDIDATE_DUAL);
    assert_int_equal(zone_ramp_step(&b.zone, &b.params, &b.input), MOVE_SHARE);
    assert_false(report(&b, ARM_CANARY, 1000, 0, 0));
    assert_int_equal(b.zone.setting.level, LEVEL_PREFERRED);
    b.input.now_ms += DAY_MS - 1; /* and its stage is one of the new variant */
    assert_int_equal(zone_ramp_step(&b.zone, &b.params, &b.input), MOVE_NONE);
    assert_true(report(&b, ARM_CANARY, 1000, 0, 500)); /* which costs nobody a retry */
}

static void impossible_feedback_is_refused(void **state) {
    (void)state;
    struct err err;
    assert_true(zone_feedback_check(&(struct feedback){ARM_CANARY, 10, 10, 10}, &err));
    assert_false(zone_feedback_check(&(struct feedback){ARM_CANARY, 0, 0, 0}, &err));
    assert_false(zone_feedback_check(&(struct feedback){ARM_CANARY, 10, 11, 0}, &err));
    assert_false(zone_feedback_check(&(struct feedback){ARM_CANARY, 10, 0, 11}, &err));
    assert_false(zone_feedback_check(&(struct feedback){ARM_CANARY, UINT64_MAX, 0, 0}, &err));
    enum feedback_arm arm;
    assert_true(zone_feedback_arm_parse("canary", &arm) && arm == ARM_CANARY);
    assert_true(zone_feedback_arm_parse("control", &arm) && arm == ARM_CONTROL);
    assert_false(zone_feedback_arm_parse("treatment", &arm));
}

static void levers(void **state) {
    (void)state;
    struct bench b = bench();
    b.input.levers.pin = LEVEL_SUPPORTED;
    b.input.levers.pin_first_share = GROUP_P384;
    assert_int_equal(step(&b), MOVE_UP);
    assert_int_equal(b.zone.stage_percent, 100);
    assert_int_equal(b.zone.setting.first_share, GROUP_P384);
    assert_int_equal(b.zone.reason, REASON_OPERATOR_PIN);
    assert_false(report(&b, ARM_CANARY, 1000, 1000, 0));
    assert_int_equal(step(&b), MOVE_NONE);

    b = bench();
    b.input.levers.deny[LEVEL_PREFERRED] = true;
    step(&b);
    assert_int_equal(b.zone.setting.level, LEVEL_SUPPORTED);
    assert_int_equal(b.zone.reason, REASON_OPERATOR_DENY);
    b.input.levers.deny[LEVEL_SUPPORTED] = true;
    assert_int_equal(step(&b), MOVE_DOWN);
    assert_true(b.zone.setting.level <= LEVEL_OFF);

    b = bench();
    climb_to_the_top(&b);
    b.input.levers.freeze = true;
    assert_int_equal(at_level(&b, LEVEL_OFF), MOVE_NONE);
    assert_int_equal(b.zone.setting.level, LEVEL_PREFERRED);
    assert_int_equal(b.zone.waits_for, REASON_FROZEN);
    b.input.levers.freeze = false;
    b.input.frozen = true;
    assert_int_equal(step(&b), MOVE_NONE);
    b.input.frozen = false;
    b.input.brake = true;
    assert_int_equal(step(&b), MOVE_NONE);
    assert_int_equal(b.zone.waits_for, REASON_BRAKE);
    b.input.brake = false;
    assert_int_equal(step(&b), MOVE_DOWN);

    b = bench();
    climb_to_the_top(&b);
    /* what held a zone is not waited for when it is over */
    for (int pinned = 0; pinned < 2; pinned++) {
        b.input.levers.pin = pinned ? LEVEL_PREFERRED : LEVEL_NONE;
        step(&b);
        b.input.frozen = true;
        step(&b);
        assert_int_equal(b.zone.waits_for, REASON_FROZEN);
        b.input.frozen = false;
        assert_int_equal(step(&b), MOVE_NONE);
        assert_int_equal(b.zone.waits_for, REASON_NONE);
    }
}

static void compliance_goes_before_everything(void **state) {
    (void)state;
    struct bench b = bench();
    climb_to_the_top(&b);
    b.input.frozen = true;
    b.input.compliance = COMPLIANCE_FIPS;
    step(&b);
    assert_int_equal(b.zone.setting.level, LEVEL_PREFERRED);
    assert_true(zone_setting_complies(&b.zone.setting, COMPLIANCE_FIPS));
    /* what a new filter allows is ramped up to, and the rest complies too */
    b = bench();
    at_level(&b, LEVEL_OFF);
    b.input.compliance = COMPLIANCE_PQH;
    at_level(&b, LEVEL_PREFERRED);
    assert_int_equal(b.zone.setting.level, LEVEL_NONE);
    assert_int_equal(step(&b), MOVE_UP);
    assert_int_equal(b.zone.stage_percent, 1);
    assert_int_equal(b.zone.previous.level, LEVEL_NONE);
    /* a pin outside the filter is as if it were not there */
    b.input.levers.pin = LEVEL_OFF;
    step(&b);
    assert_true(zone_setting_complies(&b.zone.setting, COMPLIANCE_PQH));
}

struct brake_row {
    struct brake_cycle cycle;
    bool mass_down, controls, references;
};

#define DAYS3 .days_n = 3, .daily_rates = {0.01, 0.05, 0.02}

static const struct brake_row brakes[] = {
    {{.zones = 100000}, false, false, false},
    {{.zones = 100000, .zones_down = 500}, false, false, false}, /* 0.5 % is not more than it */
    {{.zones = 100000, .zones_down = 501}, true, false, false},
    {{.zones = 1000, .zones_down = 49}, false, false, false},
    {{.zones = 1000, .zones_down = 50}, true, false, false},
    {{.zones = 10, .controls = 10000, .controls_failed = 600, DAYS3}, false, false, false},
    {{.zones = 10, .controls = 10000, .controls_failed = 601, DAYS3}, false, true, false},
    {{.zones = 10, .controls = 10, .controls_failed = 1, DAYS3}, false, false, false}, /* chance */
    {{.zones = 10, .controls = 1000, .controls_failed = 20}, false, false, false}, /* first day */
    {{.zones = 10, .controls = 1000, .controls_failed = 20, .days_n = 3}, false, true, false},
    {{.zones = 10, .references_wrong = 1}, false, false, true},
};

static void brake(void **state) {
    (void)state;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    for (size_t i = 0; i < sizeof brakes / sizeof *brakes; i++) {
        struct brake_verdict v = brake_judge(&params, &brakes[i].cycle);
        assert_int_equal(v.mass_down, brakes[i].mass_down);
        assert_int_equal(v.controls, brakes[i].controls);
        assert_int_equal(v.references, brakes[i].references);
        assert_int_equal(v.on, v.mass_down || v.controls || v.references);
    }
    struct brake_cycle even = {.days_n = 4, .daily_rates = {0.04, 0.01, 0.03, 0.09}};
    assert_true(brake_judge(&params, &even).usual_rate > 0.0349);
    assert_true(brake_judge(&params, &even).usual_rate < 0.0351);
    assert_int_equal(brake_up_budget(&params, 100000, 0), 2000);
    assert_int_equal(brake_up_budget(&params, 100000, 1999), 1);
    assert_int_equal(brake_up_budget(&params, 100000, 2500), 0);
    assert_int_equal(brake_up_budget(&params, 10, 0), 1);
    assert_int_equal(brake_up_budget(&params, 10, 1), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(climbs_with_feedback),
        cmocka_unit_test(stops_at_ten_percent_without_feedback),
        cmocka_unit_test(fast_needs_no_ramp),
        cmocka_unit_test(waits_for_what_is_missing),
        cmocka_unit_test(moves_down_at_once),
        cmocka_unit_test(wavering_weights_move_nothing_down),
        cmocka_unit_test(the_rest_is_looked_after),
        cmocka_unit_test(feedback_rolls_back),
        cmocka_unit_test(rare_faults_add_up),
        cmocka_unit_test(a_sudden_fault_is_not_hidden_by_good_times),
        cmocka_unit_test(retries_count_against_preferred_only),
        cmocka_unit_test(retries_of_another_variant_do_not_count),
        cmocka_unit_test(impossible_feedback_is_refused),
        cmocka_unit_test(levers),
        cmocka_unit_test(compliance_goes_before_everything),
        cmocka_unit_test(brake),
    };
    return cmocka_run_group_tests_name("zone ramp", tests, NULL, NULL);
}
