/* From results to groups, order, modes and verdicts: the table tests/tables/verdict.txt, then
 * properties over random scans. */
#include "scanner/judge/verdict.h"

#include "store/pack/pack.h"
#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a judgement in words ---- */

static void print_mode(FILE *to, const struct mode_fact *fact) {
    if (fact->works == TRUTH_TRUE)
        fprintf(to, " %c", scan_words_letter(fact->group));
    else
        fputs(fact->works == TRUTH_FALSE ? " no" : " ?", to);
    if (fact->retry == TRUTH_TRUE)
        fputs("+R", to);
}

static void print_verdicts(FILE *to, const struct judgement *judgement) {
    fprintf(to, " %s", verdict_name(judgement->verdict));
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        if (verdict != judgement->verdict && verdict_holds(judgement, verdict))
            fprintf(to, ",%s", verdict_name(verdict));
}

static void judged(const struct scan *scan, char *out, size_t size) {
    struct judgement judgement;
    verdict_judge(scan, &judgement);
    FILE *to = fmemopen(out, size, "w");
    for (size_t i = 0; i < JUDGED_GROUPS; i++)
        fputc("?ny"[judgement.groups[i]], to);
    if (judgement.order == ORDER_UNKNOWN)
        fputs(" -", to);
    else
        fprintf(to, " %s:%c", order_name(judgement.order),
                scan_words_letter(judgement.preferred_group));
    for (enum mode mode = 0; mode < MODE_COUNT; mode++)
        print_mode(to, &judgement.modes[mode]);
    print_verdicts(to, &judgement);
    fputs(judgement.hrr_failure ? " hrr" : "", to);
    fputs(judgement.split_client_hello ? " split" : "", to);
    fputs(judgement.unknown_keyshare ? " unknown" : "", to);
    fclose(to);
}

static void test_table(void **state) {
    (void)state;
    assert_true(scan_words_table("verdict.txt", judged) > 140);
}

/* ---- messages are for people ---- */

static const char *wording;

static void reword(const struct scan *scan) {
    for (size_t i = 0; i < scan->probes_n; i++)
        snprintf(scan->probes[i].detail, sizeof scan->probes[i].detail, "%s", wording);
}

static void judged_reworded(const struct scan *scan, char *out, size_t size) {
    reword(scan);
    judged(scan, out, size);
}

static void judged_stored_reworded(const struct scan *scan, char *out, size_t size) {
    struct bytes bytes = {0};
    struct scan stored;
    struct err err;
    reword(scan);
    pack_scan(scan, &bytes);
    if (!pack_read_scan(bytes.at, bytes.n, &stored, &err))
        fail_msg("%s", err.text);
    judged(&stored, out, size);
    pack_scan_clear(&stored);
    bytes_clear(&bytes);
}

/* Every message that the scanner has about a retry, none at all, and the library's: whatever stands
 * in all results of a scan, fresh or stored, the whole table of verdicts holds. */
static void test_wording(void **state) {
    (void)state;
    static const char *const wordings[] = {
        "",
        "another text",
        "second HelloRetryRequest",
        "HelloRetryRequest without our session id",
        "HelloRetryRequest that asks for nothing",
        "HelloRetryRequest for a group not offered",
        "HelloRetryRequest for a group already shared",
        "no key exchange on a named curve",
        "WRONG_CURVE",
    };
    for (size_t i = 0; i < sizeof wordings / sizeof *wordings; i++) {
        wording = wordings[i];
        assert_true(scan_words_table("verdict.txt", judged_reworded) > 140);
        assert_true(scan_words_table("verdict.txt", judged_stored_reworded) > 140);
    }
}

static uint8_t hex_byte(const char *at) {
    char digits[3] = {at[0], at[1], '\0'};
    return (uint8_t)strtoul(digits, NULL, 16);
}

static const char *name_or_none(enum verdict verdict) {
    return verdict == VERDICT_COUNT ? "none" : verdict_name(verdict);
}

/* One line of stored_scans.txt: as it is, and reworded. */
static void check_stored(char *line) {
    uint8_t bytes[1024];
    size_t n = 0;
    struct scan scan;
    struct judgement judgement;
    struct err err;
    char *rest = line;
    const char *verdict = strsep(&rest, " ");
    assert_non_null(rest);
    for (const char *at = rest; at[0] && at[1] && n < sizeof bytes; at += 2)
        bytes[n++] = hex_byte(at);
    if (!pack_read_scan(bytes, n, &scan, &err))
        fail_msg("%s", err.text);
    verdict_judge(&scan, &judgement);
    assert_string_equal(name_or_none(judgement.verdict), verdict);
    wording = "another text for a person";
    reword(&scan);
    verdict_judge(&scan, &judgement);
    assert_string_equal(name_or_none(judgement.verdict), verdict);
    pack_scan_clear(&scan);
}

