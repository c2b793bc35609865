/* What is dialled next for one origin, what once more, and how the scan ends: one visit a line. */
#include "scanner/origin_scan.h"

#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Stretches of a visit. A word is `probe=result` as in scan_words.h; `probe!=result` is a redial.
 */
#define FOUR                                                                                       \
    "classical=ok:X25519 supported=ok:hybrid,>hybrid preferred=ok:hybrid "                         \
    "preferred-dual=ok:hybrid "
#define ONLY                                                                                       \
    "only-p256=ok:>P-256 only-p384=ok:>P-384 only-p521=alert40 only-hybrid=ok:>hybrid "            \
    "only-draft=alert40 "
#define ANSWERS ONLY "choose=ok:>P-384 "
#define CLOSING "closing=ok:X25519"
#define SUPPORTED_ON                                                                               \
    "supported=ok:hybrid,>hybrid preferred=ok:hybrid preferred-dual=ok:hybrid " ANSWERS CLOSING
#define PREFERRED_ON "preferred=ok:hybrid preferred-dual=ok:hybrid " ANSWERS CLOSING
#define P256_FOUR                                                                                  \
    "classical=ok:P-256,>P-256 supported=ok:P-256,>P-256 preferred=ok:P-256,>P-256 "               \
    "preferred-dual=ok:P-256,>P-256 "
#define TLS12_FOUR                                                                                 \
    "classical=ok:P-256,tls12 supported=ok:P-256,tls12 preferred=ok:P-256,tls12 "                  \
    "preferred-dual=ok:P-256,tls12 "
/* Every probe of the daily plan but the controls, all ending so. */
#define MIDDLE(result)                                                                             \
    "supported=" result " preferred=" result " preferred-dual=" result " only-p256=" result        \
    " only-p384=" result " only-p521=" result " only-hybrid=" result " only-draft=" result         \
    " choose=" result " "
#define TWICE(probe, result) probe "=" result " " probe "!=" result " "
#define MIDDLE_TWICE(result)                                                                       \
    TWICE("supported", result)                                                                     \
    TWICE("preferred", result)                                                                     \
    TWICE("preferred-dual", result)                                                                \
    TWICE("only-p256", result)                                                                     \
    TWICE("only-p384", result)                                                                     \
    TWICE("only-p521", result)                                                                     \
    TWICE("only-hybrid", result)                                                                   \
    TWICE("only-draft", result)                                                                    \
    TWICE("choose", result)

