/* The resolver against real name servers on the loopback interface, in a process of their own. */
#include "scanner/resolver.h"

#include "scanner/base/clock.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the servers ---- */

enum { RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5, HEADER = 12 };

static struct event_base *server_loop;
static atomic_int *questions; /* shared with the servers' process */

static bool is_under(const char *name, const char *suffix) {
    size_t n = strlen(name), k = strlen(suffix);
    return n >= k && strcasecmp(name + n - k, suffix) == 0 && (n == k || name[n - k - 1] == '.');
}

static void reply_later(evutil_socket_t fd, short what, void *request) {
    (void)fd;
    (void)what;
    evdns_server_request_respond(request, 0);
}

static void reply_after(struct evdns_server_request *request, int ms) {
    struct timeval after = {ms / 1000, ms % 1000 * 1000};
    event_base_once(server_loop, -1, EV_TIMEOUT, reply_later, request, &after);
}

static void add_a(struct evdns_server_request *request, const char *name, const char *address,
                  int ttl_s) {
    struct in_addr in;
    if (inet_pton(AF_INET, address, &in) == 1)
        evdns_server_request_add_a_reply(request, name, 1, &in, ttl_s);
}

static void add_aaaa(struct evdns_server_request *request, const char *name, const char *address,
                     int ttl_s) {
    struct in6_addr in6;
    if (inet_pton(AF_INET6, address, &in6) == 1)
        evdns_server_request_add_aaaa_reply(request, name, 1, &in6, ttl_s);
}

/* Adds addresses that end in 1, 2, … */
static void add_many(struct evdns_server_request *request, const char *name, bool v6, int n) {
    for (int i = 1; i <= n; i++) {
        char address[32];
        snprintf(address, sizeof address, v6 ? "2001:db8::%d" : "192.0.2.%d", i);
        (v6 ? add_aaaa : add_a)(request, name, address, 300);
    }
}

/* Datagrams that are no answers to anything: libevent never asks with the id 0xffff. */
static void send_junk(struct evdns_server_request *request, evutil_socket_t fd) {
    static const uint8_t forged[] = {
        0xff, 0xff, 0x81, 0x80, 0,   1, 0,   1,   0,   0,   0,   0, /* header */
        4,    'j',  'u',  'n',  'k', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0,
        1,    0xc0, 0x0c, 0,    1,   0, 1,   0,   0,   1,   0,   0,   4,   6, 6, 6, 6};
    uint8_t noise[1400];
    struct sockaddr_storage to;
    int n = evdns_server_request_get_requesting_addr(request, (struct sockaddr *)&to, sizeof to);
    memset(noise, 0xff, sizeof noise);
    for (size_t length = 0; length < HEADER + 2; length++)
        sendto(fd, noise, length, 0, (struct sockaddr *)&to, (socklen_t)n);
    sendto(fd, noise, sizeof noise, 0, (struct sockaddr *)&to, (socklen_t)n);
    sendto(fd, forged, sizeof forged, 0, (struct sockaddr *)&to, (socklen_t)n);
}

/* What each name gives: addresses of one family. */
static void add_addresses(struct evdns_server_request *request, const char *name, bool v6) {
    if (is_under(name, "cname.example")) {
        evdns_server_request_add_cname_reply(request, name, "target.example", 10);
        if (!v6)
            add_a(request, "target.example", "192.0.2.77", 120);
    } else if (is_under(name, "many.example")) {
        add_many(request, name, v6, v6 ? 10 : 14);
    } else if (is_under(name, "toomany.example")) {
        add_many(request, name, v6, v6 ? 10 : 20);
    } else if (is_under(name, "truncated.example")) {
        add_many(request, name, v6, v6 ? 1 : 60);
    } else if (is_under(name, "alltruncated.example")) {
        add_many(request, name, v6, 60);
    } else if (is_under(name, "sixonly.example") || is_under(name, "half-fail.example")) {
        if (v6)
            add_aaaa(request, name, "2001:db8::1", 300);
    } else if (is_under(name, "both.example")) {
        v6 ? add_aaaa(request, name, "2001:db8::1", 60) : add_a(request, name, "192.0.2.1", 300);
    } else if (!is_under(name, "empty.example") && !v6) {
        add_a(request, name, "192.0.2.1", 300);
    }
}

