/* The resolver against name servers that mean no good, or do not know better: what they can make of
 * a name is an answer of theirs or a reason, in time, and nothing of anybody else's. */
#include "scanner/base/clock.h"
#include "scanner/net/resolver.h"
#include "tests/unit/answer_text.h"
#include "tests/unit/dns_raw_server.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <cmocka.h>

#define OURS "192.0.2.1", "2001:db8::1"
#define THEIRS "203.0.113.66", "2001:db8::bad"
enum { TTL_S = 300, MANY = 1000, FILLER = 250 };

/* ---- What the name servers do, by the first label of the name ---- */

static void put_chain(struct message *message, unsigned type, int links) {
    char owner[32] = "", target[32];
    for (int i = 1; i <= links; i++) {
        snprintf(target, sizeof target, "c%d", i);
        if (i == 1) {
            put_record_head(message, NULL, DNS_CNAME, DNS_IN, TTL_S, strlen(target) + 2);
            put_name(message, target);
        } else {
            put_cname(message, owner, target);
        }
        memcpy(owner, target, sizeof owner);
    }
    put_address(message, owner, type, TTL_S, OURS);
}

/* The records of a name; false if the answer is not made of records. */
static bool put_records(struct message *message, const char *label, unsigned type) {
    if (strcmp(label, "foreign") == 0) {
        put_address(message, "other.example", type, TTL_S, THEIRS);
    } else if (strcmp(label, "mixed") == 0) {
        put_address(message, "other.example", type, TTL_S, THEIRS);
        put_address(message, NULL, type, TTL_S, OURS);
    } else if (strcmp(label, "foreign-cname") == 0) {
        put_cname(message, "other.example", "theirs.example");
        put_address(message, "theirs.example", type, TTL_S, THEIRS);
    } else if (strcmp(label, "backwards") == 0) {
        put_address(message, "c2.example", type, TTL_S, OURS);
        put_cname(message, "C1.example", "c2.example");
        put_cname(message, "backwards.example", "c1.example");
    } else if (strcmp(label, "circle") == 0) {
        put_cname(message, "circle.example", "c1.example");
        put_cname(message, "c1.example", "circle.example");
    } else if (strcmp(label, "chain10") == 0) {
        put_chain(message, type, 10);
    } else if (strcmp(label, "chain20") == 0) {
        put_chain(message, type, 20);
    } else if (strcmp(label, "ttl0") == 0) {
        put_address(message, NULL, type, 0, OURS);
    } else if (strcmp(label, "ttl2to31") == 0) {
        put_address(message, NULL, type, UINT32_C(1) << 31, OURS);
    } else if (strcmp(label, "ttlmost") == 0) {
        put_address(message, NULL, type, INT32_MAX, OURS);
    } else if (strcmp(label, "chaos") == 0) {
        put_record_head(message, NULL, type, 3, TTL_S, 4);
        put_bytes(message, "\xcb\0\x71\x42", 4);
    } else if (strcmp(label, "short-address") == 0) {
        put_record_head(message, NULL, type, DNS_IN, TTL_S, 3);
        put_bytes(message, "\xcb\0\x71", 3);
    } else {
        return false;
    }
    return true;
}

static bool is_one_of(const char *label, const char *const *names) {
    while (*names && strcmp(label, *names) != 0)
        names++;
    return *names != NULL;
}

