/* A request's head: what is read of it, and with which status all else is refused. */
#include "cmd/http/http_request.h"

#include "scanner/base/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOST "Host: localhost\r\n"

static const struct {
    unsigned status;
    const char *head;
} heads[] = {
    {0, "GET / HTTP/1.1\r\n" HOST "\r\n"},
    {0, "GET / HTTP/1.0\r\n\r\n"},
    {0, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n"},
    {0, "GET http://localhost:80/livez HTTP/1.1\r\n" HOST "\r\n"},
    {0, "GET http://localhost HTTP/1.1\r\n" HOST "\r\n"},
    {0, "CONNECT localhost:443 HTTP/1.1\r\n" HOST "\r\n"},
    {0, "BREW /pot HTTP/1.1\r\n" HOST "\r\n"},
    {0, "PUT /x HTTP/1.1\r\n" HOST "Content-Length: 4096\r\n\r\n"},
    {0, "GET / HTTP/1.1\r\nhOsT:\tLocalhost:80 \r\n\r\n"},
    /* a request line that is none */
    {400, "GET  / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.1 x\r\n" HOST "\r\n"},
    {400, "G(T / HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET / http/1.1\r\n" HOST "\r\n"},
    {400, "GET / HTTP/1.10\r\n" HOST "\r\n"},
    {400, "GET nowhere HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET * HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /#part HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET /\x80 HTTP/1.1\r\n" HOST "\r\n"},
    {400, "GET http:///x HTTP/1.1\r\n" HOST "\r\n"},
    {505, "GET / HTTP/2.0\r\n" HOST "\r\n"},
    {505, "GET / HTTP/0.9\r\n" HOST "\r\n"},
    /* what others read otherwise */
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST ": no name\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "A: b\x01\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n" HOST "A: b\rC: d\r\n\r\n"},
    {400, "GET / HTTP/1.1\n" HOST "\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
    {400, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
    {400, "PUT / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"},
    {400, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n"},
    {400, "PUT / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"},
    {413, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 4097\r\n\r\n"},
    {413, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\n"},
    {501, "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"},
    {417, "PUT / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n"},
};

static void test_heads(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct http_request request;
        unsigned status = http_request_parse(heads[i].head, strlen(heads[i].head), &request);
        if (status != heads[i].status)
            fail_msg("%u in place of %u: %s", status, heads[i].status, heads[i].head);
    }
}

static unsigned parse(const char *head, struct http_request *out) {
    return http_request_parse(head, strlen(head), out);
}

static void test_what_is_read(void **state) {
    (void)state;
    struct http_request request;
    assert_int_equal(parse("PUT /a%20b?limit=5&after=x%2Fy HTTP/1.1\r\nHost: [::1]:80\r\n"
                           "Content-Length: 12\r\nAccept: text/plain\r\nConnection: close\r\n\r\n",
                           &request),
                     0);
    assert_int_equal(request.method, HTTP_PUT);
    assert_string_equal(request.target, "/a%20b?limit=5&after=x%2Fy");
    assert_string_equal(request.host, "::1");
    assert_string_equal(request.accept, "text/plain");
    assert_int_equal(request.body_n, 12);
    assert_false(request.keep_alive);
    char value[8];
    assert_true(http_request_parameter(&request, "limit", value, sizeof value));
    assert_string_equal(value, "5");
    assert_true(http_request_parameter(&request, "after", value, sizeof value));
    assert_string_equal(value, "x/y");
    assert_true(http_request_parameter(&request, "lim", value, sizeof value));
    assert_string_equal(value, "");
    assert_int_equal(parse("GET / HTTP/1.1\r\nHost: A.Example:80\r\n\r\n", &request), 0);
    assert_string_equal(request.host, "a.example");
    assert_true(request.keep_alive);
    /* the absolute form takes the place of the field */
    assert_int_equal(parse("GET http://b.example/x HTTP/1.1\r\nHost: localhost\r\n\r\n", &request),
                     0);
    assert_string_equal(request.host, "b.example");
    assert_string_equal(request.target, "/x");
    assert_int_equal(parse("GET / HTTP/1.0\r\n\r\n", &request), 0);
    assert_false(request.keep_alive);
}

static void test_decoding(void **state) {
    (void)state;
    char out[8];
    assert_true(http_request_decode("a%2fb", 5, out, sizeof out));
    assert_string_equal(out, "a/b");
    assert_true(http_request_decode("%C3%A9", 6, out, sizeof out));
    assert_string_equal(out, "\xc3\xa9");
    assert_false(http_request_decode("%", 1, out, sizeof out));
    assert_false(http_request_decode("%2", 2, out, sizeof out));
    assert_false(http_request_decode("%zz", 3, out, sizeof out));
    assert_false(http_request_decode("%00", 3, out, sizeof out));
    assert_false(http_request_decode("%0a", 3, out, sizeof out));
    assert_false(http_request_decode("12345678", 8, out, sizeof out));
}

/* Heads of anything: none may read beyond its bytes. */
static void test_noise(void **state) {
    (void)state;
    static const char bytes[] = "GET PUT/ HTTP/1.1\r\n\r\nHost: a%?&=\t\x01\xff,Content-Length:9";
    uint32_t random = 1; /* of a linear congruential generator */
    for (int i = 0; i < 20000; i++) {
        struct http_request request;
        size_t n = (random = random * 1664525 + 1013904223) >> 25;
        char *head = malloc(n + 1);
        assert_non_null(head);
        for (size_t k = 0; k < n; k++)
            head[k] = bytes[((random = random * 1664525 + 1013904223) >> 16) % (sizeof bytes - 1)];
        http_request_parse(head, n, &request);
        free(head);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_decoding),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
