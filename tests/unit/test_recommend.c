/* From one scan to a setting: the table tests/tables/advice.txt, then properties over random scans.
 */
#include "report/rule/observe.h"
#include "report/zone/recommend.h"

#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STARTED_MS INT64_C(1795446000123)

static bool lists(const struct zone_setting *setting, uint16_t group) {
    for (size_t i = 0; i < setting->groups_n; i++)
        if (setting->groups[i] == group)
            return true;
    return false;
}

/* The rule's profile `fast` decides; a scan can only withdraw what it decided. */
static void check_that_the_rule_agrees(const struct scan *scan, const struct judgement *judgement,
                                       const struct recommendation *advice) {
    struct observation seen;
    observe(scan, judgement, PROFILE_FAST, &seen);
    struct recommendation ruled = recommend_visit(&seen, scan->hybrid, COMPLIANCE_NONE);
    if (advice->setting.level == LEVEL_NONE && advice->reason == REASON_NO_SHARE_WORKS)
        return;
    if (ruled.setting.level == LEVEL_SUPPORTED &&
        judgement->modes[MODE_SUPPORTED].tolerated != TRUTH_TRUE) { /* a quick scan by itself */
        assert_int_equal(scan->plan, PLAN_QUICK);
        assert_true(advice->setting.level < LEVEL_SUPPORTED);
        return;
    }
    assert_int_equal(advice->setting.level, ruled.setting.level);
    assert_int_equal(advice->setting.first_share, ruled.setting.first_share);
}

/* One scan has no better day to wait for. */
static void check_that_lateness_changes_nothing(const struct scan *scan,
                                                const struct recommendation *advice) {
    struct probe_result probes[SCAN_PROBES_MAX];
    struct scan late = *scan;
    struct judgement judgement;
    for (size_t i = 0; i < scan->probes_n; i++) {
        probes[i] = scan->probes[i];
        probes[i].late = true;
    }
    late.probes = probes;
    verdict_judge(&late, &judgement);
    struct recommendation same = recommend_scan(&late, &judgement);
    assert_int_equal(same.setting.level, advice->setting.level);
    assert_int_equal(same.setting.first_share, advice->setting.first_share);
    assert_int_equal(same.reason, advice->reason);
}

/* What must hold of any advice. */
static void check_advice(const struct scan *scan) {
    struct judgement judgement;
    verdict_judge(scan, &judgement);
    struct recommendation advice = recommend_scan(scan, &judgement);
    const struct zone_setting *setting = &advice.setting;
    enum rule_level level = setting->level;
    check_that_the_rule_agrees(scan, &judgement, &advice);
    check_that_lateness_changes_nothing(scan, &advice);
    assert_string_not_equal(recommend_scan_reason(&advice, &judgement), "");
    assert_true(advice.provisional || level == LEVEL_NONE);
    if (level == LEVEL_NONE) {
        assert_int_equal(setting->groups_n, 0);
        return;
    }
    assert_int_equal(scan->status, STATUS_COMPLETE);
    assert_true(lists(setting, setting->first_share));
    assert_int_equal(level != LEVEL_OFF, lists(setting, scan->hybrid));
    assert_int_equal(setting->first_share == scan->hybrid, level == LEVEL_PREFERRED);
    if (level == LEVEL_PREFERRED)
        assert_int_equal(judgement.modes[MODE_PREFERRED].tolerated, TRUTH_TRUE);
    if (level == LEVEL_SUPPORTED)
        assert_int_equal(judgement.modes[MODE_SUPPORTED].tolerated, TRUTH_TRUE);
    for (size_t i = 0; i < setting->groups_n; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(setting->groups[i] != setting->groups[j]);
}

static void advised(const struct scan *from, char *out, size_t size) {
    struct scan scan = *from;
    struct judgement judgement;
    scan.started_ms = STARTED_MS; /* time 0 would be no scan to the rule */
    check_advice(&scan);
    verdict_judge(&scan, &judgement);
    struct recommendation advice = recommend_scan(&scan, &judgement);
    const struct zone_setting *setting = &advice.setting;
    FILE *to = fmemopen(out, size, "w");
    fputs(rule_level_name(setting->level), to);
    if (setting->level != LEVEL_NONE)
        fprintf(to, " %c ", scan_words_letter(setting->first_share));
    for (size_t i = 0; i < setting->groups_n; i++)
        fputc(scan_words_letter(setting->groups[i]), to);
    fprintf(to, " %s", recommend_scan_reason(&advice, &judgement));
    fclose(to);
}

static void test_table(void **state) {
    (void)state;
    assert_true(scan_words_table("advice.txt", advised) > 30);
}

static void test_random(void **state) {
    (void)state;
    unsigned seed = 5;
    for (int round = 0; round < 20000; round++) {
        struct scan_words words;
        scan_words_random(&words, &seed);
        words.scan.started_ms = STARTED_MS;
        for (enum scan_status status = 0; status < STATUS_COUNT; status++) {
            words.scan.status = status;
            check_advice(&words.scan);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
