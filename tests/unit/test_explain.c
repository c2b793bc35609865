/* Explanations: every verdict has one, and it cites what it says it does. */
#include "report/view/explain.h"
#include "report/view/explain_text.h"
#include "report/view/probe_words.h"
#include "report/view/remedy.h"
#include "scanner/words/alert.h"
#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STARVED_WORDS "too_little_processor_time_to_listen_for_the_answer"

static void test_alert_names(void **state) {
    (void)state;
    assert_string_equal(alert_name(0), "close_notify");
    assert_string_equal(alert_name(40), "handshake_failure");
    assert_string_equal(alert_name(121), "ech_required");
    assert_null(alert_name(-1));
    assert_null(alert_name(1));
    assert_null(alert_name(255));
}

static void test_every_verdict_is_explained(void **state) {
    (void)state;
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        const struct explain_text *text = explain_text(verdict);
        assert_non_null(text->so);
        for (size_t i = 0; i + 1 < EXPLAIN_CITED; i++) {
            assert_true(text->cited[i] <= PROBE_COUNT);
            if (text->cited[i + 1] != EXPLAIN_END)
                assert_true(text->cited[i] != EXPLAIN_END);
        }
        if (verdict_class(verdict) == VERDICT_CLASS_FAULT)
            assert_non_null(text->where);
    }
}

static void expect(void (*print)(FILE *, const struct probe_result *),
                   const struct probe_result *result, const char *expected) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    print(to, result);
    fclose(to);
    assert_string_equal(text, expected);
    free(text);
}

static struct probe_result silence(void) {
    return (struct probe_result){
        .probe = PROBE_PREFERRED,
        .outcome = OUTCOME_TIMEOUT,
        .stage = STAGE_HELLO,
        .first_outcome = OUTCOME_TIMEOUT,
        .first_stage = STAGE_HELLO,
        .alert = -1,
        .own_alert = -1,
        .attempts = 2,
        .hello_bytes = 1434,
        .segments = 2,
        .duration_us = 2001500,
    };
}

static void test_silence_says_whether_it_arrived(void **state) {
    (void)state;
    struct probe_result result = silence();
    expect(probe_words_print, &result,
           "1434 B in 2 segments; silence on the first hello for 2001.5 ms, twice, every segment "
           "was acknowledged");
    result.tcp = (struct probe_tcp){.unacked = 2, .retransmissions = 3, .mss = 1348};
    expect(probe_words_print, &result,
           "1434 B in 2 segments; silence on the first hello for 2001.5 ms, twice, 2 segments of "
           "up to 1348 B never acknowledged although retransmitted 3 times");
    result.first_outcome = OUTCOME_RESET;
    expect(probe_words_cite, &result,
           "`preferred` failed (1434 B in 2 segments: silence on the first hello, but reset (RST) "
           "at first)");
    result.outcome = OUTCOME_OK;
    result.stage = STAGE_DONE;
    expect(
        probe_words_cite, &result,
        "`preferred` passed (1434 B in 2 segments, but reset (RST) on the first hello at first)");
}

static void test_alerts_say_who_sent_them(void **state) {
    (void)state;
    struct probe_result result = silence();
    result.outcome = result.first_outcome = OUTCOME_ALERT;
    result.attempts = 1;
    result.alert = 47;
    strcpy(result.detail, "SSLV3_ALERT_ILLEGAL_PARAMETER");
    expect(probe_words_print, &result,
           "1434 B in 2 segments; the origin sent alert 47 illegal_parameter on the first hello "
           "after 2001.5 ms");
    result.alert = 200;
    expect(probe_words_print_failure, &result, "alert 200 on the first hello");
    result.outcome = result.first_outcome = OUTCOME_MALFORMED;
    result.alert = -1;
    result.own_alert = 50;
    strcpy(result.detail, "DECODE\033ERROR");
    expect(probe_words_print, &result,
           "1434 B in 2 segments; bytes that violate TLS on the first hello after 2001.5 ms "
           "(DECODE\\x1bERROR); the scanner rejected it with alert 50 decode_error");
}

static struct probe_result success(enum probe_id probe, uint16_t group) {
    struct probe_result result = silence();
    result.probe = probe;
    result.outcome = result.first_outcome = OUTCOME_OK;
    result.stage = result.first_stage = STAGE_DONE;
    result.attempts = 1;
    result.hello_bytes = 517;
    result.segments = 1;
    result.duration_us = 1500;
    result.group = group;
    result.tls_version = 0x0304;
    return result;
}

