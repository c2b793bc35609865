/* The ClientHello writer against an OpenSSL server on loopback: what is written is answered, and
 * the reader understands the answer. Skipped where there is no openssl command. */
#include "scanner/hello/first_flight.h"
#include "scanner/hello/raw_hello.h"
#include "tests/support/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/client_hello.h"

#define OUT_MAX 20000
#define DEADLINE_MS 10000

/* --- the server --- */

struct server {
    pid_t pid;
    int in, out; /* its standard input, held open, and its standard output */
    uint16_t port;
    bool no_dummy; /* does not take a ChangeCipherSpec in front of CH2 */
};

static char pem_path[] = "/tmp/originscan-test-XXXXXX";

static int make_certificate(void **state) {
    (void)state;
    EVP_PKEY *key;
    X509 *certificate;
    signal(SIGPIPE, SIG_IGN);
    FILE *file = fdopen(mkstemp(pem_path), "w");
    assert_non_null(file);
    certificate_make(&key, &certificate);
    assert_true(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    assert_true(PEM_write_X509(file, certificate));
    fclose(file);
    EVP_PKEY_free(key);
    X509_free(certificate);
    return 0;
}

static int remove_certificate(void **state) {
    (void)state;
    return unlink(pem_path);
}

static _Noreturn void run_server(int in, int out, const char *const *options) {
    const char *arguments[16] = {"openssl", "s_server",    "-cert", pem_path,
                                 "-accept", "127.0.0.1:0", NULL};
    for (size_t i = 6; *options; i++)
        arguments[i] = *options++;
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO); /* it reports every hello that ends early */
    prctl(PR_SET_PDEATHSIG, SIGKILL);                 /* a failed test does not stop its server */
    execvp("openssl", (char *const *)(uintptr_t)arguments);
    _exit(127);
}

/* Starts one and waits until it says on which port it listens. */
static struct server start_server(const char *const *options) {
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    struct server server = {.in = in[1], .out = out[0], .pid = fork()};
    if (server.pid == 0)
        run_server(in[0], out[1], options);
    assert_true(server.pid > 0);
    close(in[0]);
    close(out[1]);
    char text[2000] = "";
    for (size_t n = 0; !server.port && n < sizeof text - 1;) {
        struct pollfd wait = {.fd = server.out, .events = POLLIN};
        ssize_t more =
            poll(&wait, 1, DEADLINE_MS) == 1 ? read(server.out, text + n, sizeof text - 1 - n) : 0;
        if (more <= 0)
            fail_msg("openssl s_server did not start: %s", text);
        n += (size_t)more;
        const char *told = strstr(text, "ACCEPT 127.0.0.1:");
        if (told && strchr(told, '\n'))
            server.port = (uint16_t)atoi(told + strlen("ACCEPT 127.0.0.1:"));
    }
    return server;
}

static void stop_server(struct server *server) {
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    close(server->in);
    close(server->out);
}

