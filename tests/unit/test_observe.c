/* What the rule reads from a scan: the table tests/tables/observe.txt, then properties over random
 * scans. */
#include "report/rule/observe.h"
#include "report/rule/safe_level.h"

#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void observe_scan(const struct scan *scan, struct observation *out) {
    struct judgement judgement;
    verdict_judge(scan, &judgement);
    observe(scan, &judgement, PROFILE_CAREFUL, out);
}

/* failed/tries, and what the mode got where it works; + after a retry. */
static void print_trial(FILE *to, char name, const struct rule_trial *trial) {
    fprintf(to, " %c%u/%u", name, trial->failed, trial->tries);
    if (trial->works)
        fprintf(to, "%c%s", scan_words_letter(trial->group), trial->retry ? "+" : "");
}

static void print_observed(const struct scan *scan, char *out, size_t size) {
    static const char answers[] = {'?', 'a', 'r', 'f'};
    struct observation seen;
    observe_scan(scan, &seen);
    FILE *to = fmemopen(out, size, "w");
    fprintf(to, "%s%s%s c%u/%u", seen.conclusive ? "yes" : "no", seen.tls13 ? "" : ",old",
            seen.hybrid_known ? ",hybrid" : "", seen.controls_failed, seen.controls);
    print_trial(to, 's', &seen.trials[MODE_SUPPORTED]);
    print_trial(to, 'p', &seen.trials[MODE_PREFERRED]);
    print_trial(to, 'd', &seen.trials[MODE_PREFERRED_DUAL]);
    fputc(' ', to);
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        char answer = answers[seen.shares[i]];
        fputc(seen.confirmed[i] ? 'A' : answer, to);
    }
    fprintf(to, " %s", rule_level_name(seen.ceiling));
    if (seen.silence == SILENCE_AFTER_LARGE)
        fputs(",dark", to);
    if (seen.conclusive && seen.needed[CLASSICAL_P521])
        fputs(",P-521", to);
    fclose(to);
}

static void test_table(void **state) {
    (void)state;
    assert_true(scan_words_table("observe.txt", print_observed) > 40);
}

static void check(const struct scan *scan) {
    struct observation seen;
    observe_scan(scan, &seen);
    assert_true(!seen.conclusive || scan->status == STATUS_COMPLETE);
    assert_true(seen.controls <= 2 && seen.controls_failed <= seen.controls);
    assert_true(seen.ceiling != LEVEL_NONE);
    for (unsigned m = MODE_SUPPORTED; m < MODE_COUNT; m++) {
        const struct rule_trial *trial = &seen.trials[m];
        assert_true(trial->failed <= trial->tries && trial->tries <= 2);
        assert_true(!trial->works || trial->failed < trial->tries);
        assert_int_equal(trial->group != GROUP_NONE && !trial->works, 0);
    }
    uint8_t packed[OBSERVATION_PACKED];
    struct observation again;
    observation_pack(&seen, packed);
    assert_true(observation_unpack(packed, &again));
    assert_memory_equal(again.trials, seen.trials, sizeof seen.trials);
}

static void test_random(void **state) {
    (void)state;
    unsigned seed = 11;
    for (int round = 0; round < 20000; round++) {
        struct scan_words words;
        scan_words_random(&words, &seed);
        for (enum scan_status status = 0; status < STATUS_COUNT; status++) {
            words.scan.status = status;
            check(&words.scan);
        }
        scan_words_random_mild(&words, &seed, true);
        check(&words.scan);
    }
}

/* The hash is stored: it must never change. */
static void test_address(void **state) {
    (void)state;
    struct scan_words words;
    struct observation seen;
    scan_words_init(&words);
    scan_words_apply(&words, "modern");
    strcpy(words.scan.address, "192.0.2.7");
    observe_scan(&words.scan, &seen);
    assert_int_equal(seen.address, 0xbecc74a);
    strcpy(words.scan.address, "");
    observe_scan(&words.scan, &seen);
    assert_int_equal(seen.address, 0x811c9dc5);
}

static void test_kind(void **state) {
    (void)state;
    struct scan_words words;
    struct observation seen;
    scan_words_init(&words);
    scan_words_apply(&words, "modern");
    words.scan.started_ms = 123456789;
    observe_scan(&words.scan, &seen);
    assert_int_equal(seen.kind, KIND_DAILY);
    assert_int_equal(seen.time_ms, 123456789);
    words.scan.plan = PLAN_QUICK;
    observe_scan(&words.scan, &seen);
    assert_int_equal(seen.kind, KIND_EXTRA);
    words.scan.plan = PLAN_FULL;
    observe_scan(&words.scan, &seen);
    assert_int_equal(seen.kind, KIND_DAILY);
}