static void test_successes_say_what_was_done(void **state) {
    (void)state;
    struct probe_result result = success(PROBE_RESUMED, GROUP_X25519);
    expect(probe_words_print, &result,
           "517 B in 1 segment; handshake finished on X25519, TLSv1.3, 1.5 ms");
    result.resumed = true;
    expect(probe_words_print, &result,
           "517 B in 1 segment; session resumed on X25519, TLSv1.3, 1.5 ms");
    result.group = GROUP_NONE;
    result.tls_version = 0x0303;
    expect(probe_words_print, &result, "517 B in 1 segment; session resumed, TLSv1.2, 1.5 ms");
    result = success(PROBE_CHOOSE, GROUP_X25519MLKEM768);
    result.retry = true;
    result.retry_group = GROUP_X25519MLKEM768;
    result.hello2_bytes = 2048;
    expect(probe_words_print, &result,
           "517 B in 1 segment, second hello 2048 B; retry to X25519MLKEM768, then answered with "
           "X25519MLKEM768, TLSv1.3, 1.5 ms");
    result = success(PROBE_PREFERRED_DUAL, GROUP_X25519);
    result.in_pieces = true;
    expect(probe_words_print, &result, "517 B in pieces; answered with X25519, TLSv1.3, 1.5 ms");
}

static void test_what_is_no_tls_is_quoted(void **state) {
    (void)state;
    struct probe_result result = silence();
    result.outcome = result.first_outcome = OUTCOME_NOT_TLS;
    result.attempts = 1;
    memcpy(result.first_bytes, "SSH\n2.0", result.first_bytes_n = 7);
    expect(probe_words_print, &result,
           "1434 B in 2 segments; bytes that are not TLS on the first hello after 2001.5 ms, which "
           "began with \"SSH\\x0a2.0\"");
}

/* Without processor time of our own: no firewall is to blame. */
static void test_our_own_slowness_is_said(void **state) {
    (void)state;
    struct scan_words words;
    struct judgement judgement;
    char *text = NULL;
    size_t size;
    scan_words_init(&words);
    scan_words_apply(&words, "classical=ok:X25519 supported=ok:hybrid,>hybrid "
                             "preferred=cancelled:why=" STARVED_WORDS " status=interrupted");
    assert_true(probe_result_starved(&words.probes[2]));
    verdict_judge(&words.scan, &judgement);
    assert_int_equal(judgement.verdict, VERDICT_INTERRUPTED);
    FILE *to = open_memstream(&text, &size);
    remedy_write(to, &words.scan, &judgement);
    fputs(remedy_meaning(judgement.verdict, &words.scan), to);
    explain_verdicts(to, &words.scan, &judgement);
    fclose(to);
    assert_null(strstr(text, "firewall"));
    assert_null(strstr(text, "nothing was answered"));
    assert_non_null(strstr(text, "This machine had too little processor time"));
    assert_non_null(strstr(text, "max_in_flight"));
    assert_non_null(strstr(text, "this machine was too busy to finish the scan"));
    free(text);
}

static void test_what_was_heard_late_is_named(void **state) {
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct scan_words words;
        struct judgement judgement;
        char *text = NULL;
        size_t size;
        scan_words_init(&words);
        scan_words_apply(&words, "classical=ok:X25519 supported=ok:hybrid,>hybrid");
        words.probes[0].late = words.probes[1].late = late;
        verdict_judge(&words.scan, &judgement);
        FILE *to = open_memstream(&text, &size);
        explain_scan(to, &words.scan, &judgement);
        fclose(to);
        const char *said =
            strstr(text, "\n  late            `classical`, `supported`: this machine had ");
        assert_int_equal(said != NULL, late);
        free(text);
    }
}

/* A hello that was answered was not too long for anybody. */
static void test_what_breaks_off_behind_the_answer_is_no_matter_of_size(void **state) {
    (void)state;
    static const struct {
        enum verdict verdict;
        const char *words;
    } cases[] = {
        {VERDICT_LARGE_FIRST_ONLY, "modern preferred=reset:after-reset,@server_flight,hybrid"},
        {VERDICT_LARGE_SECOND_ONLY,
         "modern supported=reset:after-reset,@server_flight,hybrid,>hybrid"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scan_words words;
        struct judgement judgement;
        char *text = NULL;
        size_t size;
        scan_words_init(&words);
        scan_words_apply(&words, cases[i].words);
        verdict_judge(&words.scan, &judgement);
        assert_int_equal(judgement.verdict, cases[i].verdict);
        FILE *to = open_memstream(&text, &size);
        remedy_write(to, &words.scan, &judgement);
        explain_verdicts(to, &words.scan, &judgement);
        fclose(to);
        assert_null(strstr(text, "buffer"));
        assert_null(strstr(text, "first packet"));
        assert_non_null(strstr(text, "breaks off behind the ServerHello"));
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alert_names),
        cmocka_unit_test(test_every_verdict_is_explained),
        cmocka_unit_test(test_silence_says_whether_it_arrived),
        cmocka_unit_test(test_alerts_say_who_sent_them),
        cmocka_unit_test(test_successes_say_what_was_done),
        cmocka_unit_test(test_what_is_no_tls_is_quoted),
        cmocka_unit_test(test_our_own_slowness_is_said),
        cmocka_unit_test(test_what_was_heard_late_is_named),
        cmocka_unit_test(test_what_breaks_off_behind_the_answer_is_no_matter_of_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
