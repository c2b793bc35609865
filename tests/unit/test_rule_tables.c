/* The tables of the decision rule: thresholds, levels, reasons, and scans as bytes. */
#include "report/rule/observation.h"
#include "report/rule/rule_level.h"
#include "report/rule/rule_params.h"
#include "report/rule/rule_reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_key_is_sound(void **state) {
    (void)state;
    size_t n;
    const struct rule_key *keys = rule_params_keys(&n);
    struct rule_params params;
    struct err err;
    for (size_t i = 0; i < n; i++) {
        assert_true(keys[i].min <= keys[i].careful && keys[i].careful <= keys[i].max);
        assert_true(keys[i].min <= keys[i].fast && keys[i].fast <= keys[i].max);
        assert_true(strlen(keys[i].help) > 10);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(keys[i].name, keys[k].name);
            assert_true(keys[i].offset > keys[k].offset); /* in the order of the struct */
        }
        rule_params_init(&params, PROFILE_FAST);
        assert_true(rule_params_get(&params, &keys[i]) == keys[i].fast);
        rule_params_init(&params, PROFILE_CAREFUL);
        assert_true(rule_params_get(&params, &keys[i]) == keys[i].careful);
        assert_true(rule_params_set(&params, &keys[i], keys[i].max, &err));
        assert_true(rule_params_get(&params, &keys[i]) == keys[i].max);
        assert_false(rule_params_set(&params, &keys[i], keys[i].max + 1, &err));
        assert_non_null(strstr(err.text, keys[i].name));
        assert_false(rule_params_set(&params, &keys[i], keys[i].min - 1, &err));
        assert_false(rule_params_set(&params, &keys[i], strtod("nan", NULL), &err));
        assert_true(rule_params_get(&params, &keys[i]) == keys[i].max);
        if (keys[i].kind != RULE_KEY_RATE && keys[i].max > keys[i].min)
            assert_false(rule_params_set(&params, &keys[i], keys[i].min + 0.5, &err));
    }
}

/* The defaults that the rule's document names. */
static void defaults_are_the_documents(void **state) {
    (void)state;
    struct rule_params p;
    rule_params_init(&p, PROFILE_CAREFUL);
    assert_int_equal(p.supported_days, 3);
    assert_int_equal(p.supported_trials, 12);
    assert_int_equal(p.window_days, 14);
    assert_int_equal(p.preferred_days, 7);
    assert_int_equal(p.preferred_trials, 56);
    assert_true(p.failure_bound == 0.08);
    assert_int_equal(p.address_trials, 8);
    assert_int_equal(p.further_failures, 2);
    assert_int_equal(p.rate_failures, 3);
    assert_true(p.rate_p == 0.001);
    assert_int_equal(p.hold_days, 7);
    assert_int_equal(p.hold_days_max, 56);
    assert_int_equal(p.pin_demotions, 3);
    assert_int_equal(p.pin_days, 180);
    assert_int_equal(p.stale_days, 7);
    assert_int_equal(p.advice_days, 30);
    assert_true(p.brake_down_share == 0.005);
    assert_int_equal(p.brake_down_zones, 50);
    assert_true(p.brake_control_factor == 3);
    assert_true(p.up_share == 0.02);
    assert_int_equal(p.no_feedback_percent, 10);
    assert_false(p.blind_ramp);
}

static void relations_are_checked(void **state) {
    (void)state;
    struct rule_params p;
    struct err err;
    rule_params_init(&p, PROFILE_FAST);
    assert_true(rule_params_check(&p, &err));
    rule_params_init(&p, PROFILE_CAREFUL);
    assert_true(rule_params_check(&p, &err));
    p.window_days = 6;
    assert_false(rule_params_check(&p, &err));
    rule_params_init(&p, PROFILE_CAREFUL);
    p.hold_days = 57;
    assert_false(rule_params_check(&p, &err));
    rule_params_init(&p, PROFILE_CAREFUL);
    p.stale_days = 31;
    assert_false(rule_params_check(&p, &err));
    rule_params_init(&p, PROFILE_CAREFUL);
    p.memory_days = 13;
    assert_false(rule_params_check(&p, &err));
}

static void names_go_both_ways(void **state) {
    (void)state;
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        enum rule_reason reason;
        assert_true(rule_reason_parse(rule_reason_name((enum rule_reason)i), &reason));
        assert_int_equal(reason, i); /* hence no name twice */
        assert_true(strlen(rule_reason_sentence((enum rule_reason)i)) > 10);
    }
    for (unsigned i = 0; i < LEVEL_COUNT; i++) {
        enum rule_level level;
        assert_true(rule_level_parse(rule_level_name((enum rule_level)i), &level));
        assert_int_equal(level, i);
    }
    enum rule_profile profile;
    assert_true(rule_params_profile_parse("fast", &profile));
    assert_string_equal(rule_params_profile_name(profile), "fast");
    assert_true(rule_params_profile_parse("careful", &profile));
    assert_string_equal(rule_params_profile_name(profile), "careful");
    assert_false(rule_params_profile_parse("reckless", &profile));
    enum rule_reason reason;
    assert_false(rule_reason_parse("because", &reason));
    enum rule_level level;
    assert_false(rule_level_parse("sometimes", &level));
}

