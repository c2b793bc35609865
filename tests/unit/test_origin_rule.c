/* The ladder of one origin: one history a line, with where it must lead. */
#include "report/rule/advise.h"
#include "report/rule/extra_visit.h"
#include "report/rule/origin_pack.h"
#include "tests/unit/rule_history.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define START 20000 /* some day in 2024 */

struct row {
    const char *script; /* rule_history.h; judged at noon of the day after its last */
    enum rule_level level;
    enum rule_reason reason;
    enum rule_reason blocker;
};

#define NONE LEVEL_NONE
#define OFF LEVEL_OFF
#define SUP LEVEL_SUPPORTED
#define PRE LEVEL_PREFERRED

static const struct row careful_rows[] = {
    /* nothing known, or not enough */
    {"", NONE, REASON_NO_EVIDENCE, REASON_NO_EVIDENCE},
    {"i", NONE, REASON_NO_EVIDENCE, REASON_NO_EVIDENCE},
    {"d", NONE, REASON_NO_EVIDENCE, REASON_NEEDS_MORE_DAYS},
    {"2*8g", NONE, REASON_NO_EVIDENCE, REASON_NEEDS_MORE_DAYS},
    {"3*3g", NONE, REASON_NO_EVIDENCE, REASON_NEEDS_MORE_TRIALS},
    /* none -> supported: 3 days, 12 trials, no reproducible failure */
    {"3*4g", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_DAYS},
    {"2*5g -5 2g", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_DAYS},
    {"2*4g 3gS", OFF, REASON_REPRODUCIBLE_FAILURE, REASON_REPRODUCIBLE_FAILURE},
    {"12*d", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_TRIALS},
    {"11*d", NONE, REASON_NO_EVIDENCE, REASON_NEEDS_MORE_TRIALS},
    /* supported -> preferred: 7 days of 14, 56 trials, the bound, a benefit */
    {"6*12g", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_DAYS},
    {"7*7g", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_TRIALS},
    {"7*8g", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"6*8g 7gf", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"6*8g 6g2f", SUP, REASON_SUPPORTED_WORKS, REASON_ABOVE_CONTROL},
    {"6*7gk 6g2f", SUP, REASON_SUPPORTED_WORKS, REASON_FAILURE_BOUND},
    {"6*8g 7gR", SUP, REASON_SUPPORTED_WORKS, REASON_REPRODUCIBLE_FAILURE},
    {"6*8g 7gh", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"6*8g 7ghx", SUP, REASON_SUPPORTED_WORKS, REASON_REPRODUCIBLE_FAILURE},
    {"6*8g 7ghy", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"3*8g -8 4*8g", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_DAYS},
    /* inconclusive scans are evidence for nothing */
    {"7*8g8i", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"7*i", NONE, REASON_NO_EVIDENCE, REASON_NO_EVIDENCE},
    /* no benefit */
    {"9*8c", SUP, REASON_SUPPORTED_WORKS, REASON_NO_HYBRID},
    {"9*8n", SUP, REASON_SUPPORTED_WORKS, REASON_HYBRID_NOT_CHOSEN},
    {"9*4n4g", SUP, REASON_SUPPORTED_WORKS, REASON_HYBRID_NOT_CHOSEN},
    {"9*2n6g", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"7*8g 14*8n", SUP, REASON_SUPPORTED_WORKS, REASON_HYBRID_NOT_CHOSEN},
    {"2*8t", NONE, REASON_NO_EVIDENCE, REASON_TLS12_ONLY},
    {"3*t", OFF, REASON_TLS12_ONLY, REASON_TLS12_ONLY},
    {"3*t 3*8g", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_DAYS},
    /* addresses: each of them 8 trials */
    {"7*8ga", SUP, REASON_SUPPORTED_WORKS, REASON_ADDRESS_COVERAGE},
    {"8*8ga", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"7*8g a", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE}, /* promoted before */
    /* demotion: at once */
    {"8*8g R", SUP, REASON_REPRODUCIBLE_FAILURE, REASON_HOLD_DOWN},
    {"8*8g gRg", SUP, REASON_REPRODUCIBLE_FAILURE, REASON_HOLD_DOWN},
    {"8*8g B", OFF, REASON_REPRODUCIBLE_FAILURE, REASON_HOLD_DOWN},
    {"8*8g S", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE}, /* large second hello only */
    {"8*8g D", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE}, /* the other variant */
    /* the longest hello, in pieces, stands for what a proxy sends */
    {"8*8gw", SUP, REASON_SUPPORTED_WORKS, REASON_FAILURE_RATE},
    {"7*8g 8g2w", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"8*8g 2w", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"8*8g 8w", SUP, REASON_FAILURE_RATE, REASON_HOLD_DOWN},
    {"8*5g3k 8w", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE}, /* as the control does */
    {"8*8g f", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"8*8g 3f", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE}, /* p = 0.01 */
    {"8*8g 8f", SUP, REASON_FAILURE_RATE, REASON_HOLD_DOWN},
    {"8*5g3k 8f", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE}, /* as the control does */
    {"3*4g S", OFF, REASON_REPRODUCIBLE_FAILURE, REASON_HOLD_DOWN},
    {"3*4g R", SUP, REASON_SUPPORTED_WORKS, REASON_REPRODUCIBLE_FAILURE},
    /* a diagnosed fault: two days of it */
    {"8*8g u", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"8*8g u u", SUP, REASON_DIAGNOSED_FAULT, REASON_HOLD_DOWN},
    {"8*8g o o", OFF, REASON_DIAGNOSED_FAULT, REASON_HOLD_DOWN},
    {"8*8g 9u", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"6*8g 8u", SUP, REASON_SUPPORTED_WORKS, REASON_DIAGNOSED_FAULT},
    {"2*o", OFF, REASON_DIAGNOSED_FAULT, REASON_DIAGNOSED_FAULT},
    /* silence after a large hello: three visits of two days, and never elsewhere */
    {"2*s", NONE, REASON_NO_EVIDENCE, REASON_NO_EVIDENCE},
    {"3s", NONE, REASON_NO_EVIDENCE, REASON_NO_EVIDENCE},
    {"2s s", OFF, REASON_DARK_AFTER_LARGE_HELLO, REASON_DARK_AFTER_LARGE_HELLO},
    {"3*s", OFF, REASON_DARK_AFTER_LARGE_HELLO, REASON_DARK_AFTER_LARGE_HELLO},
    {"s e 2s", NONE, REASON_NO_EVIDENCE, REASON_NO_EVIDENCE},
    {"3*e", NONE, REASON_NO_EVIDENCE, REASON_NO_EVIDENCE},
    {"8*8g 2s s", OFF, REASON_DARK_AFTER_LARGE_HELLO, REASON_HOLD_DOWN},
    {"8*8g 8gs 8gs 8gs", OFF, REASON_DARK_AFTER_LARGE_HELLO, REASON_HOLD_DOWN},
    {"8*8g 2s", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"8*8g 3*e", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"3*4g s s s", OFF, REASON_DARK_AFTER_LARGE_HELLO, REASON_HOLD_DOWN},
    {"2s s -7 8g", OFF, REASON_DARK_AFTER_LARGE_HELLO, REASON_DARK_AFTER_LARGE_HELLO},
    {"2s s -27 3*4g", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_DAYS},
    /* only a retry breaks it: preferred, and never supported */
    {"8*8S", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    /* hold-down and recovery */
    {"8*8g R 5*8g", SUP, REASON_REPRODUCIBLE_FAILURE, REASON_HOLD_DOWN},
    {"8*8g R 6*8g", SUP, REASON_REPRODUCIBLE_FAILURE, REASON_REPRODUCIBLE_FAILURE},
    {"8*8g R 12*8g", SUP, REASON_REPRODUCIBLE_FAILURE, REASON_REPRODUCIBLE_FAILURE},
    {"8*8g R 14*8g", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    /* the second hold-down is twice as long, the third demotion pins */
    {"8*8g R 15*8g R 13*8g", SUP, REASON_REPRODUCIBLE_FAILURE, REASON_REPRODUCIBLE_FAILURE},
    {"8*8g R 15*8g R 14*8g", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"8*8g R 15*8g R 15*8g R 40*8g", SUP, REASON_REPRODUCIBLE_FAILURE,
     REASON_PINNED_AFTER_DEMOTIONS},
    {"8*8g R 15*8g R 15*8g R 20*8g L g", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    /* a release holds for what falls on its own day */
    {"8*8g RL", SUP, REASON_REPRODUCIBLE_FAILURE, REASON_REPRODUCIBLE_FAILURE},
    {"8*8g R 15*8g R 180*8g R g", SUP, REASON_REPRODUCIBLE_FAILURE, REASON_HOLD_DOWN},
    /* stale */
    {"8*8g -5", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"8*8g -28", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"8*8g -29", NONE, REASON_STALE, REASON_STALE},
    {"3*4g -6", SUP, REASON_SUPPORTED_WORKS, REASON_STALE},
    {"3*4g -5", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_DAYS},
    {"8*8g -29 d", NONE, REASON_STALE, REASON_NEEDS_MORE_DAYS},
    {"8*8g -29 3*4g", SUP, REASON_SUPPORTED_WORKS, REASON_NEEDS_MORE_DAYS},
    {"8*8g R 15*8g R -29 7*8g", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
};

/* Profile fast: the newest day's scans decide. */
static const struct row fast_rows[] = {
    {"", NONE, REASON_NO_EVIDENCE, REASON_NO_EVIDENCE},
    {"d", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"R", SUP, REASON_SUPPORTED_WORKS, REASON_REPRODUCIBLE_FAILURE},
    {"h", SUP, REASON_SUPPORTED_WORKS, REASON_REPRODUCIBLE_FAILURE},
    {"f", SUP, REASON_SUPPORTED_WORKS, REASON_REPRODUCIBLE_FAILURE},
    {"S", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"B", OFF, REASON_REPRODUCIBLE_FAILURE, REASON_REPRODUCIBLE_FAILURE},
    {"c", SUP, REASON_SUPPORTED_WORKS, REASON_NO_HYBRID},
    {"n", SUP, REASON_SUPPORTED_WORKS, REASON_HYBRID_NOT_CHOSEN},
    {"t", OFF, REASON_TLS12_ONLY, REASON_TLS12_ONLY},
    {"o", OFF, REASON_DIAGNOSED_FAULT, REASON_DIAGNOSED_FAULT},
    {"u", SUP, REASON_SUPPORTED_WORKS, REASON_DIAGNOSED_FAULT},
    {"d R", SUP, REASON_REPRODUCIBLE_FAILURE, REASON_REPRODUCIBLE_FAILURE},
    {"R d", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"d i", PRE, REASON_HYBRID_IN_ONE_ROUND_TRIP, REASON_NONE},
    {"d n", SUP, REASON_SUPPORTED_WORKS, REASON_HYBRID_NOT_CHOSEN},
};

static struct origin_advice play(const struct rule_params *params, const char *script,
                                 struct origin_state *state) {
    origin_rule_init(state);
    int32_t end = history_play(state, params, START, script);
    struct origin_advice advice;
    advise_origin(state, params, end * HISTORY_DAY_MS + HISTORY_DAY_MS / 2, &advice);
    return advice;
}

static unsigned check(const struct row *rows, size_t n, enum rule_profile profile) {
    struct rule_params params;
    rule_params_init(&params, profile);
    unsigned wrong = 0;
    for (size_t i = 0; i < n; i++) {
        struct origin_state state;
        struct origin_advice a = play(&params, rows[i].script, &state);
        if (a.level == rows[i].level && a.reason == rows[i].reason && a.blocker == rows[i].blocker)
            continue;
        wrong++;
        print_error("\"%s\": %s, %s, blocked by %s; expected %s, %s, %s\n", rows[i].script,
                    rule_level_name(a.level), rule_reason_name(a.reason),
                    rule_reason_name(a.blocker), rule_level_name(rows[i].level),
                    rule_reason_name(rows[i].reason), rule_reason_name(rows[i].blocker));
    }
    return wrong;
}

static void careful_histories(void **state) {
    (void)state;
    assert_int_equal(
        check(careful_rows, sizeof careful_rows / sizeof *careful_rows, PROFILE_CAREFUL), 0);
}

static void fast_histories(void **state) {
    (void)state;
    assert_int_equal(check(fast_rows, sizeof fast_rows / sizeof *fast_rows, PROFILE_FAST), 0);
}

static void hold_downs_double_to_their_limit(void **unused) {
    (void)unused;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    params.pin_demotions = 0;
    static const uint32_t expected[] = {7, 14, 28, 56, 56};
    struct origin_state state;
    origin_rule_init(&state);
    int32_t day = START;
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++) {
        while (origin_rule_standing(&state, &params, day).level < LEVEL_PREFERRED)
            day = history_play(&state, &params, day, "8g");
        int32_t demoted = day;
        day = history_play(&state, &params, day, "R");
        struct origin_advice advice;
        advise_origin(&state, &params, demoted * HISTORY_DAY_MS, &advice);
        assert_int_equal(advice.level, LEVEL_SUPPORTED);
        assert_int_equal(advice.hold_until_ms, (demoted + (int32_t)expected[i]) * HISTORY_DAY_MS);
    }
}

/* What explain prints: numbers that say what is missing, and until when. */
static void advice_says_what_is_missing(void **unused) {
    (void)unused;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    struct origin_state state;
    struct origin_advice a = play(&params, "5*8g", &state);
    assert_int_equal(a.blocker, REASON_NEEDS_MORE_DAYS);
    assert_int_equal(a.missing, 2);
    assert_int_equal(a.days, 5);
    assert_int_equal(a.trials, 40);
    assert_int_equal(a.evidence_mode, MODE_PREFERRED);
    assert_int_equal(a.blocker_until_ms, (START + 4 + 2) * HISTORY_DAY_MS);
    a = play(&params, "6*8g 7gR", &state);
    assert_int_equal(a.blocker_until_ms, (START + 6 + 14) * HISTORY_DAY_MS);
    a = play(&params, "7*8g", &state);
    assert_true(a.holds && a.supported_ok && a.dual_ok && a.always_hybrid && !a.provisional);
    assert_true(a.upper95 > 0.04 && a.upper95 < 0.05);
    assert_true(a.control_rate == params.control_floor);
    assert_int_equal(a.control_trials, 112);
    assert_int_equal(a.since_ms, (START + 7) * HISTORY_DAY_MS);
    assert_int_equal(a.not_after_ms, (START + 6 + 30) * HISTORY_DAY_MS);
    a = play(&params, "7*8g D", &state);
    assert_false(a.dual_ok);
    a = play(&params, "8*8S", &state);
    assert_false(a.supported_ok);
    a = play(&params, "8*8g 3f", &state);
    assert_false(a.holds);
    rule_params_init(&params, PROFILE_FAST);
    a = play(&params, "d", &state);
    assert_true(a.provisional);
}

/* A fault demotes where it is seen on two days: seen on one, it takes nothing that was proven. */
static void one_day_of_a_fault_takes_nothing_away(void **unused) {
    (void)unused;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    struct origin_state state;
    struct origin_advice a = play(&params, "8*4c o", &state);
    assert_int_equal(a.standing, LEVEL_SUPPORTED);
    assert_true(a.tolerates[LEVEL_SUPPORTED]);
    assert_int_equal(a.level, LEVEL_SUPPORTED);
    a = play(&params, "8*4c 2*o", &state);
    assert_int_equal(a.standing, LEVEL_OFF);
    assert_false(a.tolerates[LEVEL_SUPPORTED]);
}

static void first_share_follows_the_evidence(void **unused) {
    (void)unused;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    struct origin_state state;
    struct origin_advice a = play(&params, "7*8g", &state);
    assert_int_equal(a.first_share, GROUP_X25519MLKEM768);
    a = play(&params, "3*4c", &state);
    assert_int_equal(a.first_share, GROUP_X25519);
    assert_true(a.first_share_confirmed);

    origin_rule_init(&state);
    struct observation scan = history_scan('c', START * HISTORY_DAY_MS);
    scan.shares[CLASSICAL_X25519] = SHARE_RETRIED;
    scan.confirmed[CLASSICAL_X25519] = false;
    scan.shares[CLASSICAL_P384] = SHARE_ACCEPTED; /* not yet confirmed */
    origin_rule_step(&state, &params, &scan);
    advise_origin(&state, &params, scan.time_ms, &a);
    assert_int_equal(a.first_share, GROUP_X25519);
    assert_false(a.first_share_confirmed);
    assert_int_equal(a.shares[CLASSICAL_P384], SHARE_UNKNOWN);
    scan.confirmed[CLASSICAL_P384] = true;
    origin_rule_step(&state, &params, &scan);
    advise_origin(&state, &params, scan.time_ms, &a);
    assert_int_equal(a.first_share, GROUP_P384);
    assert_true(a.first_share_confirmed);
    scan.shares[CLASSICAL_P384] = SHARE_FAILED;
    origin_rule_step(&state, &params, &scan);
    advise_origin(&state, &params, scan.time_ms, &a);
    assert_int_equal(a.shares[CLASSICAL_P384], SHARE_FAILED);
    assert_int_equal(a.first_share, GROUP_X25519);
}

/* A group that a visit needed stays listed as long as that visit is in the window. */
static void a_needed_group_is_kept(void **unused) {
    (void)unused;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    struct origin_state state;
    struct origin_advice a;
    origin_rule_init(&state);
    advise_origin(&state, &params, START * HISTORY_DAY_MS, &a);
    assert_true(a.needed[CLASSICAL_P521]); /* nothing is known yet */
    struct observation scan = history_scan('d', START * HISTORY_DAY_MS);
    origin_rule_step(&state, &params, &scan);
    advise_origin(&state, &params, scan.time_ms, &a);
    assert_false(a.needed[CLASSICAL_P521]);
    scan.needed[CLASSICAL_P521] = true;
    origin_rule_step(&state, &params, &scan);
    history_play(&state, &params, START + 1, "5*4g");
    advise_origin(&state, &params, (START + 5) * HISTORY_DAY_MS, &a);
    assert_true(a.needed[CLASSICAL_P521]);
    assert_false(a.needed[CLASSICAL_P384]);
    history_play(&state, &params, START + 6, "14*4g");
    advise_origin(&state, &params, (START + 19) * HISTORY_DAY_MS, &a);
    assert_false(a.needed[CLASSICAL_P521]);
}

struct trial_row {
    const char *script;
    uint32_t a_day; /* 0: no extra visit */
    enum observation_kind kind;
};

static const struct trial_row trial_rows[] = {
    {"", 0, KIND_EXTRA},         {"d", 8, KIND_EXTRA},          {"c", 4, KIND_EXTRA},
    {"3*4c", 0, KIND_EXTRA},     {"t", 0, KIND_EXTRA},          {"5*8g", 8, KIND_EXTRA},
    {"8*8g", 8, KIND_EXTRA},     {"7*8g 15*4g", 4, KIND_EXTRA}, {"8*8g R", 0, KIND_EXTRA},
    {"5*8g R", 0, KIND_EXTRA},   {"5*8g h", 0, KIND_CONFIRM},   {"5*8g hx", 0, KIND_EXTRA},
    {"5*8g hyy", 8, KIND_EXTRA}, {"5*8g -7", 0, KIND_EXTRA},    {"5*8g 8f", 0, KIND_CONFIRM},
};

static void extra_trials_are_wanted_where_they_help(void **unused) {
    (void)unused;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    for (size_t i = 0; i < sizeof trial_rows / sizeof *trial_rows; i++) {
        const struct trial_row *row = &trial_rows[i];
        struct origin_state state;
        origin_rule_init(&state);
        int32_t end = history_play(&state, &params, START, row->script);
        int64_t now_ms = end * HISTORY_DAY_MS - 3600000;
        struct extra_visit next = extra_visit_next(&state, &params, 0, now_ms);
        bool wanted = row->a_day > 0 || row->kind == KIND_CONFIRM;
        if (next.wanted != wanted || next.a_day != row->a_day || next.kind != row->kind)
            fail_msg("\"%s\": wanted %d, %u a day, kind %d", row->script, next.wanted, next.a_day,
                     (int)next.kind);
        if (row->kind == KIND_CONFIRM)
            assert_int_equal(next.at_ms, state.last_ms + 300000);
        else if (wanted)
            assert_int_equal(next.at_ms, state.last_ms + HISTORY_DAY_MS / row->a_day);
        /* An inconclusive visit in between puts the next one off. */
        struct extra_visit later = extra_visit_next(&state, &params, now_ms, now_ms);
        if (wanted)
            assert_true(later.at_ms > now_ms);
    }
}

static void packing_keeps_the_state(void **unused) {
    (void)unused;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    for (size_t i = 0; i < sizeof careful_rows / sizeof *careful_rows; i++) {
        struct origin_state state;
        struct origin_state back;
        uint8_t bytes[ORIGIN_PACK_MAX];
        uint8_t again[ORIGIN_PACK_MAX];
        play(&params, careful_rows[i].script, &state);
        size_t n = origin_pack_write(&state, bytes);
        assert_true(origin_pack_read(bytes, n, &back));
        assert_int_equal(origin_pack_write(&back, again), n);
        assert_memory_equal(bytes, again, n);
        for (size_t cut = 0; cut < n; cut++)
            assert_false(origin_pack_read(bytes, cut, &back));
        bytes[0]++;
        assert_false(origin_pack_read(bytes, n, &back));
    }
}

/* Whatever a damaged store holds, it is refused or can be worked with. */
static void damaged_states_do_no_harm(void **unused) {
    (void)unused;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    struct origin_state state;
    play(&params, "8*8ga R 15*8g R 4*kfhx", &state);
    uint8_t bytes[ORIGIN_PACK_MAX];
    size_t n = origin_pack_write(&state, bytes);
    unsigned refused = 0;
    for (unsigned i = 0; i < 8 * n; i++) {
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
        struct origin_state back;
        refused += !origin_pack_read(bytes, n, &back);
        history_play(&back, &params, START + 60, "8g R d");
        struct origin_advice advice;
        advise_origin(&back, &params, (START + 62) * HISTORY_DAY_MS, &advice);
        assert_true(advice.upper95 >= 0 && advice.upper95 <= 1);
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    assert_true(refused > n);
}

static void a_full_state_fits(void **unused) {
    (void)unused;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    params.pin_demotions = 0;
    struct origin_state state;
    origin_rule_init(&state);
    int32_t day = START;
    for (unsigned i = 0; i < 200; i++) {
        struct observation scan = history_scan(i % 30 == 20 ? 'R' : 'g', day++ * HISTORY_DAY_MS);
        for (uint32_t address = 0; address < 20; address++) {
            scan.address = address * 77;
            origin_rule_step(&state, &params, &scan);
        }
    }
    assert_int_equal(state.evidence.addresses_n, EVIDENCE_ADDRESSES);
    uint8_t bytes[ORIGIN_PACK_MAX];
    struct origin_state back;
    size_t n = origin_pack_write(&state, bytes);
    assert_true(n < ORIGIN_PACK_MAX);
    assert_true(origin_pack_read(bytes, n, &back));
    struct origin_advice advice;
    advise_origin(&state, &params, day * HISTORY_DAY_MS, &advice);
    assert_int_not_equal(advice.standing, LEVEL_PREFERRED); /* too many addresses */
}

/* Format 1 has no `dark` and `silent` behind each day, format 2 no `reached` and `duals` and no wish. */
static void a_state_of_an_older_release_is_read(void **unused) {
    (void)unused;
    enum { WISH = 1 + 2, ADDRESSES = 1 + 4 + 4 + 1, REACH = 2, SILENCE = 2 };
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    struct origin_state state, back;
    uint8_t bytes[ORIGIN_PACK_MAX], again[ORIGIN_PACK_MAX];
    origin_rule_init(&state);
    history_play(&state, &params, START, "8g"); /* one day, one address */
    size_t n = origin_pack_write(&state, again);
    assert_int_equal(again[0], 3);
    for (uint8_t format = 1; format <= 2; format++) {
        size_t left_out = REACH + (format == 1 ? SILENCE : 0);
        size_t at = n - WISH - ADDRESSES;
        memcpy(bytes, again, n);
        bytes[0] = format;
        memmove(bytes + at - left_out, bytes + at, ADDRESSES);
        assert_true(origin_pack_read(bytes, n - WISH - left_out, &back));
        assert_int_equal(origin_pack_write(&back, bytes), n);
        memset(again + at - REACH, 0, REACH); /* what it does not know */
        assert_memory_equal(bytes, again, n);
    }
}

/* Older releases kept no `reached` and no `duals`: what they advised is advised still. */
static void a_level_of_an_older_release_is_kept(void **unused) {
    (void)unused;
    static const struct {
        const char *script;
        enum rule_level level;
    } rows[] = {{"8*8g", LEVEL_PREFERRED}, {"8*8g R", LEVEL_SUPPORTED}, {"8*4c", LEVEL_SUPPORTED}};
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct origin_state state;
        struct origin_advice a = play(&params, rows[i].script, &state);
        assert_int_equal(a.level, rows[i].level);
        for (size_t day = 0; day < RULE_WINDOW_MAX; day++)
            state.evidence.days[day].reached = state.evidence.days[day].duals = 0;
        int64_t now_ms = (int64_t)(state.evidence.day + 1) * HISTORY_DAY_MS;
        advise_origin(&state, &params, now_ms, &a);
        assert_int_equal(a.level, rows[i].level);
        assert_int_equal(a.duals[CLASSICAL_P256].proven, false);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(careful_histories),
        cmocka_unit_test(fast_histories),
        cmocka_unit_test(hold_downs_double_to_their_limit),
        cmocka_unit_test(advice_says_what_is_missing),
        cmocka_unit_test(one_day_of_a_fault_takes_nothing_away),
        cmocka_unit_test(first_share_follows_the_evidence),
        cmocka_unit_test(a_needed_group_is_kept),
        cmocka_unit_test(a_state_of_an_older_release_is_read),
        cmocka_unit_test(extra_trials_are_wanted_where_they_help),
        cmocka_unit_test(packing_keeps_the_state),
        cmocka_unit_test(damaged_states_do_no_harm),
        cmocka_unit_test(a_full_state_fits),
        cmocka_unit_test(a_level_of_an_older_release_is_kept),
    };
    return cmocka_run_group_tests_name("origin rule", tests, NULL, NULL);
}
