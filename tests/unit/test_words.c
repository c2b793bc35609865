/* The vocabulary: groups by all their spellings, names that read back as what they name. */
#include "scanner/words/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text;
    uint16_t id;
} spellings[] = {
    {"X25519", 29},
    {"x25519", 29},
    {"P-256", 23},
    {"p-256", 23},
    {"P256", 23},
    {"secp256r1", 23},
    {"SECP256R1", 23},
    {"prime256v1", 23},
    {"P-384", 24},
    {"secp384r1", 24},
    {"P-521", 25},
    {"secp521r1", 25},
    {"X25519MLKEM768", 4588},
    {"x25519mlkem768", 4588},
    {"X25519Kyber768Draft00", 25497},
    {"SecP256r1MLKEM768", 4587},
    {"SecP384r1MLKEM1024", 4589},
    {"MLKEM512", 512},
    {"4588", 4588},
    {"0x11ec", 4588},
    {"0X11EC", 4588},
    {"29", 29},
    {"65535", 65535},
    /* none */
    {"", 0},
    {"0", 0},
    {"P-255", 0},
    {"X25519 ", 0},
    {" X25519", 0},
    {"65536", 0},
    {"99999999999999999999", 0},
    {"-1", 0},
    {"+29", 0},
    {"29x", 0},
    {"0x", 0},
    {"0xg", 0},
    {"0x11ec0", 0},
    {"nan", 0},
};

static void test_group_parse(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (group_parse(spellings[i].text) != spellings[i].id)
            fail_msg("\"%s\" is %u", spellings[i].text, group_parse(spellings[i].text));
}

static void test_groups(void **state) {
    (void)state;
    size_t count;
    const struct group *groups = group_table(&count);
    char name[GROUP_NAME_SIZE];
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || groups[i - 1].id < groups[i].id);
        assert_ptr_equal(group_find(groups[i].id), &groups[i]);
        assert_string_equal(group_name(groups[i].id, name), groups[i].name);
        assert_int_equal(group_parse(groups[i].name), groups[i].id);
    }
    assert_null(group_find(GROUP_NONE));
    assert_null(group_find(0x1a2b));
    assert_string_equal(group_name(0x1a2b, name), "0x1a2b");
    assert_string_equal(group_name(0x0001, name), "0x0001");
    assert_int_equal(group_parse(group_name(0x1a2b, name)), 0x1a2b);
}

static void test_outcomes(void **state) {
    (void)state;
    enum outcome parsed = OUTCOME_COUNT;
    for (enum outcome outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        assert_true(outcome_parse(outcome_name(outcome), &parsed));
        assert_int_equal(parsed, outcome);
        bool abrupt =
            outcome == OUTCOME_RESET || outcome == OUTCOME_CLOSED || outcome == OUTCOME_TIMEOUT;
        assert_int_equal(outcome_is_abrupt(outcome), abrupt);
    }
    parsed = OUTCOME_RESET;
    assert_false(outcome_parse("OK", &parsed));
    assert_int_equal(parsed, OUTCOME_RESET);
}

/* The words of the outside, in the order of how far a probe got and of what outweighs what. */
static void test_words(void **state) {
    (void)state;
    static const char *const stages[] = {"resolve", "connect",       "hello",
                                         "retry",   "server_flight", "done"};
    static const char *const statuses[] = {"complete", "interrupted", "unreachable", "not_tls",
                                           "blocked"};
    static const char *const modes[] = {"off", "supported", "preferred", "preferred-dual"};
    for (enum stage stage = 0; stage < STAGE_COUNT; stage++) {
        enum stage parsed = STAGE_COUNT;
        assert_string_equal(stage_name(stage), stages[stage]);
        assert_true(stage_parse(stages[stage], &parsed));
        assert_int_equal(parsed, stage);
    }
    for (enum scan_status status = 0; status < STATUS_COUNT; status++) {
        enum scan_status parsed = STATUS_COUNT;
        assert_string_equal(status_name(status), statuses[status]);
        assert_true(status_parse(statuses[status], &parsed));
        assert_int_equal(parsed, status);
    }
    for (enum mode mode = 0; mode < MODE_COUNT; mode++)
        assert_string_equal(mode_name(mode), modes[mode]);
    assert_null(order_name(ORDER_UNKNOWN));
    assert_string_equal(order_name(ORDER_CLIENT), "client");
    assert_string_equal(order_name(ORDER_SERVER), "server");
}

static void test_verdicts(void **state) {
    (void)state;
    /* clang-format off */
    static const char *const verdicts[] = {
        "unreachable",
        "blocked",
        "not_tls",
        "interrupted",
        "unstable",
        "large-hello-hangs-tls12",
        "version-fallback",
        "unknown-group",
        "unknown-share",
        "split-hello",
        "size-limit",
        "large-drop",
        "path-mtu",
        "large-first-only",
        "large-second-only",
        "retry-then-fail",
        "retry-malformed",
        "retry-wrong-group",
        "retry-loop",
        "hybrid-refused",
        "hybrid-unusable",
        "resumption-fails",
        "wrong-backend",
        "handshake-refused",
        "never-finishes",
        "tls12-only",
        "ready",
        "ready-after-retry",
        "hybrid-not-chosen",
        "other-hybrid",
        "draft-only",
        "classical",
        "hybrid-only-if-first",
        "client-certificate",
        "record-split",
        "length-quirk",
    };
    /* clang-format on */
    assert_int_equal(VERDICT_COUNT, sizeof verdicts / sizeof *verdicts);
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        assert_string_equal(verdict_name(verdict), verdicts[verdict]);
    assert_null(verdict_name(VERDICT_COUNT));
}

/* Each verdict has a class, and a scan's end, a failing origin, a fault and what a sound one can do
 * stay apart. */
static void test_verdict_classes(void **state) {
    (void)state;
    size_t counts[VERDICT_CLASS_NOTE + 1] = {0};
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        counts[verdict_class(verdict)]++;
    const size_t least[] = {0, 4, 2, 15, 6, 4};
    assert_int_equal(counts[0], 0);
    for (size_t i = 1; i <= VERDICT_CLASS_NOTE; i++)
        assert_true(counts[i] >= least[i]);
    assert_int_equal(verdict_class(VERDICT_INTERRUPTED), VERDICT_CLASS_ENDED);
    assert_int_equal(verdict_class(VERDICT_HANDSHAKE_REFUSED), VERDICT_CLASS_FAILING);
    assert_int_equal(verdict_class(VERDICT_LENGTH_QUIRK), VERDICT_CLASS_NOTE);
    assert_int_equal(verdict_class(VERDICT_TLS12_ONLY), VERDICT_CLASS_SOUND);
    assert_int_equal(verdict_class(VERDICT_CLIENT_CERTIFICATE), VERDICT_CLASS_NOTE);
}

static void test_versions(void **state) {
    (void)state;
    assert_string_equal(tls_version_name(0x0304), "TLSv1.3");
    assert_string_equal(tls_version_name(0x0303), "TLSv1.2");
    assert_string_equal(tls_version_name(0x0301), "TLSv1");
    assert_null(tls_version_name(0));
    assert_null(tls_version_name(0x7f1c));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_group_parse), cmocka_unit_test(test_groups),
        cmocka_unit_test(test_outcomes),    cmocka_unit_test(test_words),
        cmocka_unit_test(test_verdicts),    cmocka_unit_test(test_verdict_classes),
        cmocka_unit_test(test_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