static void on_request(struct evdns_server_request *request, void *socket) {
    const char *name = request->questions[0]->name;
    bool v6 = request->questions[0]->type == EVDNS_TYPE_AAAA;
    int rcode = 0;
    atomic_fetch_add(questions, 1);
    if (is_under(name, "silent.example") || (is_under(name, "half-silent.example") && v6)) {
        evdns_server_request_drop(request);
        return;
    }
    if (is_under(name, "nx.example"))
        rcode = RCODE_NXDOMAIN;
    else if (is_under(name, "servfail.example") || (is_under(name, "half-fail.example") && !v6))
        rcode = RCODE_SERVFAIL;
    else if (is_under(name, "refused.example"))
        rcode = RCODE_REFUSED;
    else
        add_addresses(request, name, v6);
    if (is_under(name, "junk.example"))
        send_junk(request, *(evutil_socket_t *)socket);
    if (is_under(name, "slow.example"))
        reply_after(request, 300);
    else
        evdns_server_request_respond(request, rcode);
}

/* The second server answers with the right id, but breaks the answer as the name says. */
static void on_raw_request(evutil_socket_t fd, short what, void *arg) {
    (void)what;
    (void)arg;
    uint8_t packet[1500] = {0};
    struct sockaddr_storage from;
    socklen_t from_n = sizeof from;
    ssize_t n = recvfrom(fd, packet, 512, 0, (struct sockaddr *)&from, &from_n);
    if (n <= HEADER)
        return;
    packet[2] |= 0x80; /* an answer */
    packet[7] = 1;     /* that has one record */
    switch (packet[HEADER + 1] | 0x20) {
    case 'h': /* header alone */
        n = HEADER;
        break;
    case 'c': /* cut before the record */
        break;
    case 'l': /* a name that points at itself */
        packet[n] = 0xc0;
        packet[n + 1] = (uint8_t)n;
        n += 2;
        break;
    case 'q': /* another question */
        packet[HEADER + 1] = 'z';
        break;
    case 'r': /* a record longer than the datagram */
        memcpy(packet + n, "\xc0\x0c\0\1\0\1\0\0\1\0\xff\xfc", 12);
        n += 12;
        break;
    }
    sendto(fd, packet, (size_t)n, 0, (struct sockaddr *)&from, from_n);
}

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

static void serve(evutil_socket_t fd, evutil_socket_t raw_fd) {
    server_loop = event_base_new();
    evdns_add_server_port_with_base(server_loop, fd, 0, on_request, &fd);
    struct event *raw = event_new(server_loop, raw_fd, EV_READ | EV_PERSIST, on_raw_request, NULL);
    event_add(raw, NULL);
    event_base_dispatch(server_loop);
    _exit(1);
}

