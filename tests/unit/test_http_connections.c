/* The limit of connections, at the moments at which a client gives way to another. */
#include "cmd/http/http_connections.h"

#include "cmd/http/http_listen.h"
#include "cmd/metrics/metrics.h"
#include "scanner/base/clock.h"
#include "scanner/base/err.h"

#include <event2/event.h>

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_US = 30000000 };

#define REQUEST "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

struct served {
    struct event_base *base;
    struct http_connections *connections;
    uint16_t port;
    unsigned answered;
};

static void answer(void *arg, const struct http_call *call, struct http_reply *reply) {
    struct served *served = arg;
    (void)call;
    served->answered++;
    http_reply_set(reply, 204, NULL, NULL, 0);
}

static void serve(struct served *served, size_t most) {
    struct err err;
    int fd = http_listen_tcp("127.0.0.1:0", &err);
    assert_true(fd >= 0);
    *served = (struct served){.base = event_base_new(), .port = http_listen_port(fd)};
    served->connections = http_connections_new(&(struct http_connections_options){
        .base = served->base, .most = most, .answer = answer, .arg = served});
    assert_true(http_connections_listen(served->connections, fd));
}

static void stop_serving(struct served *served) {
    http_connections_free(served->connections);
    event_base_free(served->base);
}

/* Does what there is to do, once. */
static void turn(struct served *served) {
    event_base_loop(served->base, EVLOOP_NONBLOCK);
}

static int connect_client(const struct served *served) {
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(served->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void ask(int fd) {
    assert_int_equal(send(fd, REQUEST, strlen(REQUEST), MSG_NOSIGNAL), (ssize_t)strlen(REQUEST));
}

/* Whether the server closes it in time. */
static bool is_closed(struct served *served, int fd) {
    char bytes[512];
    uint64_t until_us = clock_mono_us() + PATIENCE_US;
    while (clock_mono_us() < until_us) {
        turn(served);
        ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return true;
        usleep(1000);
    }
    return false;
}

static void wait_until_connections_are(struct served *served, double n) {
    uint64_t until_us = clock_mono_us() + PATIENCE_US;
    while (metrics_cells_gauge(METRIC_HTTP_CONNECTIONS) > n && clock_mono_us() < until_us) {
        turn(served);
        usleep(1000);
    }
    assert_true(metrics_cells_gauge(METRIC_HTTP_CONNECTIONS) <= n);
}

/* Its request has come and was not read yet when it has to give way: it is not counted twice. */
static void a_request_is_on_its_way_while_its_connection_ends(void **state) {
    (void)state;
    struct served served;
    serve(&served, 1);
    for (int i = 0; i < 3; i++) {
        int first = connect_client(&served);
        turn(&served);
        int second = connect_client(&served);
        ask(first);
        assert_true(is_closed(&served, first));
        wait_until_connections_are(&served, 1);
        int third = connect_client(&served);
        assert_true(is_closed(&served, second));
        ask(third); /* and who is alone is served */
        unsigned before = served.answered;
        uint64_t until_us = clock_mono_us() + PATIENCE_US;
        while (served.answered == before && clock_mono_us() < until_us) {
            turn(&served);
            usleep(1000);
        }
        assert_int_equal(served.answered, before + 1);
        close(first);
        close(second);
        close(third);
    }
    stop_serving(&served);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_on_its_way_while_its_connection_ends),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
