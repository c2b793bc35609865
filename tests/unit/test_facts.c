/* How a judgement changes what is known, address by address. */
#include "store/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct judgement judged(enum verdict verdict) {
    struct judgement judgement = {.status = STATUS_COMPLETE,
                                  .verdict = verdict,
                                  .verdicts = UINT64_C(1) << verdict,
                                  .tls_version = 0x0304,
                                  .order = ORDER_SERVER,
                                  .preferred_group = 4588};
    const uint16_t ids[JUDGED_GROUPS] = {29, 23, 24, 25, 4588, 25497};
    memcpy(judgement.group_ids, ids, sizeof ids);
    for (unsigned i = 0; i < JUDGED_GROUPS; i++)
        judgement.groups[i] = TRUTH_TRUE;
    for (unsigned i = 0; i < MODE_COUNT; i++)
        judgement.modes[i] = (struct mode_fact){TRUTH_TRUE, 4588, TRUTH_FALSE};
    return judgement;
}

static void only_complete_and_stable_scans_are_evidence(void **state) {
    (void)state;
    for (unsigned status = 0; status < STATUS_COUNT; status++)
        for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
            struct judgement judgement = judged((enum verdict)verdict);
            judgement.status = (enum scan_status)status;
            assert_int_equal(facts_accepts(&judgement),
                             status == STATUS_COMPLETE && verdict != VERDICT_UNSTABLE);
        }
    struct judgement flapping = judged(VERDICT_READY);
    flapping.verdicts |= UINT64_C(1) << VERDICT_UNSTABLE;
    assert_false(facts_accepts(&flapping));
}

static void the_worse_verdict_of_two_addresses_counts(void **state) {
    (void)state;
    static const enum verdict worst_first[] = {VERDICT_LARGE_HELLO_HANGS_TLS12,
                                               VERDICT_SPLIT_HELLO,
                                               VERDICT_HYBRID_UNUSABLE,
                                               VERDICT_RESUMPTION_FAILS,
                                               VERDICT_HANDSHAKE_REFUSED,
                                               VERDICT_NEVER_FINISHES,
                                               VERDICT_TLS12_ONLY,
                                               VERDICT_COUNT, /* none */
                                               VERDICT_CLASSICAL,
                                               VERDICT_DRAFT_ONLY,
                                               VERDICT_OTHER_HYBRID,
                                               VERDICT_HYBRID_NOT_CHOSEN,
                                               VERDICT_READY_AFTER_RETRY,
                                               VERDICT_READY};
    enum { N = sizeof worst_first / sizeof *worst_first };
    for (unsigned a = 0; a < N; a++)
        for (unsigned b = 0; b < N; b++) {
            struct judgement into = judged(worst_first[a]);
            struct judgement other = judged(worst_first[b]);
            facts_merge(&into, &other);
            assert_int_equal(into.verdict, worst_first[a < b ? a : b]);
            assert_true(into.verdicts >> worst_first[a] & into.verdicts >> worst_first[b] & 1);
        }
}

static void the_worse_fact_of_two_addresses_counts(void **state) {
    (void)state;
    const enum truth T = TRUTH_TRUE, F = TRUTH_FALSE, U = TRUTH_UNKNOWN;
    const struct {
        enum truth a, b, both, either;
    } rows[] = {{T, T, T, T}, {T, F, F, T}, {F, F, F, F}, {T, U, U, T}, {F, U, F, U}, {U, U, U, U}};
    for (unsigned i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        bool turned = i % 2;
        enum truth a = turned ? rows[i / 2].b : rows[i / 2].a;
        enum truth b = turned ? rows[i / 2].a : rows[i / 2].b;
        struct judgement into = judged(VERDICT_READY), other = judged(VERDICT_READY);
        into.groups[JUDGED_P384] = into.modes[MODE_OFF].works = into.modes[MODE_OFF].retry = a;
        other.groups[JUDGED_P384] = other.modes[MODE_OFF].works = other.modes[MODE_OFF].retry = b;
        facts_merge(&into, &other);
        assert_int_equal(into.groups[JUDGED_P384], rows[i / 2].both);
        assert_int_equal(into.modes[MODE_OFF].works, rows[i / 2].both);
        assert_int_equal(into.modes[MODE_OFF].retry, rows[i / 2].either);
    }
}