/* ---- the tests' side ---- */

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
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (getppid() == parent)
            serve(fd, raw_fd);
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
    questions =
        mmap(NULL, sizeof *questions, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(questions, MAP_FAILED);
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
    munmap(questions, sizeof *questions);
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

/* The answer in one line: addresses, or `why`. */
static const char *text_of(const struct resolver_answer *answer) {
    static char text[RESOLVER_ADDRESSES_MAX * 48];
    size_t n = 0;
    if (answer->why)
        return answer->why;
    for (size_t i = 0; i < answer->count; i++) {
        char address[INET6_ADDRSTRLEN];
        const struct sockaddr_storage *from = &answer->addresses[i];
        const void *binary = from->ss_family == AF_INET
                                 ? (const void *)&((const struct sockaddr_in *)from)->sin_addr
                                 : (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr;
        assert_int_equal(((const struct sockaddr_in *)from)->sin_port, 0);
        inet_ntop(from->ss_family, binary, address, sizeof address);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "", address);
    }
    return text;
}

static const struct {
    const char *host, *expected;
    uint32_t ttl_s;
} answers[] = {
    /* without asking */
    {"192.0.2.9", "192.0.2.9", 0},
    {"2001:db8::9", "2001:db8::9", 0},
    {"in-hosts.example", "192.0.2.50 192.0.2.51 2001:db8::50", 0},
    {"IN-HOSTS.example", "192.0.2.50 192.0.2.51 2001:db8::50", 0},
    {"alias", "192.0.2.50", 0},
    {"four.in-hosts.example", "192.0.2.52", 0},
    /* from the server */
    {"a.example", "192.0.2.1", 300},
    {"bad.in-hosts.example", "192.0.2.1", 300},
    {"in-hosts", "192.0.2.1", 300},
    {"sixonly.example", "2001:db8::1", 300},
    {"both.example", "192.0.2.1 2001:db8::1", 60},
    {"half-fail.example", "2001:db8::1", 300},
    {"cname.example", "192.0.2.77", 120},
    {"slow.example", "192.0.2.1", 300},
    {"junk.example", "192.0.2.1", 300},
    {"truncated.example", "2001:db8::1", 300},
    {"many.example",
     "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 192.0.2.9 "
     "192.0.2.10 192.0.2.11 192.0.2.12 192.0.2.13 192.0.2.14 2001:db8::1 2001:db8::2",
     300},
    {"toomany.example",
     "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 192.0.2.9 "
     "192.0.2.10 192.0.2.11 192.0.2.12 192.0.2.13 192.0.2.14 192.0.2.15 192.0.2.16",
     300},
    /* failures */
    {"nx.example", "the name does not exist (NXDOMAIN)", 0},
    {"servfail.example", "the name servers failed (SERVFAIL)", 0},
    {"refused.example", "the name server refused to answer (REFUSED)", 0},
    {"empty.example", "the name has no address", 0},
    {"alltruncated.example", "the answer was truncated", 0},
    {"a-label-of-more-than-sixty-three-characters-cannot-be-put-into-a-question.example",
     "not a name that DNS can look up", 0},
};

static void test_answers(void **state) {
    (void)state;
    struct fixture fixture;
    open_resolver(&fixture, server, 0);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct outcome outcome = resolve(&fixture, answers[i].host, 5000);
        if (strcmp(text_of(&outcome.answer), answers[i].expected) != 0)
            fail_msg("%s: %s", answers[i].host, text_of(&outcome.answer));
        if (!outcome.answer.why)
            assert_int_equal(outcome.answer.ttl_s, answers[i].ttl_s);
        assert_true(outcome.us < 4000000);
    }
    close_resolver(&fixture);
}

static void test_asks_nobody_for_what_it_knows(void **state) {
    (void)state;
    struct fixture fixture;
    open_resolver(&fixture, server, 0);
    int before = atomic_load(questions);
    resolve(&fixture, "192.0.2.9", 5000);
    resolve(&fixture, "::1", 5000);
    resolve(&fixture, "in-hosts.example", 5000);
    resolve(&fixture, "alias", 0);
    run_for(&fixture, 50);
    assert_int_equal(atomic_load(questions), before);
    resolve(&fixture, "a.example", 5000); /* the counter counts */
    assert_int_equal(atomic_load(questions), before + 2);
    close_resolver(&fixture);
}

static void test_malformed_answers(void **state) {
    (void)state;
    static const char *const names[] = {"header.example", "cut.example", "loop.example",
                                        "question.example", "record.example"};
    struct fixture fixture;
    open_resolver(&fixture, raw_server, 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct outcome outcome = resolve(&fixture, names[i], 5000);
        if (strcmp(text_of(&outcome.answer), "the answer was malformed") != 0)
            fail_msg("%s: %s", names[i], text_of(&outcome.answer));
        assert_true(outcome.us < 1000000);
    }
    close_resolver(&fixture);
}