static const struct {
    enum plan plan;
    const char *visit;
    const char *status;
} cases[] = {
    /* the plans */
    {PLAN_DAILY, FOUR ANSWERS CLOSING, "complete"},
    {PLAN_QUICK, "classical=ok:X25519 supported=ok:X25519 preferred=ok:X25519 " CLOSING,
     "complete"},
    /* an abrupt failure is dialled once more, whatever becomes of that */
    {PLAN_DAILY, "classical=reset classical!=ok:X25519 " SUPPORTED_ON, "complete"},
    {PLAN_DAILY, "classical=closed classical!=ok:X25519 " SUPPORTED_ON, "complete"},
    {PLAN_DAILY, "classical=timeout classical!=ok:X25519 " SUPPORTED_ON, "complete"},
    {PLAN_DAILY, "classical=timeout classical!=reset " SUPPORTED_ON, "complete"},
    {PLAN_DAILY, "classical=ok:X25519 supported=reset supported!=reset " PREFERRED_ON, "complete"},
    {PLAN_DAILY, "classical=ok:X25519 supported=closed supported!=ok:X25519 " PREFERRED_ON,
     "complete"},
    {PLAN_DAILY, "classical=ok:X25519 supported=timeout supported!=alert40 " PREFERRED_ON,
     "complete"},
    {PLAN_DAILY,
     "classical=ok:X25519 supported=timeout:@retry,>hybrid supported!=closed " //
     PREFERRED_ON,
     "complete"},
    {PLAN_DAILY, "classical=ok:X25519 supported=reset:@server_flight supported!=ok " PREFERRED_ON,
     "complete"},
    {PLAN_DAILY, FOUR ONLY "choose=reset choose!=ok:>P-384 " CLOSING, "complete"},
    {PLAN_QUICK,
     "classical=ok:X25519 supported=ok:X25519 preferred=reset preferred!=reset " CLOSING,
     "complete"},
    /* no other one is */
    {PLAN_DAILY, "classical=ok:X25519 supported=alert40 " PREFERRED_ON, "complete"},
    {PLAN_DAILY, "classical=ok:X25519 supported=malformed " PREFERRED_ON, "complete"},
    {PLAN_DAILY, "classical=ok:X25519 supported=not_tls " PREFERRED_ON, "complete"},
    {PLAN_DAILY, "classical=alert40 " MIDDLE("alert40") "closing=alert40", "complete"},
    {PLAN_DAILY, "classical=alert40 " SUPPORTED_ON, "complete"},
    /* what ends the scan at once */
    {PLAN_DAILY, "classical=refused", "unreachable"},
    {PLAN_DAILY, "classical=unreachable", "unreachable"},
    {PLAN_DAILY, "classical=timeout:@connect classical!=timeout:@connect", "unreachable"},
    {PLAN_DAILY, "classical=timeout:@connect classical!=refused", "unreachable"},
    {PLAN_DAILY, "classical=reset classical!=refused", "unreachable"},
    {PLAN_DAILY, "classical=blocked", "blocked"},
    {PLAN_DAILY, "classical=not_tls", "not_tls"},
    {PLAN_DAILY, "classical=reset classical!=not_tls", "not_tls"},
    {PLAN_QUICK, "classical=not_tls", "not_tls"},
    {PLAN_DAILY, "classical=cancelled", "interrupted"},
    {PLAN_DAILY, "classical=reset classical!=cancelled", "interrupted"},
    /* no connection any more, in the middle of the scan */
    {PLAN_DAILY, "classical=ok:X25519 supported=refused", "interrupted"},
    {PLAN_DAILY, "classical=ok:X25519 supported=timeout:@connect supported!=timeout:@connect",
     "interrupted"},
    {PLAN_DAILY,
     "classical=ok:X25519 supported=timeout:@connect supported!=ok:X25519 " //
     PREFERRED_ON,
     "complete"},
    {PLAN_DAILY, "classical=ok:X25519 supported=cancelled", "interrupted"},
    {PLAN_DAILY, "classical=ok:X25519 supported=closed supported!=cancelled", "interrupted"},
    {PLAN_DAILY, FOUR ANSWERS "closing=cancelled", "interrupted"},
    {PLAN_DAILY, FOUR ANSWERS "closing=refused", "interrupted"},
    /* the closing control */
    {PLAN_DAILY, FOUR ANSWERS "closing=reset closing!=ok:X25519", "complete"},
    {PLAN_DAILY, FOUR ANSWERS "closing=closed closing!=ok:P-256,>P-256", "complete"},
    {PLAN_DAILY, FOUR ANSWERS "closing=timeout closing!=alert40", "complete"},
    {PLAN_DAILY, FOUR ANSWERS "closing=alert40", "complete"},
    {PLAN_DAILY, FOUR ANSWERS "closing=reset closing!=reset", "interrupted"},
    {PLAN_DAILY, FOUR ANSWERS "closing=closed closing!=timeout", "interrupted"},
    {PLAN_DAILY, FOUR ANSWERS "closing=timeout closing!=timeout", "interrupted"},
    {PLAN_QUICK,
     "classical=ok:X25519 supported=ok:X25519 preferred=ok:X25519 "
     "closing=reset closing!=closed",
     "interrupted"},
    /* it tells nothing where the opening control did not work either */
    {PLAN_DAILY, "classical=alert40 " MIDDLE("alert40") "closing=reset closing!=reset", "complete"},
    {PLAN_DAILY,
     "classical=reset classical!=reset " MIDDLE("alert40") "closing=reset closing!=reset",
     "complete"},
    /* silence twice: straight to the closing control */
    {PLAN_DAILY, "classical=timeout classical!=timeout closing=timeout closing!=timeout",
     "unreachable"},
    {PLAN_QUICK, "classical=timeout classical!=timeout closing=timeout closing!=timeout",
     "unreachable"},
    {PLAN_DAILY, "classical=timeout classical!=timeout closing=alert40", "complete"},
    {PLAN_DAILY, "classical=timeout classical!=timeout closing=not_tls", "not_tls"},
    /* but not after a reset, nor after an answer */
    {PLAN_DAILY, "classical=reset classical!=timeout " SUPPORTED_ON, "complete"},
    {PLAN_DAILY,
     "classical=timeout:@retry,>P-256 classical!=timeout:@retry,>P-256 supported=ok:hybrid,>hybrid "
     "preferred=ok:hybrid preferred-dual=ok:hybrid " ANSWERS CLOSING,
     "complete"},
    {PLAN_DAILY, "classical=timeout classical!=timeout:@retry,>P-256 " SUPPORTED_ON, "complete"},
    /* no answer of any kind */
    {PLAN_DAILY, TWICE("classical", "reset") MIDDLE_TWICE("reset") "closing=reset closing!=reset",
     "unreachable"},
    {PLAN_DAILY, "classical=malformed " MIDDLE("malformed") "closing=malformed", "not_tls"},
    {PLAN_DAILY, "classical=malformed " MIDDLE("malformed") "closing=alert50", "complete"},
    {PLAN_DAILY, TWICE("classical", "closed") MIDDLE("malformed") "closing=malformed", "not_tls"},
    /* answers that came to nothing are answers: a refused HelloRetryRequest, a ServerHello */
    {PLAN_DAILY,
     "classical=malformed:hrr>P-521 " MIDDLE("malformed:hrr>P-521") //
     "closing=malformed:hrr>P-521",
     "complete"},
    {PLAN_QUICK,
     TWICE("classical", "reset:@server_flight") TWICE("supported", "reset:@server_flight")
         TWICE("preferred", "reset:@server_flight") "closing=reset:@server_flight "
                                                    "closing!=reset:@server_flight",
     "complete"},
    /* confirm: where neither X25519 nor the hybrid is taken without a retry */
    {PLAN_DAILY, P256_FOUR ANSWERS "closing=alert40 confirm=ok:P-256", "complete"},
    {PLAN_DAILY, P256_FOUR ANSWERS "closing=ok:X25519 confirm=ok:P-256", "complete"},
    {PLAN_DAILY, P256_FOUR ANSWERS "closing=alert40 confirm=reset confirm!=ok:P-256", "complete"},
    {PLAN_DAILY, P256_FOUR ANSWERS "closing=alert40 confirm=reset confirm!=reset", "complete"},
    {PLAN_DAILY, P256_FOUR ANSWERS "closing=alert40 confirm=alert40", "complete"},
    {PLAN_DAILY, P256_FOUR ANSWERS "closing=alert40 confirm=cancelled", "interrupted"},
    {PLAN_DAILY, P256_FOUR ANSWERS "closing=reset closing!=ok:P-256,>P-256 confirm=ok:P-256",
     "complete"},
    {PLAN_DAILY,
     "classical=closed:@retry,>P-384 classical!=closed:@retry,>P-384 "
     "supported=closed:@retry,>P-384 supported!=closed:@retry,>P-384 "
     "preferred=alert40 preferred-dual=alert40 " ANSWERS "closing=alert40 confirm=ok:P-384",
     "complete"},
    /* not where the hybrid's share is taken, nor with a cookie that asks for no other share */
    {PLAN_DAILY, "classical=ok:P-256,>P-256 " SUPPORTED_ON, "complete"},
    {PLAN_DAILY,
     "classical=ok:X25519,>cookie supported=ok:X25519,>cookie "
     "preferred=ok:X25519,>X25519 preferred-dual=ok:X25519,>cookie " ANSWERS CLOSING,
     "complete"},
    {PLAN_DAILY,
     "classical=ok:X25519 supported=ok:X25519 preferred=ok:X25519,>X25519 "
     "preferred-dual=ok:X25519 " ANSWERS CLOSING,
     "complete"},
    {PLAN_QUICK,
     "classical=ok:P-256,>P-256 supported=ok:P-256,>P-256 preferred=ok:P-256,>P-256 "
     "closing=alert40",
     "complete"},
    /* nor for an origin that stopped answering us */
    {PLAN_DAILY, P256_FOUR ANSWERS "closing=reset closing!=reset", "interrupted"},
    /* TLS 1.2 */
    {PLAN_DAILY,
     TLS12_FOUR "only-p256=ok:P-256,tls12 only-p384=ok:P-256,tls12 "
                "only-p521=ok:P-256,tls12 only-hybrid=alert40 only-draft=alert40 "
                "choose=ok:P-256,tls12 closing=alert40",
     "complete"},
};

