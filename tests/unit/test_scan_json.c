/* A scan as JSON: the promised fields in the promised order, and whole documents as golden texts.
 */
#include "report/view/scan_json.h"

#include "tests/support/golden.h"
#include "tests/support/scan_samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The document that the outside was promised; only its structure is compared. */
static const char promised[] =
    "{\"schema\":\"originscan.scan/1\","
    "\"origin\":{\"zone\":\"example.com\",\"host\":\"example.com\",\"port\":443,"
    "\"sni\":\"example.com\",\"address\":\"192.0.2.7\"},"
    "\"started_at\":\"2026-11-23T09:00:00.123Z\",\"duration_ms\":412,\"status\":\"complete\","
    "\"tls_version\":\"TLSv1.3\",\"verdict\":\"ready\",\"verdicts\":[\"ready\"],"
    "\"groups\":{\"X25519\":true,\"P-256\":true,\"P-384\":true,\"P-521\":false,"
    "\"X25519MLKEM768\":true,\"X25519Kyber768Draft00\":false},"
    "\"other_groups\":{\"SecP256r1MLKEM768\":false,\"SecP384r1MLKEM1024\":false,"
    "\"MLKEM1024\":false,\"MLKEM768\":false,\"MLKEM512\":false},"
    "\"group_order\":\"server\",\"preferred_group\":\"X25519MLKEM768\","
    "\"server_groups\":[\"X25519MLKEM768\",\"X25519\"],"
    "\"modes\":{\"off\":{\"works\":true,\"group\":\"X25519\",\"retry\":false},"
    "\"supported\":{\"works\":true,\"group\":\"X25519MLKEM768\",\"retry\":true},"
    "\"preferred\":{\"works\":true,\"group\":\"X25519MLKEM768\",\"retry\":false},"
    "\"preferred-dual\":{\"works\":true,\"group\":\"X25519MLKEM768\",\"retry\":false}},"
    "\"largest_hello\":{\"first\":2048,\"second\":2048},\"size_limit\":null,\"resumes\":true,"
    "\"resumed_works\":true,\"alpn_refused\":false,"
    "\"bugs\":{\"hrrFailure\":false,\"splitClientHello\":false,\"unknownKeyshare\":false},"
    "\"recommendation\":{\"setting\":\"preferred\",\"variant\":\"single\","
    "\"first_share\":\"X25519MLKEM768\","
    "\"groups\":[\"X25519MLKEM768\",\"X25519\",\"P-256\",\"P-384\"],"
    "\"reason\":\"hybrid-in-one-round-trip\",\"provisional\":true},"
    "\"probes\":[{\"name\":\"classical\",\"outcome\":\"ok\",\"stage\":\"done\","
    "\"group\":\"X25519\",\"group_id\":29,\"retry\":false,\"retry_group\":null,\"alert\":null,"
    "\"tls_version\":\"TLSv1.3\",\"hello_bytes\":301,\"hello2_bytes\":null,\"segments\":1,"
    "\"attempts\":1,\"leaf_sha256\":\"…\",\"connect_ms\":1.2,\"duration_ms\":9.8,"
    "\"detail\":null}]}";

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        fail_msg("%s", error.text);
    return document;
}

/* Every key of `want` in `got`, in the same order and no other; where both are not null, of the
 * same type. The first element stands for all of a list. */
static void same_structure(const char *path, json_t *want, json_t *got) {
    if (json_is_null(want) || json_is_null(got))
        return;
    if (json_is_boolean(want) != json_is_boolean(got) ||
        (!json_is_boolean(want) && json_typeof(want) != json_typeof(got)))
        fail_msg("%s is of another type", path);
    if (json_is_array(want)) {
        size_t index;
        json_t *element;
        json_array_foreach(got, index, element)
            same_structure(path, json_array_get(want, 0), element);
        return;
    }
    void *a = json_object_iter(want), *b = json_object_iter(got);
    for (; a && b; a = json_object_iter_next(want, a), b = json_object_iter_next(got, b)) {
        if (strcmp(json_object_iter_key(a), json_object_iter_key(b)) != 0)
            fail_msg("%s has %s instead of %s", path, json_object_iter_key(b),
                     json_object_iter_key(a));
        same_structure(json_object_iter_key(a), json_object_iter_value(a),
                       json_object_iter_value(b));
    }
    if (a || b)
        fail_msg("%s has %s keys", path, a ? "too few" : "too many");
}

static json_t *document_of(size_t number, struct scan_words *words) {
    struct judgement judgement;
    scan_samples_get(number, words);
    verdict_judge(&words->scan, &judgement);
    return scan_json(&words->scan, &judgement);
}

static void test_structure(void **state) {
    (void)state;
    json_t *want = parse(promised);
    for (size_t i = 0; i < SCAN_SAMPLES; i++) {
        struct scan_words words;
        json_t *got = document_of(i, &words);
        same_structure("the document", want, got);
        json_decref(got);
    }
    json_decref(want);
}

/* The first sample is the promised document but for its probes and numbers. */
static void test_promised(void **state) {
    (void)state;
    static const char *const same[] = {
        "schema",        "started_at",      "duration_ms",   "status",         "tls_version",
        "verdict",       "verdicts",        "groups",        "group_order",    "modes",
        "bugs",          "preferred_group", "server_groups", "recommendation", "other_groups",
        "largest_hello", "resumes",         "resumed_works", "alpn_refused",
    };
    struct scan_words words;
    json_t *want = parse(promised);
    json_t *got = document_of(0, &words);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (!json_equal(json_object_get(want, same[i]), json_object_get(got, same[i])))
            fail_msg("%s differs", same[i]);
    json_decref(got);
    json_decref(want);
}

static void test_golden(void **state) {
    (void)state;
    struct golden golden;
    golden_open(&golden);
    for (size_t i = 0; i < SCAN_SAMPLES; i++) {
        struct scan_words words;
        json_t *document = document_of(i, &words);
        json_dumpf(document, golden.stream, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        fputc('\n', golden.stream);
        json_decref(document);
    }
    golden_close(&golden, "scan_json.txt");
}

/* One line, and the same document. */
static void test_line(void **state) {
    (void)state;
    for (size_t i = 0; i < SCAN_SAMPLES; i++) {
        struct scan_words words;
        struct judgement judgement;
        json_t *document = document_of(i, &words);
        verdict_judge(&words.scan, &judgement);
        char *line = scan_json_line(&words.scan, &judgement);
        assert_null(strchr(line, '\n'));
        json_t *again = parse(line);
        assert_true(json_equal(document, again));
        json_decref(again);
        json_decref(document);
        free(line);
    }
}

/* Whatever was seen, every field is there: a text that is no UTF-8 must not lose one. */
static void test_random(void **state) {
    (void)state;
    unsigned seed = 3;
    json_t *want = parse(promised);
    for (int round = 0; round < 500; round++) {
        struct scan_words words;
        struct judgement judgement;
        scan_words_random(&words, &seed);
        words.scan.status = (enum scan_status)(round % STATUS_COUNT);
        snprintf(words.probes[0].detail, sizeof words.probes[0].detail, "bytes \xff\xfe\"\\\x01");
        snprintf(words.scan.origin.zone, sizeof words.scan.origin.zone, "zone \xc3");
        verdict_judge(&words.scan, &judgement);
        char *line = scan_json_line(&words.scan, &judgement);
        json_t *got = parse(line);
        same_structure("the document", want, got);
        json_decref(got);
        free(line);
    }
    json_decref(want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure), cmocka_unit_test(test_promised),
        cmocka_unit_test(test_golden),    cmocka_unit_test(test_line),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
