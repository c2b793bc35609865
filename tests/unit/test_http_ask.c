/* Asking a daemon over its Unix socket: answers as HTTP allows them, and those that are none. */
#include "cmd/http/http_ask.h"

#include "scanner/base/array.h"
#include "scanner/base/err.h"
#include "tests/unit/fake_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool ask(struct fake_daemon *daemon, struct http_answered *answered, struct err *err) {
    fake_daemon_start(daemon);
    bool good = http_ask(daemon->path, "POST", "/api/v1/rescan/a", answered, err);
    fake_daemon_end(daemon);
    return good;
}

#define DOCUMENT "{\"error\":\"later\"}"

static const char *const answers[] = {
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 17\r\n\r\n" DOCUMENT,
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n" DOCUMENT,
    "HTTP/1.1 503 \r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\n{\"err\r\nc;a=b\r\nor\":\"later\"}\r\n0\r\nTrailer: x\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    "HTTP/1.1 503 Later\r\nContent-Length: 17\r\n\r\n" DOCUMENT,
};

static void test_every_framing_is_read(void **state) {
    (void)state;
    static const size_t pieces[] = {1, 7, 4096};
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        for (size_t j = 0; j < COUNT_OF(pieces); j++) {
            struct fake_daemon daemon = {.texts = &answers[i], .n = 1, .piece = pieces[j]};
            struct http_answered answered;
            struct err err = {{0}};
            assert_true(ask(&daemon, &answered, &err));
            assert_int_equal(answered.status, 503);
            assert_false(http_ask_complain(&answered, &err));
            assert_string_equal(err.text, "later");
            json_decref(answered.document);
        }
    }
}

static void test_the_request_is_one_of_http(void **state) {
    (void)state;
    struct fake_daemon daemon = {.texts = answers, .n = 1, .piece = 4096};
    struct http_answered answered;
    assert_true(ask(&daemon, &answered, NULL));
    json_decref(answered.document);
    assert_string_equal(daemon.request, "POST /api/v1/rescan/a HTTP/1.1\r\nHost: localhost\r\n"
                                        "Connection: close\r\n\r\n");
}

static void test_a_body_that_is_not_json_is_no_document(void **state) {
    (void)state;
    static const char *const texts[] = {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"};
    struct fake_daemon daemon = {.texts = texts, .n = 1, .piece = 4096};
    struct http_answered answered;
    assert_true(ask(&daemon, &answered, NULL));
    assert_int_equal(answered.status, 200);
    assert_null(answered.document);
}

static void test_what_is_no_answer_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Len",
        "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n" DOCUMENT,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n" DOCUMENT "\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 17\r\nContent-Length: 2\r\n\r\n" DOCUMENT,
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct fake_daemon daemon = {.texts = &texts[i], .n = 1, .piece = 4096};
        struct http_answered answered;
        struct err err = {{0}};
        assert_false(ask(&daemon, &answered, &err));
        assert_non_null(strstr(err.text, "/tmp/originscan-fake-"));
        assert_non_null(strstr(err.text, ": the answer is not HTTP"));
        assert_null(answered.document);
    }
}

/* Each byte comes in time, the whole never. */
static void test_ten_seconds_are_for_the_whole_answer(void **state) {
    (void)state;
    struct fake_daemon daemon = {.texts = answers, .n = 1, .piece = 1, .piece_us = 2000000};
    struct http_answered answered;
    struct err err = {{0}};
    assert_false(ask(&daemon, &answered, &err));
    assert_non_null(strstr(err.text, ": no answer within ten seconds"));
}

static void test_nobody_listens(void **state) {
    (void)state;
    struct http_answered answered;
    struct err err = {{0}};
    char path[200] = "/tmp/";
    assert_false(http_ask("/tmp/originscan-ask-absent", "GET", "/", &answered, &err));
    assert_string_equal(err.text, "/tmp/originscan-ask-absent: No such file or directory");
    memset(path + 5, 'a', sizeof path - 6);
    assert_false(http_ask(path, "GET", "/", &answered, &err));
    assert_non_null(strstr(err.text, ": too long for the name of a socket"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_framing_is_read),
        cmocka_unit_test(test_the_request_is_one_of_http),
        cmocka_unit_test(test_a_body_that_is_not_json_is_no_document),
        cmocka_unit_test(test_what_is_no_answer_is_refused),
        cmocka_unit_test(test_ten_seconds_are_for_the_whole_answer),
        cmocka_unit_test(test_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