static const char *const plan_words[] = {"daily", "quick", "full"};

/* Plays one visit: every word is what must be dialled now, and what comes of it. */
static void play(struct origin_scan *scan, const char *visit) {
    char copy[2048];
    assert_true((size_t)snprintf(copy, sizeof copy, "%s", visit) < sizeof copy);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " "));) {
        if (!word[0])
            continue;
        char *result = strchr(word, '=') + 1;
        bool redial = result[-2] == '!';
        result[redial ? -2 : -1] = '\0';
        struct origin_scan_step step;
        if (!origin_scan_next(scan, &step))
            fail_msg("%s\n  ended before %s", visit, word);
        if (strcmp(probe_name(step.shape.id), word) != 0 || step.redial != redial)
            fail_msg("%s\n  dials %s%s instead of %s%s", visit, probe_name(step.shape.id),
                     step.redial ? " again" : "", word, redial ? " again" : "");
        struct probe_result attempt = scan_words_result(step.shape.id, result);
        origin_scan_record(scan, &attempt);
    }
}

static void test_visits(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct origin_scan *scan = origin_scan_new(cases[i].plan, SCAN_WORDS_HYBRID);
        struct origin_scan_step step;
        play(scan, cases[i].visit);
        if (origin_scan_next(scan, &step))
            fail_msg("%s: %s\n  goes on with %s", plan_words[cases[i].plan], cases[i].visit,
                     probe_name(step.shape.id));
        const char *status = status_name(origin_scan_status(scan));
        if (strcmp(status, cases[i].status) != 0)
            fail_msg("%s: %s\n  ends as %s instead of %s", plan_words[cases[i].plan],
                     cases[i].visit, status, cases[i].status);
        origin_scan_free(scan);
    }
}