static void assert_between(uint64_t us, uint64_t least_ms, uint64_t most_ms) {
    if (us < least_ms * 1000 || us > most_ms * 1000)
        fail_msg("took %llu us, not %llu to %llu ms", (unsigned long long)us,
                 (unsigned long long)least_ms, (unsigned long long)most_ms);
}

static const char late[] = "no answer from the name servers in time";

static void test_deadline(void **state) {
    (void)state;
    struct fixture fixture;
    open_resolver(&fixture, server, 0);
    struct outcome outcome = resolve(&fixture, "silent.example", 300);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 290, 1500);
    outcome = resolve(&fixture, "a.example", 0);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 0, 500);
    outcome = resolve(&fixture, "slow.example", 100);
    assert_string_equal(outcome.answer.why, late);
    outcome = resolve(&fixture, "a.example", 5000); /* late answers disturb nobody */
    assert_string_equal(text_of(&outcome.answer), "192.0.2.1");
    run_for(&fixture, 400);
    /* one family is there when the time is up, or when the other was asked twice in vain */
    outcome = resolve(&fixture, "half-silent.example", 300);
    assert_string_equal(text_of(&outcome.answer), "192.0.2.1");
    assert_between(outcome.us, 290, 1500);
    outcome = resolve(&fixture, "half-silent.example", 30000);
    assert_string_equal(text_of(&outcome.answer), "192.0.2.1");
    assert_between(outcome.us, 2400, 4500);
    close_resolver(&fixture);
}

static void test_dead_server(void **state) {
    (void)state;
    struct fixture fixture;
    char both[80];
    open_resolver(&fixture, dead_server, 0);
    struct outcome outcome = resolve(&fixture, "a.example", 300);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 290, 1500);
    /* libevent gives up before our deadline: this is no SERVFAIL */
    outcome = resolve(&fixture, "a.example", 30000);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 5500, 12000);
    /* now the server counts as down, and our deadline still holds */
    outcome = resolve(&fixture, "a.example", 300);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 290, 1500);
    close_resolver(&fixture);
    snprintf(both, sizeof both, "%s, %s", dead_server, server);
    open_resolver(&fixture, both, 0);
    outcome = resolve(&fixture, "a.example", 20000);
    assert_string_equal(text_of(&outcome.answer), "192.0.2.1");
    close_resolver(&fixture);
}

enum { BULK = 300 };

static void start_bulk(struct fixture *fixture, struct outcome *outcomes, const char *domain) {
    for (int i = 0; i < BULK; i++) {
        char name[64];
        snprintf(name, sizeof name, "n%d.%s", i, domain);
        start(fixture, name, 20000, &outcomes[i]);
    }
}

static void test_hundreds_at_once(void **state) {
    (void)state;
    struct fixture fixture;
    struct outcome *outcomes = calloc(BULK, sizeof *outcomes);
    open_resolver(&fixture, server, 0);
    start_bulk(&fixture, outcomes, "both.example");
    uint64_t until_us = clock_mono_us() + 15000000;
    int done = 0;
    while (done < BULK && clock_mono_us() < until_us) {
        event_base_loop(fixture.base, EVLOOP_ONCE);
        done = 0;
        for (int i = 0; i < BULK; i++)
            done += outcomes[i].callbacks;
    }
    for (int i = 0; i < BULK; i++) {
        assert_int_equal(outcomes[i].callbacks, 1);
        assert_string_equal(text_of(&outcomes[i].answer), "192.0.2.1 2001:db8::1");
    }
    close_resolver(&fixture);
    free(outcomes);
}

