/* A resolver with its name servers, and queries with what became of them, for test_resolver.c.
 * Everything is static. */
#pragma once

#include "scanner/base/clock.h"
#include "scanner/net/resolver.h"
#include "tests/unit/answer_text.h"
#include "tests/unit/dns_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

static evutil_socket_t bind_loopback(uint16_t *port) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static pid_t server_pid;
static char server[32], raw_server[32], dead_server[32], hosts_path[64];

static void start_servers(void) {
    uint16_t port, raw_port, dead_port;
    evutil_socket_t fd = bind_loopback(&port), raw_fd = bind_loopback(&raw_port);
    evutil_socket_t dead_fd = bind_loopback(&dead_port);
    snprintf(server, sizeof server, "127.0.0.1:%u", (unsigned)port);
    snprintf(raw_server, sizeof raw_server, "127.0.0.1:%u", (unsigned)raw_port);
    snprintf(dead_server, sizeof dead_server, "127.0.0.1:%u", (unsigned)dead_port);
    close(dead_fd);
    pid_t parent = getpid();
    server_pid = fork();
    assert_true(server_pid >= 0);
    if (server_pid == 0) {
        /* a test that crashes must not leave a server behind, which would hold ctest's pipe */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            dns_server_run(fd, raw_fd);
        _exit(1);
    }
    close(fd);
    close(raw_fd);
}

static int set_up_all(void **state) {
    (void)state;
    static const char hosts[] = "# names of the test\n"
                                "2001:db8::50 in-hosts.example\n"
                                "192.0.2.50\tin-hosts.example Alias # comment\n"
                                "192.0.2.51 in-hosts.example\n"
                                "192.0.2.52 four.in-hosts.example\n"
                                "nonsense bad.in-hosts.example\n";
    dns_server_questions = mmap(NULL, sizeof *dns_server_questions, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(dns_server_questions, MAP_FAILED);
    strcpy(hosts_path, "/tmp/originscan-hosts-XXXXXX");
    int fd = mkstemp(hosts_path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, hosts, sizeof hosts - 1), sizeof hosts - 1);
    close(fd);
    start_servers();
    return 0;
}

static int tear_down_all(void **state) {
    (void)state;
    kill(server_pid, SIGKILL);
    waitpid(server_pid, NULL, 0);
    munmap(dns_server_questions, sizeof *dns_server_questions);
    unlink(hosts_path);
    return 0;
}

struct fixture {
    struct event_base *base;
    struct resolver *resolver;
};

static void open_resolver(struct fixture *fixture, const char *servers, uint32_t cache_entries) {
    struct resolver_options options = {servers, hosts_path, cache_entries};
    struct err err = {""};
    fixture->base = event_base_new();
    fixture->resolver = resolver_new(fixture->base, &options, &err);
    if (!fixture->resolver)
        fail_msg("%s", err.text);
}

static void close_resolver(struct fixture *fixture) {
    resolver_free(fixture->resolver);
    event_base_free(fixture->base);
}

/* One query and what became of it. */
struct outcome {
    struct event_base *base;
    struct resolver_query *query;
    bool started; /* resolver_start has returned */
    int callbacks;
    uint64_t us; /* from start to callback */
    struct resolver_answer answer;
};

static void on_answer(const struct resolver_answer *answer, void *arg) {
    struct outcome *outcome = arg;
    assert_true(outcome->started);
    outcome->callbacks++;
    outcome->answer = *answer;
    outcome->us = clock_mono_us() - outcome->us;
    assert_int_equal(answer->why == NULL, answer->count > 0);
    if (outcome->base)
        event_base_loopbreak(outcome->base);
}

static void start(struct fixture *fixture, const char *host, uint32_t timeout_ms,
                  struct outcome *outcome) {
    *outcome = (struct outcome){.us = clock_mono_us()};
    outcome->query = resolver_start(fixture->resolver, host, timeout_ms, on_answer, outcome);
    assert_int_equal(outcome->callbacks, 0);
    outcome->started = true;
}

static void run_for(struct fixture *fixture, int ms) {
    struct timeval after = {ms / 1000, ms % 1000 * 1000};
    event_base_loopexit(fixture->base, &after);
    event_base_dispatch(fixture->base);
}

static struct outcome resolve(struct fixture *fixture, const char *host, uint32_t timeout_ms) {
    struct outcome outcome;
    start(fixture, host, timeout_ms, &outcome);
    outcome.base = fixture->base;
    event_base_dispatch(fixture->base);
    assert_int_equal(outcome.callbacks, 1);
    return outcome;
}
