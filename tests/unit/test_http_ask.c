/* Asking a daemon over its Unix socket: answers as HTTP allows them, and those that are none. */
#include "cmd/http/http_ask.h"

#include "scanner/base/array.h"
#include "scanner/base/err.h"

#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* The clock runs ahead by as much as the other side wishes. */
static volatile int ahead_s;

int clock_gettime(clockid_t clock, struct timespec *out) {
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    out->tv_sec += ahead_s;
    return result;
}

/* One connection is taken and its request read; then it gets the text. */
struct daemon_of_one {
    char path[64];
    int listener;
    const char *text;
    size_t piece; /* bytes that are sent at once */
    int piece_s;  /* how long one takes, by the clock above */
    char request[4096];
    pthread_t thread;
};

static void read_request(struct daemon_of_one *daemon, int fd) {
    size_t n = 0;
    while (!strstr(daemon->request, "\r\n\r\n")) {
        ssize_t got = recv(fd, daemon->request + n, sizeof daemon->request - 1 - n, 0);
        if (got <= 0)
            return;
        n += (size_t)got;
    }
}

static void wait_until_taken(int fd) {
    int unread = 1;
    while (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0)
        sched_yield();
}

static void *answer_once(void *arg) {
    struct daemon_of_one *daemon = arg;
    int fd = accept(daemon->listener, NULL, NULL);
    size_t left = strlen(daemon->text);
    read_request(daemon, fd);
    for (const char *at = daemon->text; left > 0;) {
        size_t n = left < daemon->piece ? left : daemon->piece;
        ahead_s += daemon->piece_s;
        if (send(fd, at, n, MSG_NOSIGNAL) < 0)
            break;
        at += n;
        left -= n;
        if (daemon->piece_s > 0)
            wait_until_taken(fd);
    }
    close(fd);
    return NULL;
}

static void serve(struct daemon_of_one *daemon) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(daemon->path, sizeof daemon->path, "/tmp/originscan-ask-%d", (int)getpid());
    unlink(daemon->path);
    memcpy(address.sun_path, daemon->path, strlen(daemon->path));
    daemon->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(daemon->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(daemon->listener, 1), 0);
    assert_int_equal(pthread_create(&daemon->thread, NULL, answer_once, daemon), 0);
}

static bool ask(struct daemon_of_one *daemon, struct http_answered *answered, struct err *err) {
    serve(daemon);
    bool good = http_ask(daemon->path, "POST", "/api/v1/rescan/a", answered, err);
    pthread_join(daemon->thread, NULL);
    close(daemon->listener);
    unlink(daemon->path);
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
            struct daemon_of_one daemon = {.text = answers[i], .piece = pieces[j]};
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
    struct daemon_of_one daemon = {.text = answers[0], .piece = 4096};
    struct http_answered answered;
    assert_true(ask(&daemon, &answered, NULL));
    json_decref(answered.document);
    assert_string_equal(daemon.request, "POST /api/v1/rescan/a HTTP/1.1\r\nHost: localhost\r\n"
                                        "Connection: close\r\n\r\n");
}

static void test_a_body_that_is_not_json_is_no_document(void **state) {
    (void)state;
    struct daemon_of_one daemon = {.text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n",
                                   .piece = 4096};
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
        struct daemon_of_one daemon = {.text = texts[i], .piece = 4096};
        struct http_answered answered;
        struct err err = {{0}};
        assert_false(ask(&daemon, &answered, &err));
        assert_non_null(strstr(err.text, "/tmp/originscan-ask-"));
        assert_non_null(strstr(err.text, ": no answer in HTTP"));
        assert_null(answered.document);
    }
}

/* Each byte comes in time, the whole never. */
static void test_ten_seconds_are_for_the_whole_answer(void **state) {
    (void)state;
    struct daemon_of_one daemon = {.text = answers[0], .piece = 1, .piece_s = 2};
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