static void what_both_addresses_stand_is_what_counts(void **state) {
    (void)state;
    struct judgement into = judged(VERDICT_READY), other = judged(VERDICT_SIZE_LIMIT);
    into.modes[MODE_PREFERRED].tolerated = into.modes[MODE_PREFERRED].resumes = TRUTH_TRUE;
    other.modes[MODE_PREFERRED].tolerated = other.modes[MODE_PREFERRED].resumes = TRUTH_FALSE;
    into.modes[MODE_SUPPORTED].tolerated = TRUTH_TRUE;
    into.others_n = other.others_n = 2;
    into.other_ids[0] = other.other_ids[0] = GROUP_MLKEM768;
    into.other_ids[1] = other.other_ids[1] = GROUP_MLKEM1024;
    into.others[0] = into.others[1] = other.others[0] = TRUTH_TRUE;
    other.others[1] = TRUTH_FALSE;
    into.largest_first = into.largest_second = 2048;
    other.largest_first = 1434;
    other.size_passed = 1434;
    other.size_failed = 1450;
    into.resumed_works = TRUTH_TRUE;
    other.resumed_works = TRUTH_FALSE;
    other.alpn_refused = true;
    facts_merge(&into, &other);
    assert_int_equal(into.modes[MODE_PREFERRED].tolerated, TRUTH_FALSE);
    assert_int_equal(into.modes[MODE_PREFERRED].resumes, TRUTH_FALSE);
    assert_int_equal(into.modes[MODE_SUPPORTED].tolerated, TRUTH_UNKNOWN);
    assert_int_equal(into.others[0], TRUTH_TRUE);
    assert_int_equal(into.others[1], TRUTH_FALSE);
    assert_int_equal(into.largest_first, 1434);
    assert_int_equal(into.largest_second, 0);
    assert_int_equal(into.size_passed, 1434);
    assert_int_equal(into.size_failed, 1450);
    assert_int_equal(into.resumed_works, TRUTH_FALSE);
    assert_true(into.alpn_refused);
}

static void what_addresses_disagree_on_is_not_known(void **state) {
    (void)state;
    struct judgement into = judged(VERDICT_READY), other = judged(VERDICT_READY);
    other.order = ORDER_CLIENT;
    other.preferred_group = 29;
    other.tls_version = 0x0303;
    other.group_ids[JUDGED_HYBRID] = 4587;
    other.modes[MODE_PREFERRED].group = 29;
    other.server_groups_n = 1;
    other.hrr_failure = true;
    facts_merge(&into, &other);
    assert_int_equal(into.order, ORDER_UNKNOWN);
    assert_int_equal(into.preferred_group, GROUP_NONE);
    assert_int_equal(into.tls_version, 0x0303);
    assert_int_equal(into.groups[JUDGED_HYBRID], TRUTH_UNKNOWN);
    assert_int_equal(into.modes[MODE_PREFERRED].group, GROUP_NONE);
    assert_int_equal(into.server_groups_n, 0);
    assert_true(into.hrr_failure);
}

static void merging_with_itself_changes_nothing(void **state) {
    (void)state;
    struct judgement into = judged(VERDICT_CLASSICAL), other = judged(VERDICT_CLASSICAL);
    facts_merge(&into, &other);
    assert_memory_equal(&into, &other, sizeof into);
}

static void an_answer_about_resumption_stands_until_the_next(void **state) {
    (void)state;
    struct judgement before = judged(VERDICT_RESUMPTION_FAILS);
    before.resumed_works = TRUTH_FALSE;
    struct judgement silent = judged(VERDICT_READY);
    silent.resumes = silent.resumed_works = TRUTH_UNKNOWN;
    struct judgement worse = judged(VERDICT_SIZE_LIMIT);
    worse.resumes = worse.resumed_works = TRUTH_UNKNOWN;
    struct judgement mended = judged(VERDICT_READY);
    mended.resumed_works = TRUTH_TRUE;
    assert_true(facts_keep_resumption(&silent, &before));
    assert_int_equal(silent.verdict, VERDICT_RESUMPTION_FAILS);
    assert_int_equal(silent.resumed_works, TRUTH_FALSE);
    assert_false(facts_keep_resumption(&worse, &before));
    assert_int_equal(worse.verdict, VERDICT_SIZE_LIMIT); /* it goes before */
    assert_true(verdict_holds(&worse, VERDICT_RESUMPTION_FAILS));
    assert_false(facts_keep_resumption(&mended, &before));
    assert_int_equal(mended.verdict, VERDICT_READY);
}

