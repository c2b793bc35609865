/* From one scan to a setting: the table tests/tables/advice.txt, then properties over random scans.
 */
#include "report/rule/advice.h"
#include "report/rule/observe.h"
#include "report/zone/recommend.h"

#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void advise(const struct scan *scan, struct advice *out) {
    struct judgement judgement;
    verdict_judge(scan, &judgement);
    advice_give(scan, &judgement, out);
}

static void print_advice(FILE *to, const struct advice *advice) {
    if (!advice->given) {
        fprintf(to, "none %s", advice->reason);
        return;
    }
    fprintf(to, "%s %c ", setting_name(advice->setting), scan_words_letter(advice->first_share));
    for (size_t i = 0; i < advice->groups_n; i++)
        fputc(scan_words_letter(advice->groups[i]), to);
    fprintf(to, " %s", advice->reason);
}

static void advised(const struct scan *scan, char *out, size_t size) {
    struct advice advice;
    advise(scan, &advice);
    FILE *to = fmemopen(out, size, "w");
    print_advice(to, &advice);
    fclose(to);
}

static void test_table(void **state) {
    (void)state;
    assert_true(scan_words_table("advice.txt", advised) > 30);
}

static bool has(const struct advice *advice, uint16_t group) {
    for (size_t i = 0; i < advice->groups_n; i++)
        if (advice->groups[i] == group)
            return true;
    return false;
}

/* What must hold of any advice. */
static void check(const struct scan *scan, const struct advice *advice) {
    struct judgement judgement;
    verdict_judge(scan, &judgement);
    assert_non_null(advice->reason);
    if (!advice->given)
        return;
    assert_int_equal(scan->status, STATUS_COMPLETE);
    assert_true(has(advice, advice->first_share));
    assert_true(advice->setting == SETTING_OFF || has(advice, scan->hybrid));
    assert_true(advice->setting != SETTING_OFF || !has(advice, scan->hybrid));
    assert_int_equal(advice->first_share == scan->hybrid, advice->setting == SETTING_PREFERRED);
    if (advice->setting == SETTING_PREFERRED)
        assert_int_equal(judgement.modes[MODE_PREFERRED].works, TRUTH_TRUE);
    if (advice->setting == SETTING_SUPPORTED)
        assert_int_equal(judgement.modes[MODE_SUPPORTED].works, TRUTH_TRUE);
    for (size_t i = 0; i < advice->groups_n; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(advice->groups[i] != advice->groups[j]);
}

static void test_random(void **state) {
    (void)state;
    unsigned seed = 5;
    for (int round = 0; round < 20000; round++) {
        struct scan_words words;
        struct advice advice;
        scan_words_random(&words, &seed);
        for (enum scan_status status = 0; status < STATUS_COUNT; status++) {
            words.scan.status = status;
            advise(&words.scan, &advice);
            check(&words.scan, &advice);
        }
    }
}

/* ---- the rule's profile `fast` says the same ---- */

static void print_ruled(FILE *to, const struct scan *scan) {
    struct judgement judgement;
    struct observation seen;
    verdict_judge(scan, &judgement);
    observe(scan, &judgement, &seen);
    if (verdict_holds(&judgement, VERDICT_UNSTABLE))
        seen.conclusive = false; /* as settling does with profile `fast` */
    struct recommendation ruled = recommend_scan(&seen, scan->hybrid, COMPLIANCE_NONE);
    if (ruled.setting.level == LEVEL_NONE)
        fputs("none", to);
    else
        fprintf(to, "%s %c", rule_level_name(ruled.setting.level),
                scan_words_letter(ruled.setting.first_share));
}

static void print_advised(FILE *to, const struct scan *scan) {
    struct advice advice;
    advise(scan, &advice);
    if (!advice.given)
        fputs("none", to);
    else
        fprintf(to, "%s %c", setting_name(advice.setting), scan_words_letter(advice.first_share));
}

/* One line of a table; how many of them disagree. */
static int compare(const char *name, int number, char *line) {
    struct scan_words words;
    char texts[2][64];
    char *arrow = strstr(line, " => ");
    if (line[0] == '#' || !arrow)
        return 0;
    *arrow = '\0';
    scan_words_init(&words);
    scan_words_apply(&words, line);
    words.scan.started_ms = INT64_C(1795446000123); /* time nought would be no scan */
    for (int i = 0; i < 2; i++) {
        FILE *to = fmemopen(texts[i], sizeof texts[i], "w");
        (i ? print_ruled : print_advised)(to, &words.scan);
        fclose(to);
    }
    if (strcmp(texts[0], texts[1]) == 0)
        return 0;
    print_error("%s:%d: %s\n  advice: %s\n  rule:   %s\n", name, number, line, texts[0], texts[1]);
    return 1;
}

static int compare_table(const char *name, int *lines) {
    char path[512], line[1024];
    int wrong = 0, number = 0;
    snprintf(path, sizeof path, "%s/tests/tables/%s", ORIGINSCAN_SOURCE_DIR, name);
    FILE *table = fopen(path, "r");
    assert_non_null(table);
    while (fgets(line, sizeof line, table)) {
        wrong += compare(name, ++number, line);
        ++*lines;
    }
    fclose(table);
    return wrong;
}

static void test_the_rule_agrees(void **state) {
    (void)state;
    int lines = 0;
    int wrong = compare_table("advice.txt", &lines) + compare_table("verdict.txt", &lines) +
                compare_table("observe.txt", &lines);
    assert_true(lines > 150);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rule_agrees),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