/* ---- shapes ---- */

static const struct {
    const char *before; /* the visit so far */
    enum probe_id like; /* what is dialled next is shaped like this probe … */
    uint16_t also;      /* … with this group behind its own */
    uint16_t share;     /* … and, for `confirm`, with this share */
} shapes[] = {
    {"", PROBE_CLASSICAL, 0, 0},
    {"classical=reset", PROBE_CLASSICAL, 0, 0},
    {FOUR, PROBE_ONLY_P256, 0, 0},
    {FOUR "only-p256=ok:>P-256", PROBE_ONLY_P384, 0, 0},
    {FOUR "only-p256=ok:>P-256 only-p384=reset", PROBE_ONLY_P384, 0, 0},
    {TLS12_FOUR, PROBE_ONLY_P256, 0, 0},
    {TLS12_FOUR "only-p256=ok:P-256,tls12", PROBE_ONLY_P384, GROUP_P256, 0},
    {TLS12_FOUR "only-p256=ok:P-256,tls12 only-p384=reset", PROBE_ONLY_P384, GROUP_P256, 0},
    {TLS12_FOUR "only-p256=ok:P-256,tls12 only-p384=alert40", PROBE_ONLY_P521, GROUP_P256, 0},
    {TLS12_FOUR "only-p256=ok:P-256,tls12 only-p384=alert40 only-p521=alert40", PROBE_ONLY_HYBRID,
     0, 0},
    /* only a finished opening control says that the origin speaks TLS 1.2 */
    {"classical=alert40:tls12 supported=alert40 preferred=alert40 preferred-dual=alert40 "
     "only-p256=alert40",
     PROBE_ONLY_P384, 0, 0},
    {FOUR ANSWERS, PROBE_CLOSING, 0, 0},
    {FOUR ANSWERS "closing=reset", PROBE_CLASSICAL, 0, 0},
    {TLS12_FOUR ONLY "choose=alert40 closing=closed", PROBE_CLASSICAL, 0, 0},
    {P256_FOUR ANSWERS CLOSING, PROBE_CONFIRM, 0, GROUP_P256},
    {P256_FOUR ANSWERS CLOSING " confirm=reset", PROBE_CONFIRM, 0, GROUP_P256},
};