static int dial(const struct server *server) {
    struct timeval deadline = {.tv_sec = DEADLINE_MS / 1000};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(server->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* --- the client --- */

/* Reads until the flight is decided. What was read behind the decision stays in `rest`. */
static void read_flight(int fd, struct first_flight *flight, uint8_t rest[OUT_MAX],
                        size_t *rest_n) {
    size_t fed = flight->answer.bytes;
    enum first_flight_kind kind = first_flight_feed(flight, rest, *rest_n);
    while (kind == FIRST_FLIGHT_MORE) {
        fed += *rest_n;
        ssize_t n = read(fd, rest, OUT_MAX);
        if (n <= 0)
            fail_msg("the server closed or was silent after %zu bytes", fed);
        *rest_n = (size_t)n;
        kind = first_flight_feed(flight, rest, *rest_n);
    }
    size_t used = flight->answer.bytes - fed;
    memmove(rest, rest + used, *rest_n - used);
    *rest_n -= used;
}

/* Sends the hello, after a retry also a second one with a share of X25519 and the cookie. */
static struct first_flight_answer ask(const struct server *server, const struct raw_hello *hello,
                                      struct first_flight_answer *retried) {
    static uint8_t out[OUT_MAX], rest[OUT_MAX];
    static struct first_flight flight;
    struct raw_hello_written written;
    size_t rest_n = 0;
    int fd = dial(server);
    assert_true(raw_hello_write(hello, out, sizeof out, &written, NULL));
    assert_int_equal(write(fd, out, written.n), written.n);
    first_flight_init(&flight, hello->session_id, 32);
    read_flight(fd, &flight, rest, &rest_n);
    if (retried && flight.answer.kind == FIRST_FLIGHT_RETRY) {
        *retried = flight.answer;
        struct raw_hello_retry retry = {.share = &x25519, .wire_bytes = hello->wire_bytes};
        retry.cookie = first_flight_cookie(&flight, &retry.cookie_n);
        assert_true(raw_hello_write_second(hello, &retry, out, sizeof out, &written, NULL));
        size_t from = server->no_dummy ? written.hello_at : 0;
        assert_int_equal(write(fd, out + from, written.n - from), written.n - from);
        first_flight_second(&flight);
        read_flight(fd, &flight, rest, &rest_n);
    }
    close(fd);
    return flight.answer;
}

static void must_answer(const struct server *server, const struct raw_hello *hello,
                        enum first_flight_kind kind, uint16_t version, uint16_t group) {
    struct first_flight_answer answer = ask(server, hello, NULL);
    if (answer.kind != kind)
        fail_msg("expected %s, got %s (alert %u, %s)", first_flight_kind_name(kind),
                 first_flight_kind_name(answer.kind), answer.alert, answer.why ? answer.why : "");
    assert_int_equal(answer.version, version);
    assert_int_equal(answer.group, group);
    assert_int_equal(answer.session_id_echoed, version == 0x0304);
}

/* --- tests --- */

static bool no_openssl(void) {
    return system("openssl version >/dev/null 2>&1") != 0; /* NOLINT: no input in it */
}

static void tls13_server(void **state) {
    (void)state;
    if (no_openssl())
        skip();
    static const uint16_t unknown[] = {0x0eee, 29};
    static const struct raw_hello_share shares[] = {{0x0eee, NULL, 1300}, {29, x25519_share, 32}};
    struct server server = start_server((const char *const[]){NULL});
    struct raw_hello hello = make_hello();
    must_answer(&server, &hello, FIRST_FLIGHT_SERVER_HELLO, 0x0304, 29);
    hello.mldsa = true;
    must_answer(&server, &hello, FIRST_FLIGHT_SERVER_HELLO, 0x0304, 29);
    for (size_t size = 300; size <= 2000; size += 50) {
        hello.wire_bytes = size;
        must_answer(&server, &hello, FIRST_FLIGHT_SERVER_HELLO, 0x0304, 29);
    }
    hello.splits_n = 2;
    hello.splits[0] = 3;
    hello.splits[1] = 200;
    must_answer(&server, &hello, FIRST_FLIGHT_SERVER_HELLO, 0x0304, 29);
    hello = make_hello();
    hello.groups = unknown;
    hello.groups_n = 2;
    must_answer(&server, &hello, FIRST_FLIGHT_SERVER_HELLO, 0x0304, 29);
    hello.shares = shares;
    hello.shares_n = 2;
    must_answer(&server, &hello, FIRST_FLIGHT_SERVER_HELLO, 0x0304, 29);
    hello.shares_n = 1;
    must_answer(&server, &hello, FIRST_FLIGHT_RETRY, 0x0304, 29);
    hello.shares_n = 0;
    must_answer(&server, &hello, FIRST_FLIGHT_RETRY, 0x0304, 29);
    stop_server(&server);
}

static void second_hello(void **state) {
    (void)state;
    if (no_openssl())
        skip();
    struct server server = start_server((const char *const[]){"-groups", "X25519", NULL});
    struct raw_hello hello = make_hello();
    struct first_flight_answer retried;
    hello.shares_n = 0;
    for (int i = 0; i < 3; i++) {
        hello.wire_bytes = (size_t[]){0, 600, 3000}[i];
        struct first_flight_answer answer = ask(&server, &hello, &retried);
        assert_int_equal(retried.group, 29);
        assert_int_equal(retried.cookie_bytes, 0);
        assert_int_equal(answer.kind, FIRST_FLIGHT_SERVER_HELLO);
        assert_int_equal(answer.group, 29);
    }
    stop_server(&server);
}

/* A server that keeps no state puts it into a cookie, which CH2 has to bring back. OpenSSL 3.0's
 * s_server gives up at a ChangeCipherSpec between the hellos if it is stateless. */
static void second_hello_with_a_cookie(void **state) {
    (void)state;
    if (no_openssl())
        skip();
    struct server server = start_server((const char *const[]){"-stateless", NULL});
    server.no_dummy = true;
    struct raw_hello hello = make_hello();
    struct first_flight_answer retried = {0};
    struct first_flight_answer answer = ask(&server, &hello, &retried);
    assert_int_equal(retried.kind, FIRST_FLIGHT_RETRY);
    assert_true(retried.cookie_bytes > 0);
    assert_int_equal(answer.kind, FIRST_FLIGHT_SERVER_HELLO);
    assert_int_equal(answer.group, 29);
    stop_server(&server);
}

static void tls12_server(void **state) {
    (void)state;
    if (no_openssl())
        skip();
    struct server server =
        start_server((const char *const[]){"-tls1_2", "-groups", "P-384:X25519", NULL});
    struct raw_hello hello = make_hello();
    must_answer(&server, &hello, FIRST_FLIGHT_KEY_EXCHANGE, 0x0303, 29);
    hello.wire_bytes = 1500;
    must_answer(&server, &hello, FIRST_FLIGHT_KEY_EXCHANGE, 0x0303, 29);
    stop_server(&server);
}

static void no_common_group(void **state) {
    (void)state;
    if (no_openssl())
        skip();
    struct server server = start_server((const char *const[]){"-groups", "X448", NULL});
    struct raw_hello hello = make_hello();
    struct first_flight_answer answer = ask(&server, &hello, NULL);
    assert_int_equal(answer.kind, FIRST_FLIGHT_ALERT);
    assert_int_equal(answer.alert, 40);
    stop_server(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls13_server),
        cmocka_unit_test(second_hello),
        cmocka_unit_test(second_hello_with_a_cookie),
        cmocka_unit_test(tls12_server),
        cmocka_unit_test(no_common_group),
    };
    return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