static void answer_udp(struct raw_server *server, const uint8_t *question, size_t n,
                       const struct sockaddr_in *from) {
    static const char *const over_tcp[] = {"thousand", "sixty-kb",     "half",        "closed",
                                           "mute",     "tcp-letters",  "tcp-foreign", "tcp-id",
                                           "noise",    "tcp-nxdomain", NULL};
    static struct message message;
    const char *label = label_of(question);
    begin_answer(&message, question, n);
    if (put_records(&message, label, type_of(question, n))) {
        /* as it is */
    } else if (is_one_of(label, over_tcp)) {
        message.bytes[2] |= 0x02;
    } else if (strcmp(label, "bare-refusal") == 0) {
        message.n = DNS_HEADER;
        memset(message.bytes + 3, 0, DNS_HEADER - 3);
        message.bytes[3] = 5;
    } else if (strcmp(label, "bare-nxdomain") == 0) {
        message.n = DNS_HEADER;
        memset(message.bytes + 3, 0, DNS_HEADER - 3);
        message.bytes[3] = 3;
    } else if (strcmp(label, "other-type") == 0) {
        message.bytes[n - 3] ^= 1;
    } else if (strcmp(label, "other-class") == 0) {
        message.bytes[n - 1] = 3;
    } else if (strcmp(label, "two-questions") == 0) {
        message.bytes[5] = 2;
    } else if (strcmp(label, "update") == 0) {
        message.bytes[2] |= 5 << 3;
    } else if (strcmp(label, "owner-loop") == 0) {
        put_bytes(&message, "\xc0\0", 2);
        message.bytes[message.n - 1] = (uint8_t)(message.n - 2);
        put_bytes(&message, "\0\1\0\1\0\0\1\0\0\4\xcb\0\x71\x42", 14);
        message.bytes[7] = 1;
    } else if (strcmp(label, "large") ==
               0) { /* more than 512 bytes: no answer to a question without EDNS */
        for (int i = 0; i < 40; i++)
            put_address(&message, NULL, type_of(question, n), TTL_S, THEIRS);
    } else {
        return; /* silent */
    }
    send_datagram(server->udp, &message, from);
}

/* The server's process must not wait for the reader of 60 kB. */
static void write_all(int fd, const uint8_t *bytes, size_t n) {
    while (n > 0) {
        ssize_t written = send(fd, bytes, n, MSG_NOSIGNAL);
        if (written <= 0)
            return;
        bytes += written;
        n -= (size_t)written;
    }
}

static void fill_stream(struct message *message, const char *label, unsigned type) {
    uint8_t filler[FILLER] = {FILLER - 1};
    if (strcmp(label, "sixty-kb") == 0)
        while (message->n < 60000) {
            put_record_head(message, NULL, DNS_TXT, DNS_IN, TTL_S, sizeof filler);
            put_bytes(message, filler, sizeof filler);
        }
    if (strcmp(label, "thousand") == 0)
        for (int i = 0; i < MANY; i++)
            put_address(message, NULL, type, TTL_S, OURS);
    else if (strcmp(label, "tcp-foreign") == 0)
        put_address(message, "other.example", type, TTL_S, THEIRS);
    else
        put_address(message, NULL, type, TTL_S, OURS);
}

static void answer_tcp(struct raw_server *server, const uint8_t *question, size_t n, int fd) {
    static struct message message;
    const char *label = label_of(question);
    (void)server;
    if (strcmp(label, "mute") == 0)
        return; /* it stays open */
    begin_answer(&message, question, n);
    fill_stream(&message, label, type_of(question, n));
    if (strcmp(label, "tcp-letters") == 0)
        flip_letters(message.bytes);
    if (strcmp(label, "tcp-id") == 0)
        message.bytes[0] ^= 1;
    if (strcmp(label, "tcp-nxdomain") == 0)
        message.bytes[3] = 3;
    uint8_t length[2] = {(uint8_t)(message.n >> 8), (uint8_t)message.n};
    if (strcmp(label, "closed") != 0) {
        write_all(fd, length, sizeof length);
        if (strcmp(label, "noise") == 0)
            memset(message.bytes + 2, 0xff, message.n - 2);
        write_all(fd, message.bytes, strcmp(label, "half") == 0 ? message.n / 2 : message.n);
    }
    close(fd);
}

/* ---- What the resolver makes of it ---- */

struct outcome {
    struct event_base *base;
    bool done;
    uint64_t us;
    struct resolver_answer answer;
};

static void on_answer(const struct resolver_answer *answer, void *arg) {
    struct outcome *outcome = arg;
    outcome->done = true;
    outcome->answer = *answer;
    outcome->us = clock_mono_us() - outcome->us;
    event_base_loopbreak(outcome->base);
}

static struct raw_server server = {.on_udp = answer_udp, .on_tcp = answer_tcp};

static struct outcome resolve(const char *servers, const char *name, uint32_t timeout_ms) {
    struct outcome outcome = {.base = event_base_new(), .us = clock_mono_us()};
    struct resolver_options options = {.servers = servers, .hosts_file = "/dev/null"};
    struct err err = {""};
    struct resolver *resolver = resolver_new(outcome.base, &options, &err);
    assert_non_null(resolver);
    resolver_start(resolver, name, timeout_ms, on_answer, &outcome);
    event_base_dispatch(outcome.base);
    assert_true(outcome.done);
    resolver_free(resolver);
    event_base_free(outcome.base);
    return outcome;
}

