/* From one scan to a setting: the table tests/tables/advice.txt, then properties over random scans.
 */
#include "report/advice.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