static void test_stored(void **state) {
    (void)state;
    char line[4096];
    size_t cases = 0;
    FILE *file = fopen(ORIGINSCAN_SOURCE_DIR "/tests/tables/stored_scans.txt", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#')
            continue;
        check_stored(line);
        cases++;
    }
    fclose(file);
    assert_int_equal(cases, 10);
}

/* ---- single fields ---- */

static void test_server_groups(void **state) {
    (void)state;
    struct scan_words words;
    struct judgement judgement;
    scan_words_init(&words);
    scan_words_apply(&words, "modern");
    verdict_judge(&words.scan, &judgement);
    assert_int_equal(judgement.server_groups_n, 0);
    scan_words_apply(&words, "classical=ok:X25519,list=hybrid/X25519/P-256");
    verdict_judge(&words.scan, &judgement);
    assert_int_equal(judgement.server_groups_n, 3);
    assert_int_equal(judgement.server_groups[0], SCAN_WORDS_HYBRID);
    assert_int_equal(judgement.server_groups[1], GROUP_X25519);
    assert_int_equal(judgement.server_groups[2], GROUP_P256);
}

static const struct {
    const char *words;
    uint16_t version;
} versions[] = {
    {"modern", 0x0304},
    {"tls12", 0x0303},
    {"alert70", 0},
    {"modern classical=ok:X25519,tls12", 0x0304},
    {"classical=reset", 0},
    /* what breaks TLS does not say which version it is */
    {"classical=malformed:tls12,@hello", 0},
    {"classical=malformed:hrr>none,tls12 closing=alert40", 0},
    {"classical=malformed:@server_flight", 0x0304},
    {"classical=malformed:>P-256", 0x0304},
};

static void test_version(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct scan_words words;
        struct judgement judgement;
        scan_words_init(&words);
        scan_words_apply(&words, versions[i].words);
        verdict_judge(&words.scan, &judgement);
        if (judgement.tls_version != versions[i].version)
            fail_msg("%s: %04x", versions[i].words, judgement.tls_version);
    }
}

/* The configured hybrid is the one that is judged. */
static void test_other_hybrid(void **state) {
    (void)state;
    struct scan_words words;
    struct judgement judgement;
    scan_words_init(&words);
    scan_words_apply(&words,
                     "old supported=ok:draft,>draft preferred=ok:draft preferred-dual=ok:draft "
                     "only-hybrid=ok:>draft");
    words.scan.hybrid = GROUP_X25519KYBER768DRAFT00;
    verdict_judge(&words.scan, &judgement);
    assert_int_equal(judgement.group_ids[JUDGED_HYBRID], GROUP_X25519KYBER768DRAFT00);
    assert_int_equal(judgement.groups[JUDGED_HYBRID], TRUTH_TRUE);
    assert_int_equal(judgement.verdict, VERDICT_READY);
}

static enum truth resumption_of(const char *more) {
    struct scan_words words;
    struct judgement judgement;
    scan_words_init(&words);
    scan_words_apply(&words,
                     "modern supported=ok:hybrid,>hybrid,ticket resumed=ok:hybrid,>hybrid,resumed");
    scan_words_apply(&words, more);
    verdict_judge(&words.scan, &judgement);
    return judgement.resumed_works;
}

/* Resumption breaks only where the same hello without a ticket works. */
static void test_resumption(void **state) {
    (void)state;
    assert_int_equal(resumption_of("resumed-preferred=ok:hybrid,resumed"), TRUTH_TRUE);
    assert_int_equal(resumption_of("resumed-preferred=alert47"), TRUTH_FALSE);
    assert_int_equal(resumption_of("preferred=alert47 resumed-preferred=alert47"), TRUTH_TRUE);
    assert_int_equal(resumption_of("classical=alert40 closing=alert40 resumed-classical=alert40"),
                     TRUTH_TRUE);
}

/* ---- properties ---- */

static uint64_t all_of(enum verdict_class class) {
    uint64_t verdicts = 0;
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        if (verdict_class(verdict) == class)
            verdicts |= UINT64_C(1) << verdict;
    return verdicts;
}