/* Cancelled at every stage: no callback ever comes, and the sanitisers find nothing left. */
static void test_cancel(void **state) {
    (void)state;
    static const char *const names[] = {"192.0.2.1",    "in-hosts.example", "a.example",
                                        "slow.example", "silent.example",   "servfail.example"};
    enum { N = sizeof names / sizeof names[0] };
    struct fixture fixture;
    struct outcome outcomes[2][N];
    open_resolver(&fixture, server, 0);
    resolver_cancel(NULL);
    for (size_t i = 0; i < N; i++) {
        start(&fixture, names[i], 5000, &outcomes[0][i]);
        resolver_cancel(outcomes[0][i].query);
    }
    start(&fixture, "slow.example", 5000, &outcomes[1][0]);
    start(&fixture, "silent.example", 5000, &outcomes[1][1]);
    run_for(&fixture, 100);
    resolver_cancel(outcomes[1][0].query);
    resolver_cancel(outcomes[1][1].query);
    run_for(&fixture, 500);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(outcomes[0][i].callbacks, 0);
    assert_int_equal(outcomes[1][0].callbacks + outcomes[1][1].callbacks, 0);
    struct outcome outcome = resolve(&fixture, "a.example", 5000);
    assert_string_equal(text_of(&outcome.answer), "192.0.2.1");
    close_resolver(&fixture);
}

static void nothing(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    (void)arg;
}

/* Freed with questions on their way: with the loop at rest, and with something still to be run. */
static void test_free_with_questions_on_their_way(void **state) {
    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        struct fixture fixture;
        struct outcome outcomes[3];
        open_resolver(&fixture, server, 8);
        struct event *other = evtimer_new(fixture.base, nothing, NULL);
        start(&fixture, "a.example", 5000, &outcomes[0]);
        start(&fixture, "half-silent.example", 5000, &outcomes[1]);
        start(&fixture, "silent.example", 5000, &outcomes[2]);
        run_for(&fixture, 100);
        start(&fixture, "slow.example", 5000, &outcomes[0]);
        for (size_t i = 0; i < 3; i++)
            resolver_cancel(outcomes[i].query);
        if (busy)
            event_active(other, EV_TIMEOUT, 0);
        resolver_free(fixture.resolver);
        if (busy)
            run_for(&fixture, 10);
        event_free(other);
        event_base_free(fixture.base);
    }
}

struct bomb {
    struct fixture fixture;
    struct outcome *outcomes;
    int answered;
};

/* Ends everything on the first answer, while libevent has more of them to deliver. */
static void on_first(const struct resolver_answer *answer, void *arg) {
    struct bomb *bomb = arg;
    (void)answer;
    bomb->answered++;
    for (int i = 0; i < BULK; i++)
        resolver_cancel(bomb->outcomes[i].query);
    resolver_free(bomb->fixture.resolver);
    bomb->fixture.resolver = NULL;
}

static void test_free_within_a_callback(void **state) {
    (void)state;
    struct bomb bomb = {.outcomes = calloc(BULK, sizeof *bomb.outcomes)};
    open_resolver(&bomb.fixture, server, 8);
    resolver_start(bomb.fixture.resolver, "a.example", 5000, on_first, &bomb);
    start_bulk(&bomb.fixture, bomb.outcomes, "both.example");
    usleep(200000); /* the answers gather in the socket */
    run_for(&bomb.fixture, 200);
    assert_int_equal(bomb.answered, 1);
    assert_null(bomb.fixture.resolver);
    for (int i = 0; i < BULK; i++)
        assert_int_equal(bomb.outcomes[i].callbacks, 0);
    close_resolver(&bomb.fixture);
    free(bomb.outcomes);
}

static const struct {
    const char *servers, *says;
} bad_servers[] = {
    {"", "name server \"\""},
    {"192.0.2.1,", "name server \"\""},
    {"ns.example", "name server \"ns.example\""},
    {"192.0.2.1:99999", "name server"},
    {"192.0.2.1\n", "\"192.0.2.1\\x0a\""},
    {"[::1", "name server \"[::1\""},
    {"192.0.2.1,192.0.2.1:53", "given twice"},
};

