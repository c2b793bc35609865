/* A scan as a person reads it, as golden texts. */
#include "report/view/scan_text.h"

#include "report/view/reproduce.h"
#include "report/view/scan_phrases.h"
#include "report/view/verdict_text.h"
#include "scanner/base/array.h"
#include "scanner/probe/certificate.h"
#include "tests/support/golden.h"
#include "tests/support/scan_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void print_all(FILE *to, const struct scan_text_options *options) {
    for (size_t i = 0; i < SCAN_SAMPLES; i++) {
        struct scan_words words;
        struct judgement judgement;
        scan_samples_get(i, &words);
        verdict_judge(&words.scan, &judgement);
        scan_text_print(to, &words.scan, &judgement, options);
    }
}

static void expect(const char *name, const struct scan_text_options *options) {
    struct golden golden;
    golden_open(&golden);
    print_all(golden.stream, options);
    golden_close(&golden, name);
}

static void test_golden(void **state) {
    (void)state;
    expect("scan_text.txt",
           &(struct scan_text_options){.version = "1.2.3", .source = "198.51.100.9"});
    expect("scan_text_explain.txt", &(struct scan_text_options){.explain = true});
    expect("scan_text_color.txt", &(struct scan_text_options){.color = true});
}

static char *plain_text(const struct scan_text_options *options) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    print_all(to, options);
    fclose(to);
    return text;
}

/* Without colours not one byte that moves a terminal; no line ends in a blank. */
static void test_plain(void **state) {
    (void)state;
    char *text = plain_text(&(struct scan_text_options){.explain = true});
    for (const char *at = text; *at; at++) {
        assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
        if (*at == '\n' && at > text)
            assert_true(at[-1] != ' ');
    }
    free(text);
}