static void check_flags(const struct judgement *judgement) {
    static const enum verdict retry[] = {VERDICT_RETRY_THEN_FAIL, VERDICT_RETRY_MALFORMED,
                                         VERDICT_RETRY_WRONG_GROUP, VERDICT_RETRY_LOOP,
                                         VERDICT_LARGE_SECOND_ONLY};
    bool any = false;
    for (size_t i = 0; i < sizeof retry / sizeof *retry; i++)
        any = any || verdict_holds(judgement, retry[i]);
    if (!verdict_holds(judgement,
                       VERDICT_HYBRID_UNUSABLE)) /* which may have come to it by a retry */
        assert_int_equal(judgement->hrr_failure, any);
    assert_int_equal(judgement->unknown_keyshare,
                     verdict_holds(judgement, VERDICT_UNKNOWN_SHARE) ||
                         verdict_holds(judgement, VERDICT_UNKNOWN_GROUP));
}

static void check_judgement(const struct scan *scan) {
    struct judgement once, again;
    memset(&once, 0x55, sizeof once);
    memset(&again, 0xaa, sizeof again);
    verdict_judge(scan, &once);
    verdict_judge(scan, &again);
    assert_int_equal(once.verdicts, again.verdicts);
    assert_int_equal(once.verdict, again.verdict);
    assert_memory_equal(once.groups, again.groups, sizeof once.groups);
    assert_memory_equal(once.modes, again.modes, sizeof once.modes);
    uint64_t main_ones = once.verdicts & ((UINT64_C(1) << VERDICT_HYBRID_ONLY_IF_FIRST) - 1);
    assert_int_equal(main_ones ? __builtin_ctzll(main_ones) : VERDICT_COUNT, once.verdict);
    assert_true(once.verdicts >> VERDICT_COUNT == 0);
    if (scan->status != STATUS_COMPLETE)
        assert_true((once.verdicts & (once.verdicts - 1)) == 0); /* that one and nothing else */
    if (verdict_holds(&once, VERDICT_READY))
        assert_int_equal(once.groups[JUDGED_HYBRID],
                         once.contradicts ? once.groups[JUDGED_HYBRID] : TRUTH_TRUE);
    check_flags(&once);
}

static void test_random(void **state) {
    (void)state;
    unsigned seed = 11;
    for (int round = 0; round < 20000; round++) {
        struct scan_words words;
        scan_words_random(&words, &seed);
        for (enum scan_status status = 0; status < STATUS_COUNT; status++) {
            words.scan.status = status;
            check_judgement(&words.scan);
        }
    }
}

/* The status names the verdict. */
static void test_status(void **state) {
    (void)state;
    static const enum verdict verdicts[STATUS_COUNT] = {
        [STATUS_INTERRUPTED] = VERDICT_INTERRUPTED,
        [STATUS_UNREACHABLE] = VERDICT_UNREACHABLE,
        [STATUS_NOT_TLS] = VERDICT_NOT_TLS,
        [STATUS_BLOCKED] = VERDICT_BLOCKED,
    };
    unsigned seed = 12;
    for (int round = 0; round < 2000; round++) {
        struct scan_words words;
        struct judgement judgement;
        scan_words_random(&words, &seed);
        for (enum scan_status status = STATUS_INTERRUPTED; status < STATUS_COUNT; status++) {
            words.scan.status = status;
            verdict_judge(&words.scan, &judgement);
            assert_int_equal(judgement.verdict, verdicts[status]);
        }
    }
}

/* Our own giving up is no evidence: beside probes that work it accuses nobody of a fault, and says
 * of no mode or group that it does not work. */
static void test_cancelled(void **state) {
    (void)state;
    unsigned seed = 13;
    for (int round = 0; round < 5000; round++) {
        struct scan_words words;
        struct judgement judgement;
        scan_words_random_mild(&words, &seed, true);
        verdict_judge(&words.scan, &judgement);
        assert_true((judgement.verdicts & all_of(VERDICT_CLASS_FAULT)) == 0);
        assert_int_equal(verdict_holds(&judgement, VERDICT_UNSTABLE), judgement.contradicts);
        for (enum mode mode = 0; mode < MODE_COUNT; mode++)
            assert_true(judgement.modes[mode].works != TRUTH_FALSE);
        scan_words_random_mild(&words, &seed, false);
        verdict_judge(&words.scan, &judgement);
        for (size_t i = 0; i < JUDGED_GROUPS; i++)
            assert_true(judgement.groups[i] != TRUTH_FALSE);
    }
}

/* Every name reads back as its verdict. */
static void test_names(void **state) {
    (void)state;
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        enum verdict parsed = VERDICT_COUNT;
        assert_true(verdict_parse(verdict_name(verdict), &parsed));
        assert_int_equal(parsed, verdict);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),      cmocka_unit_test(test_wording),
        cmocka_unit_test(test_stored),     cmocka_unit_test(test_server_groups),
        cmocka_unit_test(test_version),    cmocka_unit_test(test_other_hybrid),
        cmocka_unit_test(test_resumption), cmocka_unit_test(test_random),
        cmocka_unit_test(test_status),     cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