static void test_shapes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct origin_scan *scan = origin_scan_new(PLAN_DAILY, SCAN_WORDS_HYBRID);
        play(scan, shapes[i].before);
        struct origin_scan_step step;
        assert_true(origin_scan_next(scan, &step));
        struct probe_shape want =
            probe_plan_shape(shapes[i].like, SCAN_WORDS_HYBRID, false, shapes[i].share);
        if (shapes[i].also)
            want.groups[want.groups_n++] = shapes[i].also;
        if (step.redial && shapes[i].like == PROBE_CLASSICAL && i > 1)
            want.id = PROBE_CLOSING; /* it keeps its name */
        if (memcmp(&want, &step.shape, sizeof want) != 0)
            fail_msg("after %s\n  %s is not in the shape of %s", shapes[i].before,
                     probe_name(step.shape.id), probe_name(shapes[i].like));
        origin_scan_free(scan);
    }
}

/* ---- what is kept of two attempts ---- */

static const struct {
    const char *first, *second;
    const char *outcome;
    bool flapped;
} attempts[] = {
    {"reset", "ok:X25519", "ok", true},
    {"closed", "alert40", "alert", true},
    {"timeout", "malformed", "malformed", true},
    {"reset", "reset", "reset", false},
    {"reset", "timeout", "timeout", false},
    {"timeout:@retry,>hybrid", "closed", "closed", false},
    {"reset", "refused", "refused", true},
    /* our own trouble is no answer */
    {"reset", "cancelled", "cancelled", false},
};

static void test_two_attempts(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct origin_scan *scan = origin_scan_new(PLAN_DAILY, SCAN_WORDS_HYBRID);
        struct probe_result first = scan_words_result(PROBE_CLASSICAL, attempts[i].first);
        struct probe_result second = scan_words_result(PROBE_CLASSICAL, attempts[i].second);
        origin_scan_record(scan, &first);
        origin_scan_record(scan, &second);
        size_t count;
        const struct probe_result *result = origin_scan_results(scan, &count);
        assert_int_equal(count, 1);
        assert_string_equal(outcome_name(result->outcome), attempts[i].outcome);
        assert_int_equal(result->attempts, 2);
        assert_int_equal(result->first_outcome, first.outcome);
        assert_int_equal(result->first_stage, first.stage);
        assert_int_equal(result->stage, second.stage);
        assert_false(result->shape_changed);
        if (result->flapped != attempts[i].flapped)
            fail_msg("%s, then %s: flapped is %d", attempts[i].first, attempts[i].second,
                     result->flapped);
        origin_scan_free(scan);
    }
}

static void test_closing_in_another_shape(void **state) {
    (void)state;
    struct origin_scan *scan = origin_scan_new(PLAN_DAILY, SCAN_WORDS_HYBRID);
    play(scan, FOUR ANSWERS "closing=reset closing!=ok:P-256,>P-256");
    size_t count;
    const struct probe_result *closing = &origin_scan_results(scan, &count)[10];
    assert_int_equal(count, 11);
    assert_int_equal(closing->probe, PROBE_CLOSING);
    assert_true(closing->shape_changed);
    assert_false(closing->flapped); /* another question may get another answer */
    assert_int_equal(closing->attempts, 2);
    origin_scan_free(scan);
}

/* ---- the rest ---- */