/* Again where it took longer than that: a busy machine may be late, but not every time. */
static struct outcome resolve_soon(const char *servers, const char *name, uint32_t timeout_ms,
                                   uint64_t most_us) {
    struct outcome outcome = resolve(servers, name, timeout_ms);
    for (int again = 0; again < 5 && outcome.us > most_us; again++)
        outcome = resolve(servers, name, timeout_ms);
    return outcome;
}

static const char both[] = "192.0.2.1 2001:db8::1", malformed[] = "the answer was malformed",
                  cut[] = "the answer was truncated",
                  late[] = "no answer from the name servers in time",
                  foreign[] = "the answer was about another name",
                  none[] = "the name has no address";

static const struct {
    const char *label, *expected;
    uint32_t ttl_s;
} table[] = {
    /* owners */
    {"foreign", foreign, 0},
    {"mixed", both, TTL_S},
    {"foreign-cname", foreign, 0},
    {"backwards", both, TTL_S},
    {"circle", none, 0},
    {"chain10", both, TTL_S},
    {"chain20", foreign, 0},
    /* values */
    {"ttl0", both, 0},
    {"ttl2to31", both, 0},
    {"ttlmost", both, INT32_MAX},
    {"chaos", none, 0},
    {"short-address", malformed, 0},
    /* questions */
    {"other-type", malformed, 0},
    {"other-class", malformed, 0},
    {"two-questions", malformed, 0},
    {"update", malformed, 0},
    {"owner-loop", malformed, 0},
    {"bare-refusal", "the name server refused to answer (REFUSED)", 0},
    {"bare-nxdomain", malformed, 0},
    /* over TCP */
    {"sixty-kb", both, TTL_S},
    {"large", both, TTL_S},
    {"half", cut, 0},
    {"closed", cut, 0},
    {"mute", late, 0},
    {"tcp-id", cut, 0},
    {"noise", cut, 0},
    {"tcp-nxdomain", "the name does not exist (NXDOMAIN)", 0},
    {"tcp-letters", "the name server does not preserve the letter case of questions", 0},
    {"tcp-foreign", foreign, 0},
};

static void test_hostile_servers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.example", table[i].label);
        struct outcome outcome =
            resolve_soon(server.where, name, table[i].expected == late ? 400 : 5000, 2000000);
        if (strcmp(answer_text(&outcome.answer), table[i].expected) != 0)
            fail_msg("%s: %s", name, answer_text(&outcome.answer));
        if (outcome.answer.ttl_s != table[i].ttl_s)
            fail_msg("%s: TTL %u", name, (unsigned)outcome.answer.ttl_s);
        if (outcome.us > 2000000)
            fail_msg("%s: %llu us", name, (unsigned long long)outcome.us);
    }
}

static void test_a_thousand_addresses(void **state) {
    (void)state;
    struct outcome outcome = resolve(server.where, "thousand.example", 2000);
    assert_int_equal(outcome.answer.count, RESOLVER_ADDRESSES_MAX);
    assert_int_equal(outcome.answer.addresses[RESOLVER_ADDRESSES_MAX - 1].ss_family, AF_INET);
}

/* A server over TCP that is mute costs no more than its time: the answer says what was wrong. */
static void test_mute_over_tcp(void **state) {
    (void)state;
    struct outcome outcome = resolve(server.where, "mute.example", 10000);
    assert_string_equal(answer_text(&outcome.answer), cut);
    assert_in_range(outcome.us, 1900000, 9000000);
}

/* ---- Our own trouble ---- */

/* No descriptor is free any more below the highest one that is open, which one may have been inherited. Those that were
 * taken for that go to `taken`; returns how many. *next is the first free one. */