/* Where we gave up, be it for want of processor time, the origin did not go silent. */
static void test_our_own_end_is_no_silence(void **state) {
    (void)state;
    struct scan_words words;
    struct observation seen;
    scan_words_init(&words);
    scan_words_apply(&words, "classical=ok:X25519 preferred=cancelled status=interrupted");
    observe_scan(&words.scan, &seen);
    assert_false(seen.conclusive);
    assert_int_equal(seen.silence, SILENCE_NONE);
}

/* Every fault of the table of signatures has its safe setting. */
/* As it was kept: each mode was tried once and worked. */
static struct observation kept_of_first_plan(void) {
    struct observation kept = {.kind = KIND_DAILY};
    for (unsigned mode = MODE_SUPPORTED; mode < MODE_COUNT; mode++)
        kept.trials[mode] =
            (struct rule_trial){.tries = 1, .works = true, .group = SCAN_WORDS_HYBRID};
    return kept;
}

static void observe_again(const char *words, struct observation *out) {
    struct scan_words scan;
    struct observation kept = kept_of_first_plan();
    scan_words_init(&scan);
    scan_words_apply(&scan, words);
    observe_scan(&scan.scan, out);
    observe_keep_unasked(&scan.scan, &kept, out);
}

/* A scan of the first plan proves nothing at a proxy's length; what was made of it before stays, but
 * for what it shows to fail. */
static void test_first_plan_again(void **state) {
    (void)state;
    struct observation again;
    observe_again("modern preferred-dual=ok:hybrid,whole", &again);
    for (unsigned mode = MODE_PREFERRED; mode < MODE_COUNT; mode++) {
        assert_int_equal(again.trials[mode].tries, 1);
        assert_true(again.trials[mode].works);
    }
    observe_again("modern preferred=alert40 preferred-dual=ok:hybrid,whole", &again);
    assert_int_equal(again.trials[MODE_PREFERRED].failed, 1);
    assert_false(again.trials[MODE_PREFERRED].works);
    observe_again("modern -preferred-dual", &again); /* a quick visit had none */
    assert_true(again.trials[MODE_PREFERRED].works);
    observe_again("modern preferred-dual=ok:X25519,>X25519", &again); /* of now: not proven */
    assert_int_equal(again.trials[MODE_PREFERRED].tries, 0);
    observe_again("modern preferred-dual=ok:hybrid,whole status=interrupted", &again);
    assert_int_equal(again.trials[MODE_PREFERRED].tries, 0);
}

static void test_levels(void **state) {
    (void)state;
    static const struct {
        enum verdict verdict;
        enum rule_level level;
    } wanted[] = {
        {VERDICT_UNREACHABLE, LEVEL_NONE},
        {VERDICT_INTERRUPTED, LEVEL_NONE},
        {VERDICT_UNSTABLE, LEVEL_NONE},
        {VERDICT_HANDSHAKE_REFUSED, LEVEL_NONE},
        {VERDICT_LARGE_HELLO_HANGS_TLS12, LEVEL_OFF},
        {VERDICT_UNKNOWN_GROUP, LEVEL_OFF},
        {VERDICT_UNKNOWN_SHARE, LEVEL_SUPPORTED},
        {VERDICT_LARGE_FIRST_ONLY, LEVEL_SUPPORTED},
        {VERDICT_LARGE_SECOND_ONLY, LEVEL_PREFERRED},
        {VERDICT_RETRY_THEN_FAIL, LEVEL_OFF},
        {VERDICT_WRONG_BACKEND, LEVEL_SUPPORTED},
        {VERDICT_RECORD_SPLIT, LEVEL_PREFERRED},
        {VERDICT_LENGTH_QUIRK, LEVEL_PREFERRED},
        {VERDICT_CLIENT_CERTIFICATE, LEVEL_PREFERRED},
        {VERDICT_READY, LEVEL_PREFERRED},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_int_equal(safe_level_of(wanted[i].verdict), wanted[i].level);
    struct judgement judgement = {.verdicts = UINT64_C(1) << VERDICT_SPLIT_HELLO |
                                              UINT64_C(1) << VERDICT_RETRY_LOOP |
                                              UINT64_C(1) << VERDICT_TLS12_ONLY};
    enum verdict why;
    assert_int_equal(safe_level_all(&judgement, &why), LEVEL_OFF);
    assert_int_equal(why, VERDICT_RETRY_LOOP);
    assert_int_equal(safe_level_faults(&judgement), LEVEL_OFF);
    judgement.verdicts = UINT64_C(1) << VERDICT_TLS12_ONLY;
    assert_int_equal(safe_level_faults(&judgement), LEVEL_PREFERRED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_kind),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_first_plan_again),
        cmocka_unit_test(test_our_own_end_is_no_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