static void a_quick_scan_keeps_what_it_did_not_ask(void **state) {
    (void)state;
    struct judgement before = judged(VERDICT_READY_AFTER_RETRY);
    struct judgement quick = judged(VERDICT_CLASSICAL);
    for (unsigned i = 0; i < JUDGED_GROUPS; i++)
        quick.groups[i] = TRUTH_UNKNOWN;
    quick.groups[JUDGED_P256] = TRUTH_FALSE;
    quick.modes[MODE_PREFERRED].works = TRUTH_FALSE;
    quick.modes[MODE_PREFERRED_DUAL] = (struct mode_fact){0};
    before.modes[MODE_SUPPORTED].tolerated = before.modes[MODE_PREFERRED].tolerated = TRUTH_TRUE;
    quick.modes[MODE_PREFERRED].tolerated = TRUTH_FALSE;
    quick.order = ORDER_UNKNOWN;
    quick.preferred_group = GROUP_NONE;
    facts_complete(&quick, &before);
    struct facts facts = facts_from(&quick);
    assert_int_equal(facts.verdict, VERDICT_READY_AFTER_RETRY);
    assert_int_equal(facts.groups[JUDGED_P384], TRUTH_TRUE);
    assert_int_equal(facts.groups[JUDGED_P256], TRUTH_FALSE);
    assert_int_equal(facts.works[MODE_PREFERRED], TRUTH_FALSE);
    assert_int_equal(facts.order, ORDER_SERVER);
    assert_int_equal(facts.preferred_group, 4588);
    assert_int_equal(quick.modes[MODE_PREFERRED_DUAL].works, TRUTH_TRUE);
    assert_int_equal(quick.modes[MODE_SUPPORTED].tolerated, TRUTH_TRUE);
    assert_int_equal(quick.modes[MODE_PREFERRED].tolerated, TRUTH_FALSE);

    struct judgement fault = judged(VERDICT_SPLIT_HELLO);
    facts_complete(&fault, &before);
    assert_int_equal(fault.verdict, VERDICT_SPLIT_HELLO);
}

static void add(void *arg, const char *field, const char *old, const char *new) {
    fprintf(arg, "%s:%s>%s ", field, old ? old : "NULL", new ? new : "NULL");
}

static char *differences(const struct facts *old, const struct facts *new) {
    char *said;
    size_t n;
    FILE *out = open_memstream(&said, &n);
    facts_compare(old, new, add, out);
    fclose(out);
    return said;
}

static void changes_are_named_as_the_views_columns(void **state) {
    (void)state;
    struct judgement ready = judged(VERDICT_READY), worse = judged(VERDICT_SPLIT_HELLO);
    worse.tls_version = 0x0303;
    worse.preferred_group = 29;
    worse.order = ORDER_CLIENT;
    worse.groups[JUDGED_X25519] = TRUTH_FALSE;
    worse.groups[JUDGED_DRAFT] = TRUTH_UNKNOWN;
    worse.modes[MODE_PREFERRED] = (struct mode_fact){TRUTH_FALSE, 0, TRUTH_TRUE};
    struct facts none = {0}, old = facts_from(&ready), new = facts_from(&worse);
    char *said = differences(&old, &new);
    assert_string_equal(said, "verdict:ready>split-hello tls_version:TLSv1.3>TLSv1.2 "
                              "preferred_group:X25519MLKEM768>X25519 group_order:server>client "
                              "x25519:1>0 draft:1>NULL preferred_works:1>0 preferred_retry:0>1 ");
    free(said);
    said = differences(&old, &old);
    assert_string_equal(said, "");
    free(said);
    said = differences(&none, &new);
    assert_string_equal(said, ""); /* learned, not changed */
    free(said);
}

static void a_no_is_not_a_failure(void **state) {
    (void)state;
    struct probe_result probe = {.probe = PROBE_ONLY_P521, .outcome = OUTCOME_ALERT};
    assert_false(facts_probe_failed(&probe));
    probe.outcome = OUTCOME_CLOSED;
    assert_true(facts_probe_failed(&probe));
    probe.outcome = OUTCOME_CANCELLED;
    assert_false(facts_probe_failed(&probe));
    probe = (struct probe_result){.probe = PROBE_PREFERRED, .outcome = OUTCOME_ALERT};
    assert_true(facts_probe_failed(&probe));
    probe.outcome = OUTCOME_OK;
    assert_false(facts_probe_failed(&probe));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_complete_and_stable_scans_are_evidence),
        cmocka_unit_test(the_worse_verdict_of_two_addresses_counts),
        cmocka_unit_test(the_worse_fact_of_two_addresses_counts),
        cmocka_unit_test(what_both_addresses_stand_is_what_counts),
        cmocka_unit_test(what_addresses_disagree_on_is_not_known),
        cmocka_unit_test(merging_with_itself_changes_nothing),
        cmocka_unit_test(a_quick_scan_keeps_what_it_did_not_ask),
        cmocka_unit_test(an_answer_about_resumption_stands_until_the_next),
        cmocka_unit_test(changes_are_named_as_the_views_columns),
        cmocka_unit_test(a_no_is_not_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