static size_t take_holes(int taken[], int *next) {
    enum { LOOK_MAX = 1024 };
    size_t n = 0;
    int highest = STDERR_FILENO;
    for (int fd = highest; fd < LOOK_MAX; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            highest = fd;
    while ((*next = dup(STDERR_FILENO)) < highest)
        taken[n++] = *next;
    close(*next);
    return n;
}

/* With no descriptor nobody can be asked: that says nothing about the name, although the servers answer.
 * With one, the second family is asked where the first one's answer came in time. */
static void test_no_descriptors(void **state) {
    (void)state;
    struct outcome outcome = {.base = event_base_new()};
    struct resolver_options options = {.servers = server.where, .hosts_file = "/dev/null"};
    struct err err = {""};
    struct rlimit usual, few;
    int taken[1024], next;
    struct resolver *resolver = resolver_new(outcome.base, &options, &err);
    getrlimit(RLIMIT_NOFILE, &usual);
    for (rlim_t left = 0; left < 3; left++) {
        size_t taken_n = take_holes(taken, &next);
        few = (struct rlimit){.rlim_cur = (rlim_t)next + left, .rlim_max = usual.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        resolver_start(resolver, "circle.example", 2000, on_answer, &outcome);
        event_base_dispatch(outcome.base);
        setrlimit(RLIMIT_NOFILE, &usual);
        while (taken_n > 0)
            close(taken[--taken_n]);
        const char *text = answer_text(&outcome.answer);
        bool asked = strcmp(text, none) == 0;
        assert_true(asked || strcmp(text, "the name servers could not be asked") == 0);
        assert_true(left == 1 || asked == (left == 2));
        assert_int_equal(outcome.answer.silence, !asked);
    }
    resolver_free(resolver);
    event_base_free(outcome.base);
}

/* A name server that writes the question in letters of its own is of no use, which is not the fault
 * of the names. */
static void test_letters_are_our_trouble(void **state) {
    (void)state;
    struct outcome outcome = resolve(server.where, "tcp-letters.example", 2000);
    assert_true(outcome.answer.silence);
    outcome = resolve(server.where, "foreign.example", 2000);
    assert_false(outcome.answer.silence);
}

/* ---- More servers than one ---- */

static void answer_with(struct raw_server *failing, const uint8_t *question, size_t n,
                        const struct sockaddr_in *from, uint8_t code) {
    static struct message message;
    begin_answer(&message, question, n);
    message.bytes[3] = (uint8_t)(0x80 | code);
    send_datagram(failing->udp, &message, from);
}

static void fail_udp(struct raw_server *failing, const uint8_t *question, size_t n,
                     const struct sockaddr_in *from) {
    answer_with(failing, question, n, from, 2);
}

static void refuse_udp(struct raw_server *failing, const uint8_t *question, size_t n,
                       const struct sockaddr_in *from) {
    answer_with(failing, question, n, from, 5);
}

static void ignore_udp(struct raw_server *silent, const uint8_t *question, size_t n,
                       const struct sockaddr_in *from) {
    (void)silent;
    (void)question;
    (void)n;
    (void)from;
}

/* The other server is asked when the first is no use, at once or after the second that it has. */
static void test_the_next_server(void **state) {
    (void)state;
    static const struct {
        void (*on_udp)(struct raw_server *, const uint8_t *, size_t, const struct sockaddr_in *);
        uint64_t most_us;
    } firsts[] = {{fail_udp, 900000}, {refuse_udp, 900000}, {ignore_udp, 1900000}, {NULL, 900000}};
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        struct raw_server first = {.on_udp = firsts[i].on_udp};
        char servers[80];
        start_raw_server(&first);
        if (!firsts[i].on_udp) /* nobody lives there */
            stop_raw_server(&first);
        snprintf(servers, sizeof servers, "%s,%s", first.where, server.where);
        struct outcome outcome = resolve_soon(servers, "mixed.example", 5000, firsts[i].most_us);
        assert_string_equal(answer_text(&outcome.answer), both);
        if (outcome.us > firsts[i].most_us)
            fail_msg("first server %zu: %llu us", i, (unsigned long long)outcome.us);
        if (firsts[i].on_udp)
            stop_raw_server(&first);
    }
}

static int set_up(void **state) {
    (void)state;
    start_raw_server(&server);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    stop_raw_server(&server);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        /* before the server has connections, whose end would make room */
        cmocka_unit_test(test_no_descriptors),          cmocka_unit_test(test_hostile_servers),
        cmocka_unit_test(test_a_thousand_addresses),    cmocka_unit_test(test_mute_over_tcp),
        cmocka_unit_test(test_letters_are_our_trouble), cmocka_unit_test(test_the_next_server),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