static void test_give_up(void **state) {
    (void)state;
    static const struct {
        enum outcome outcome;
        enum stage stage;
        enum scan_status status;
    } ends[] = {
        {OUTCOME_DNS_FAILURE, STAGE_RESOLVE, STATUS_UNREACHABLE},
        {OUTCOME_BLOCKED, STAGE_CONNECT, STATUS_BLOCKED},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct origin_scan *scan = origin_scan_new(PLAN_DAILY, SCAN_WORDS_HYBRID);
        struct origin_scan_step step;
        origin_scan_give_up(scan, ends[i].outcome, ends[i].stage, "because");
        assert_false(origin_scan_next(scan, &step));
        assert_int_equal(origin_scan_status(scan), ends[i].status);
        size_t count;
        const struct probe_result *result = origin_scan_results(scan, &count);
        assert_int_equal(count, 1);
        assert_int_equal(result->outcome, ends[i].outcome);
        assert_int_equal(result->stage, ends[i].stage);
        assert_string_equal(result->detail, "because");
        assert_int_equal(result->alert, -1);
        origin_scan_free(scan);
    }
}

static const struct {
    const char *visit;
    bool may;
} address_changes[] = {
    {"classical=refused", true},
    {"classical=unreachable", true},
    {"classical=timeout:@connect", true},
    {"classical=timeout:@connect classical!=timeout:@connect", true},
    {"classical=blocked", true},
    {"classical=cancelled:@connect", false},
    {"classical=reset", false},
    {"classical=timeout", false},
    {"classical=ok:X25519", false},
    {"classical=ok:X25519 supported=refused", false},
};

static void test_addresses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof address_changes / sizeof *address_changes; i++) {
        struct origin_scan *scan = origin_scan_new(PLAN_DAILY, SCAN_WORDS_HYBRID);
        play(scan, address_changes[i].visit);
        if (origin_scan_may_change_address(scan) != address_changes[i].may)
            fail_msg("%s", address_changes[i].visit);
        if (address_changes[i].may) {
            origin_scan_restart(scan);
            play(scan, FOUR ANSWERS CLOSING); /* as if nothing had been */
            assert_int_equal(origin_scan_status(scan), STATUS_COMPLETE);
        }
        origin_scan_free(scan);
    }
}

/* Whatever comes back, a visit ends, dials no probe more than twice and asking changes nothing. */
static void test_random_visits(void **state) {
    (void)state;
    static const char *const results[] = {
        "ok:X25519",
        "ok:hybrid",
        "ok:P-256,>P-256",
        "ok:P-256,tls12",
        "alert40",
        "reset",
        "closed",
        "timeout",
        "malformed",
        "not_tls",
        "refused",
        "timeout:@connect",
        "reset:@retry,>P-256",
        "malformed:hrr>none",
        "cancelled",
        "ok:nokx,tls12",
    };
    unsigned seed = 7;
    for (int round = 0; round < 20000; round++) {
        enum plan plan = round % 2 ? PLAN_DAILY : PLAN_QUICK;
        struct origin_scan *scan = origin_scan_new(plan, SCAN_WORDS_HYBRID);
        struct origin_scan_step step, again;
        int dials = 0;
        while (origin_scan_next(scan, &step)) {
            assert_true(origin_scan_next(scan, &again));
            assert_memory_equal(&step, &again, sizeof step);
            /* mostly sound, so that visits become long */
            size_t pick = (size_t)rand_r(&seed) % (round % 3 ? 16 : 4);
            struct probe_result attempt = scan_words_result(step.shape.id, results[pick]);
            origin_scan_record(scan, &attempt);
            assert_true(++dials <= 2 * 12);
        }
        size_t count;
        const struct probe_result *result = origin_scan_results(scan, &count);
        assert_true(count >= 1 && count <= 12);
        assert_true(origin_scan_status(scan) < STATUS_COUNT);
        for (size_t i = 0; i < count; i++)
            assert_true(result[i].attempts == 1 + outcome_is_abrupt(result[i].first_outcome));
        origin_scan_free(scan);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_visits),        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_two_attempts),  cmocka_unit_test(test_closing_in_another_shape),
        cmocka_unit_test(test_give_up),       cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_random_visits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