static unsigned pick(unsigned *seed, unsigned limit) {
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16) % limit;
}

static struct observation random_scan(unsigned *seed) {
    struct observation scan = {.time_ms = (int64_t)pick(seed, 65536) * 65535 * 1000,
                               .address = pick(seed, 65536) * 65537U,
                               .kind = (enum observation_kind)pick(seed, 4),
                               .conclusive = pick(seed, 2),
                               .tls13 = pick(seed, 2),
                               .hybrid_known = pick(seed, 2),
                               .controls = (uint8_t)pick(seed, 16),
                               .ceiling = (enum rule_level)pick(seed, LEVEL_COUNT)};
    scan.controls_failed = (uint8_t)pick(seed, scan.controls + 1U);
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        scan.trials[i].tries = (uint8_t)pick(seed, 8);
        scan.trials[i].failed = (uint8_t)pick(seed, scan.trials[i].tries + 1U);
        scan.trials[i].works = pick(seed, 2);
        scan.trials[i].retry = pick(seed, 2);
        scan.trials[i].group = (uint16_t)pick(seed, 65536);
    }
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        scan.shares[i] = (enum share_answer)pick(seed, 4);
        scan.confirmed[i] = pick(seed, 2);
        scan.needed[i] = pick(seed, 2);
    }
    scan.silence = (enum silence)pick(seed, 3);
    return scan;
}

static void assert_same_scan(const struct observation *a, const struct observation *b) {
    assert_int_equal(a->time_ms, b->time_ms);
    assert_int_equal(a->address, b->address);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->conclusive, b->conclusive);
    assert_int_equal(a->tls13, b->tls13);
    assert_int_equal(a->hybrid_known, b->hybrid_known);
    assert_int_equal(a->controls, b->controls);
    assert_int_equal(a->controls_failed, b->controls_failed);
    assert_int_equal(a->ceiling, b->ceiling);
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        assert_int_equal(a->trials[i].tries, b->trials[i].tries);
        assert_int_equal(a->trials[i].failed, b->trials[i].failed);
        assert_int_equal(a->trials[i].works, b->trials[i].works);
        assert_int_equal(a->trials[i].retry, b->trials[i].retry);
        assert_int_equal(a->trials[i].group, b->trials[i].group);
    }
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        assert_int_equal(a->shares[i], b->shares[i]);
        assert_int_equal(a->confirmed[i], b->confirmed[i]);
        assert_int_equal(a->needed[i], b->needed[i]);
    }
    assert_int_equal(a->silence, b->silence);
}

static void scans_survive_packing(void **state) {
    (void)state;
    assert_true(OBSERVATION_PACKED <= 40);
    unsigned seed = 7;
    for (int i = 0; i < 20000; i++) {
        struct observation scan = random_scan(&seed);
        uint8_t bytes[OBSERVATION_PACKED];
        struct observation back;
        observation_pack(&scan, bytes);
        assert_true(observation_unpack(bytes, &back));
        assert_same_scan(&scan, &back);
    }
}

static void impossible_bytes_are_refused(void **state) {
    (void)state;
    unsigned seed = 1;
    struct observation scan = random_scan(&seed);
    struct observation back;
    uint8_t bytes[OBSERVATION_PACKED];
    observation_pack(&scan, bytes);
    bytes[0]++;
    assert_false(observation_unpack(bytes, &back)); /* another format */
    bytes[0]--;
    bytes[2] = 0x21;
    assert_false(observation_unpack(bytes, &back)); /* two of one control failed */
    bytes[2] = 0x12;
    assert_true(observation_unpack(bytes, &back));
    bytes[13] = 2 << 3 | 1;
    assert_false(observation_unpack(bytes, &back)); /* two of one try failed */
    bytes[13] = 1;
    assert_true(observation_unpack(bytes, &back));
    bytes[25] = 3;
    assert_false(observation_unpack(bytes, &back)); /* no such silence */
}

static void counts_are_cut_and_times_kept_in_range(void **state) {
    (void)state;
    struct observation scan = {.time_ms = -5, .controls = 99, .controls_failed = 99};
    scan.trials[MODE_PREFERRED] = (struct rule_trial){.tries = 99, .failed = 99};
    struct observation back;
    uint8_t bytes[OBSERVATION_PACKED];
    observation_pack(&scan, bytes);
    assert_true(observation_unpack(bytes, &back));
    assert_int_equal(back.time_ms, 0);
    assert_int_equal(back.controls, 15);
    assert_int_equal(back.controls_failed, 15);
    assert_int_equal(back.trials[MODE_PREFERRED].tries, 7);
    assert_int_equal(back.trials[MODE_PREFERRED].failed, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_sound),
        cmocka_unit_test(defaults_are_the_documents),
        cmocka_unit_test(relations_are_checked),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(scans_survive_packing),
        cmocka_unit_test(impossible_bytes_are_refused),
        cmocka_unit_test(counts_are_cut_and_times_kept_in_range),
    };
    return cmocka_run_group_tests_name("rule tables", tests, NULL, NULL);
}