/* A resumption that never reached the origin says nothing about it. */
static void resumption_is_not_known_without_a_connection(void **state) {
    (void)state;
    static const struct {
        const char *words, *shown;
    } rows[] = {
        {"modern resumed=ok:hybrid,resumed", "; resumption: works"},
        {"modern resumed=ok:hybrid", "; resumption: not taken up"},
        {"modern resumed=timeout:@connect", "; resumption: not known"},
        {"modern resumed=closed", "; resumption: fails"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct scan_words words;
        struct judgement judgement;
        scan_words_init(&words);
        scan_words_apply(&words, rows[i].words);
        verdict_judge(&words.scan, &judgement);
        char *text = NULL;
        size_t size;
        FILE *to = open_memstream(&text, &size);
        scan_phrases_write_tried(to, &words.scan, &judgement);
        fclose(to);
        if (!strstr(text, rows[i].shown))
            fail_msg("%s: %s", rows[i].words, text);
        free(text);
    }
}

/* What comes from outside cannot forge a line or move the cursor. */
static void test_untrusted(void **state) {
    (void)state;
    struct scan_words words;
    struct judgement judgement;
    scan_samples_get(5, &words);
    snprintf(words.probes[2].detail, sizeof words.probes[2].detail, "\033[2J\nverdict: ready\xff");
    verdict_judge(&words.scan, &judgement);
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    scan_text_print(to, &words.scan, &judgement, &(struct scan_text_options){.explain = true});
    fclose(to);
    assert_null(strchr(text, '\033'));
    assert_null(strstr(text, "\nverdict"));
    free(text);
}

static char *text_with(const struct certificate *certificate) {
    struct scan_words words;
    struct judgement judgement;
    char *text = NULL;
    size_t size;
    scan_samples_get(0, &words);
    verdict_judge(&words.scan, &judgement);
    FILE *to = open_memstream(&text, &size);
    scan_text_print(to, &words.scan, &judgement,
                    &(struct scan_text_options){.certificate = certificate});
    fclose(to);
    return text;
}

/* The sample was scanned on 2026-11-23 at 9 o'clock. */
static void test_certificate(void **state) {
    (void)state;
    const int64_t scanned_ms = INT64_C(1795424400000), day_ms = INT64_C(86400000);
    static const struct {
        const char *subject, *issuer;
        bool self_issued, named;
        int from_days, to_days;
        const char *said;
    } cases[] = {
        {"origin.example", "CA", false, true, -1, 1,
         "certificate     \"origin.example\", issued by \"CA\", expires 2026-11-24\n\n"},
        {"origin.example", "CA", false, true, -2, -1,
         "issued by \"CA\", expired 2026-11-22\n"
         "                  A proxy that verifies would refuse it: it has expired.\n"},
        {"origin.example", "CA", false, true, 1, 2, "refuse it: it is not valid yet.\n"},
        {"a.example", "CA", false, false, -1, 1, "refuse it: it is not for origin.example.\n"},
        {"a.example", "a.example", true, true, -1, 1, "issued by itself, expires 2026-11-24\n"},
        {"\033[2J\nverdict", "", false, true, -1, 1,
         "\"\\x1b[2J\\x0averdict\", issued by nobody, expires"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct certificate certificate = {.self_issued = cases[i].self_issued,
                                          .named = cases[i].named,
                                          .not_before_ms = scanned_ms + cases[i].from_days * day_ms,
                                          .not_after_ms = scanned_ms + cases[i].to_days * day_ms};
        snprintf(certificate.subject, sizeof certificate.subject, "%s", cases[i].subject);
        snprintf(certificate.issuer, sizeof certificate.issuer, "%s", cases[i].issuer);
        char *text = text_with(&certificate);
        if (!strstr(text, cases[i].said))
            fail_msg("\"%s\" is not in\n%s", cases[i].said, text);
        free(text);
    }
}

/* The command for the first sample that has one, scanned at that address and under that name. */
static char *reproduction_of(const char *address, const char *sni) {
    char *text = NULL;
    size_t size;
    bool written = false;
    FILE *to = open_memstream(&text, &size);
    for (size_t i = 0; i < SCAN_SAMPLES && !written; i++) {
        struct scan_words words;
        struct judgement judgement;
        scan_samples_get(i, &words);
        snprintf(words.scan.address, sizeof words.scan.address, "%s", address);
        snprintf(words.scan.origin.sni, sizeof words.scan.origin.sni, "%s", sni);
        verdict_judge(&words.scan, &judgement);
        written = reproduce_write(to, &words.scan, &judgement);
    }
    fclose(to);
    assert_true(written);
    return text;
}

/* A name that got past every check is still one word for the shell. */
static void test_reproduction_is_quoted(void **state) {
    (void)state;
    static const struct {
        const char *address, *sni, *written;
    } cases[] = {
        {"192.0.2.7", "origin.example", " -connect 192.0.2.7:443 -servername origin.example "},
        {"2001:db8::7", "", " -connect '[2001:db8::7]:443' -groups "},
        {"192.0.2.7", "a;reboot", " -servername 'a;reboot' "},
        {"192.0.2.7", "$(reboot)", " -servername '$(reboot)' "},
        {"192.0.2.7", "it's", " -servername 'it'\\''s' "},
        {"192.0.2.7", "a b\n", " -servername $'a b\\x0a' "},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *text = reproduction_of(cases[i].address, cases[i].sni);
        if (!strstr(text, cases[i].written))
            fail_msg("\"%s\" is not in %s", cases[i].written, text);
        free(text);
    }
}

static void test_verdict_texts(void **state) {
    (void)state;
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        const struct verdict_text *text = verdict_text(verdict);
        assert_non_null(text->meaning);
        assert_non_null(text->remedy);
        assert_true(text->meaning[strlen(text->meaning) - 1] != '.');
        assert_true(text->remedy[strlen(text->remedy) - 1] == '.');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(resumption_is_not_known_without_a_connection),
        cmocka_unit_test(test_untrusted),
        cmocka_unit_test(test_certificate),
        cmocka_unit_test(test_reproduction_is_quoted),
        cmocka_unit_test(test_verdict_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
