/* What the server's first answer means for a question: one answer a line. */
#include "scanner/probe/tls_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define RETRY FIRST_FLIGHT_RETRY
#define HELLO FIRST_FLIGHT_SERVER_HELLO
#define EXCHANGE FIRST_FLIGHT_KEY_EXCHANGE

static const struct {
    enum probe_id probe;
    bool tls12; /* the shape for a TLS 1.2 origin */
    struct first_flight_answer answer;
    enum outcome outcome;
    uint16_t group, retry_group;
    int alert;
    const char *detail;
} cases[] = {
    /* a retry that names the group asked for is a yes */
    {PROBE_ONLY_P256,
     false,
     {.kind = RETRY, .group = 23, .session_id_echoed = true},
     OUTCOME_OK,
     0,
     23,
     -1,
     ""},
    {PROBE_CHOOSE,
     false,
     {.kind = RETRY, .group = 29, .session_id_echoed = true},
     OUTCOME_OK,
     0,
     29,
     -1,
     ""},
    {PROBE_CHOOSE,
     false,
     {.kind = RETRY, .cookie_bytes = 9, .session_id_echoed = true},
     OUTCOME_OK,
     0,
     0,
     -1,
     ""},
    /* but only as the standard allows it */
    {PROBE_ONLY_P256,
     false,
     {.kind = RETRY, .group = 24, .session_id_echoed = true},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "HelloRetryRequest for a group not offered"},
    {PROBE_ONLY_P256,
     false,
     {.kind = RETRY, .group = 23},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "HelloRetryRequest without our session id"},
    {PROBE_ONLY_P256,
     false,
     {.kind = RETRY, .session_id_echoed = true},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "HelloRetryRequest that asks for nothing"},
    {PROBE_SPLIT,
     false,
     {.kind = RETRY, .group = 29, .session_id_echoed = true},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "HelloRetryRequest for a group already shared"},
    /* a ServerHello can only be for a share that was sent */
    {PROBE_SPLIT,
     false,
     {.kind = HELLO, .group = 29, .cipher = 0x1301, .share_bytes = 32},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "ServerHello without our session id"},
    {PROBE_SPLIT,
     false,
     {.kind = HELLO, .group = 29, .cipher = 0x1305, .session_id_echoed = true, .share_bytes = 32},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "ServerHello with a cipher not offered"},
    {PROBE_SPLIT,
     false,
     {.kind = HELLO, .group = 29, .cipher = 0x1301, .session_id_echoed = true, .share_bytes = 33},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "ServerHello with a key share of a wrong length"},
    {PROBE_ONLY_HYBRID,
     false,
     {.kind = EXCHANGE, .group = 4588},
     OUTCOME_MALFORMED,
     4588,
     0,
     -1,
     "key exchange of TLS 1.2 on a group of TLS 1.3"},
    {PROBE_SPLIT,
     false,
     {.kind = HELLO, .group = 29, .cipher = 0x1301, .session_id_echoed = true, .share_bytes = 32},
     OUTCOME_OK,
     29,
     0,
     -1,
     ""},
    {PROBE_SPLIT,
     false,
     {.kind = HELLO, .group = 23, .cipher = 0x1301, .session_id_echoed = true, .share_bytes = 65},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "ServerHello for a key share not sent"},
    {PROBE_ONLY_P256,
     false,
     {.kind = HELLO, .group = 23, .cipher = 0x1301, .session_id_echoed = true, .share_bytes = 65},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "ServerHello for a key share not sent"},
    /* TLS 1.2 */
    {PROBE_ONLY_P384, true, {.kind = EXCHANGE, .group = 24}, OUTCOME_OK, 24, 0, -1, ""},
    {PROBE_ONLY_P384, true, {.kind = EXCHANGE, .group = 23}, OUTCOME_OK, 23, 0, -1, ""},
    {PROBE_ONLY_P384,
     false,
     {.kind = EXCHANGE, .group = 23},
     OUTCOME_MALFORMED,
     23,
     0,
     -1,
     "key exchange on a group not offered"},
    {PROBE_ONLY_P384,
     true,
     {.kind = FIRST_FLIGHT_NO_KEY_EXCHANGE},
     OUTCOME_OK,
     0,
     0,
     -1,
     "no key exchange on a named curve"},
    /* the rest */
    {PROBE_ONLY_P256,
     false,
     {.kind = FIRST_FLIGHT_ALERT, .alert = 40},
     OUTCOME_ALERT,
     0,
     0,
     40,
     ""},
    {PROBE_ONLY_P256, false, {.kind = FIRST_FLIGHT_ALERT, .alert = 0}, OUTCOME_CLOSED, 0, 0, 0, ""},
    {PROBE_ONLY_P256, false, {.kind = FIRST_FLIGHT_NOT_TLS}, OUTCOME_NOT_TLS, 0, 0, -1, ""},
    {PROBE_ONLY_P256,
     false,
     {.kind = FIRST_FLIGHT_MALFORMED, .why = "record too long"},
     OUTCOME_MALFORMED,
     0,
     0,
     -1,
     "record too long"},
};

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct probe_shape shape = probe_plan_shape(cases[i].probe, GROUP_X25519MLKEM768,
                                                    cases[i].tls12 ? GROUP_P256 : GROUP_NONE, 0);
        struct probe_result result = {.alert = -1, .own_alert = -1};
        print_message("case %zu\n", i);
        enum outcome outcome = tls_answer_read(&cases[i].answer, &shape, &result);
        assert_string_equal(outcome_name(outcome), outcome_name(cases[i].outcome));
        assert_int_equal(result.group, cases[i].group);
        assert_int_equal(result.retry_group, cases[i].retry_group);
        bool good_retry = cases[i].answer.kind == RETRY && outcome == OUTCOME_OK;
        assert_int_equal(result.retry, good_retry);
        assert_int_equal(result.hrr.count, cases[i].answer.kind == RETRY);
        assert_int_equal(result.alert, cases[i].alert);
        assert_string_equal(result.detail, cases[i].detail);
        assert_int_equal(result.no_key_exchange,
                         cases[i].answer.kind == FIRST_FLIGHT_NO_KEY_EXCHANGE);
    }
}

/* A second HelloRetryRequest breaks the standard: what it names is no answer. */
static void test_first_retry_is_kept(void **state) {
    (void)state;
    static const uint16_t groups[] = {GROUP_X25519, GROUP_P256};
    struct server_hello first = {.group = GROUP_P256, .cipher = 0x1301, .session_id_echoed = true};
    struct server_hello second = {.group = GROUP_P521, .cipher = 0x1302};
    struct hrr hrr = {0};
    hrr_add(&hrr, &first, groups, 2);
    hrr_add(&hrr, &second, groups, 2);
    assert_int_equal(hrr.count, 2);
    assert_int_equal(hrr.group, GROUP_P256);
    assert_int_equal(hrr.cipher, 0x1301);
    assert_true(hrr.session_id_echoed);
    assert_true(hrr.group_offered);
    assert_int_equal(hrr_fault(&hrr, groups, 1), HRR_SECOND);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),
                                       cmocka_unit_test(test_first_retry_is_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