static void test_bad_options(void **state) {
    (void)state;
    struct event_base *base = event_base_new();
    struct err err;
    for (size_t i = 0; i < sizeof bad_servers / sizeof bad_servers[0]; i++) {
        struct resolver_options options = {.servers = bad_servers[i].servers};
        err.text[0] = '\0';
        if (resolver_new(base, &options, &err))
            fail_msg("\"%s\" was taken", bad_servers[i].servers);
        if (!strstr(err.text, bad_servers[i].says))
            fail_msg("\"%s\" said: %s", bad_servers[i].servers, err.text);
    }
    struct resolver_options no_hosts = {.servers = server, .hosts_file = "/nonexistent/hosts"};
    assert_null(resolver_new(base, &no_hosts, &err));
    assert_string_equal(err.text, "hosts file \"/nonexistent/hosts\": cannot be read");
    struct resolver_options usual = {.servers = "127.0.0.1, [::1]:5353 ,::1"};
    struct resolver *resolver = resolver_new(base, &usual, &err);
    assert_non_null(resolver);
    resolver_free(resolver);
    resolver_free(NULL);
    event_base_free(base);
}

/* Resolves twice and says how many questions the second time took. */
static int second_time(struct fixture *fixture, const char *host) {
    struct outcome first = resolve(fixture, host, 5000);
    int before = atomic_load(questions);
    struct outcome second = resolve(fixture, host, 5000);
    char text[RESOLVER_ADDRESSES_MAX * 48];
    snprintf(text, sizeof text, "%s", text_of(&first.answer));
    assert_string_equal(text_of(&second.answer), text);
    if (!second.answer.why)
        assert_true(second.answer.ttl_s <= first.answer.ttl_s);
    return atomic_load(questions) - before;
}

static void test_cache(void **state) {
    (void)state;
    struct fixture fixture;
    open_resolver(&fixture, server, 0);
    assert_int_equal(second_time(&fixture, "both.example"), 2);
    close_resolver(&fixture);
    open_resolver(&fixture, server, 3);
    assert_int_equal(second_time(&fixture, "both.example"), 0);
    assert_int_equal(second_time(&fixture, "nx.example"), 0);
    assert_int_equal(second_time(&fixture, "empty.example"), 0);
    assert_true(second_time(&fixture, "servfail.example") > 0); /* a failure that may pass */
    assert_int_equal(second_time(&fixture, "both.example"), 0);
    assert_int_equal(second_time(&fixture, "a.example"), 0); /* nx.example makes room */
    assert_int_equal(second_time(&fixture, "both.example"), 0);
    int before = atomic_load(questions);
    resolve(&fixture, "nx.example", 5000);
    assert_int_equal(atomic_load(questions), before + 2);
    /* an answer that came too late for the query is there for the next one */
    struct outcome outcome = resolve(&fixture, "slow.example", 50);
    assert_string_equal(outcome.answer.why, late);
    run_for(&fixture, 600);
    outcome = resolve(&fixture, "slow.example", 50);
    assert_string_equal(text_of(&outcome.answer), "192.0.2.1");
    close_resolver(&fixture);
}

/* Where one family failed, the answer is kept for the shortest time only. */
static void test_cache_of_half_an_answer(void **state) {
    (void)state;
    struct fixture fixture;
    open_resolver(&fixture, server, 3);
    resolve(&fixture, "half-fail.example", 5000);
    int before = atomic_load(questions);
    struct outcome outcome = resolve(&fixture, "half-fail.example", 5000);
    assert_string_equal(text_of(&outcome.answer), "2001:db8::1");
    assert_int_equal(atomic_load(questions), before);
    assert_true(outcome.answer.ttl_s <= 5);
    close_resolver(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_asks_nobody_for_what_it_knows),
        cmocka_unit_test(test_malformed_answers),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_dead_server),
        cmocka_unit_test(test_hundreds_at_once),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_free_with_questions_on_their_way),
        cmocka_unit_test(test_free_within_a_callback),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_cache_of_half_an_answer),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
