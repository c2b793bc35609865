/* Forged answers: somebody who sees every question, but cannot send from the name server's port,
 * never gets an address taken, whatever time the true answer leaves him; nor does anybody who has
 * the port, but not the id or the letters.
 *
 * The argument is the number of names; without it few are tried. */
#include "scanner/base/clock.h"
#include "scanner/net/resolver.h"
#include "tests/unit/dns_raw_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

static const unsigned delays_ms[] = {50, 300, 1000}; /* of the true answer */
enum { DELAYS = sizeof delays_ms / sizeof delays_ms[0], AT_A_TIME = 100, GUESSES = 16 };

#define TRUE_V4 "192.0.2.1"
#define TRUE_V6 "2001:db8::1"
#define FORGED_V4 "203.0.113.66"
#define FORGED_V6 "2001:db8::bad"

static unsigned names_wanted = 60;

/* What the server saw, shared with the test. */
static struct seen {
    uint32_t questions;
    uint16_t ports[4096];
    uint32_t with_capitals;
} * seen;

/* ---- The server's and the attacker's side ---- */

static int attacker; /* a socket on another port */

struct late {
    struct raw_server *server;
    struct sockaddr_in to;
    struct message message;
};

static void send_late(evutil_socket_t fd, short what, void *arg) {
    struct late *late = arg;
    (void)fd;
    (void)what;
    send_datagram(late->server->udp, &late->message, &late->to);
    free(late);
}

static void send_truth_later(struct raw_server *server, const uint8_t *question, size_t n,
                             const struct sockaddr_in *to) {
    unsigned delay_ms = (unsigned)strtoul(strrchr(label_of(question), '-') + 1, NULL, 10);
    struct timeval after = {delay_ms / 1000, (suseconds_t)(delay_ms % 1000) * 1000};
    struct late *late = malloc(sizeof *late);
    late->server = server;
    late->to = *to;
    begin_answer(&late->message, question, n);
    put_address(&late->message, NULL, type_of(question, n), 300, TRUE_V4, TRUE_V6);
    event_base_once(server->base, -1, EV_TIMEOUT, send_late, late, &after);
}

static void forge(struct message *message, const uint8_t *question, size_t n, const char *owner) {
    begin_answer(message, question, n);
    put_address(message, owner, type_of(question, n), 300, FORGED_V4, FORGED_V6);
}

/* Wrong port: all else right; the letters wrong; another owner; other ids. */
static void attack_from_elsewhere(const uint8_t *question, size_t n, const struct sockaddr_in *to) {
    struct message message;
    forge(&message, question, n, NULL);
    send_datagram(attacker, &message, to);
    flip_letters(message.bytes);
    send_datagram(attacker, &message, to);
    forge(&message, question, n, "other.example");
    send_datagram(attacker, &message, to);
}

/* Right port, as if it had been spoofed or guessed: the letters wrong; the id wrong; no answer. */
static void attack_from_the_port(struct raw_server *server, const uint8_t *question, size_t n,
                                 const struct sockaddr_in *to) {
    struct message message;
    forge(&message, question, n, NULL);
    flip_letters(message.bytes);
    send_datagram(server->udp, &message, to);
    forge(&message, question, n, NULL);
    for (unsigned guess = 1; guess <= GUESSES; guess++) {
        message.bytes[1] = (uint8_t)(question[1] + guess);
        send_datagram(server->udp, &message, to);
    }
    forge(&message, question, n, NULL);
    message.bytes[2] &= 0x7f;
    send_datagram(server->udp, &message, to);
}

static void on_question(struct raw_server *server, const uint8_t *question, size_t n,
                        const struct sockaddr_in *from) {
    if (seen->questions < sizeof seen->ports / sizeof seen->ports[0])
        seen->ports[seen->questions] = ntohs(from->sin_port);
    seen->questions++;
    for (size_t i = DNS_HEADER; question[i]; i++)
        if (question[i] >= 'A' && question[i] <= 'Z') {
            seen->with_capitals++;
            break;
        }
    attack_from_elsewhere(question, n, from);
    attack_from_the_port(server, question, n, from);
    send_truth_later(server, question, n, from);
}

/* ---- The resolver's side ---- */

static struct { unsigned pending, right, forged, other; } tally;

static void count_answer(const struct resolver_answer *answer, void *arg) {
    char text[INET6_ADDRSTRLEN];
    bool forged = false, right = answer->count == 2;
    for (size_t i = 0; i < answer->count; i++) {
        const struct sockaddr_storage *address = &answer->addresses[i];
        bool v4 = address->ss_family == AF_INET;
        const void *binary = v4 ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                                : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
        inet_ntop(address->ss_family, binary, text, sizeof text);
        forged = forged || strcmp(text, v4 ? FORGED_V4 : FORGED_V6) == 0;
        right = right && strcmp(text, v4 ? TRUE_V4 : TRUE_V6) == 0;
    }
    tally.forged += forged;
    tally.right += right;
    tally.other += !forged && !right;
    if (--tally.pending == 0)
        event_base_loopbreak(arg);
}

static void ask_some(struct event_base *base, struct resolver *resolver, unsigned first,
                     unsigned count) {
    for (unsigned i = first; i < first + count; i++) {
        char name[64];
        snprintf(name, sizeof name, "name%u-%u.example", i, delays_ms[i % DELAYS]);
        tally.pending++;
        resolver_start(resolver, name, 10000, count_answer, base);
    }
    event_base_dispatch(base);
}

static void test_no_name_is_forged(void **state) {
    (void)state;
    struct sockaddr_in elsewhere;
    struct raw_server server = {.on_udp = on_question};
    attacker = bind_udp(&elsewhere);
    start_raw_server(&server);
    struct event_base *base = event_base_new();
    struct resolver_options options = {.servers = server.where, .hosts_file = "/dev/null"};
    struct err err = {""};
    struct resolver *resolver = resolver_new(base, &options, &err);
    assert_non_null(resolver);
    for (unsigned first = 0; first < names_wanted; first += AT_A_TIME)
        ask_some(base, resolver, first,
                 names_wanted - first < AT_A_TIME ? names_wanted - first : AT_A_TIME);
    resolver_free(resolver);
    event_base_free(base);
    stop_raw_server(&server);
    close(attacker);
    print_message("%u names: %u right, %u forged, %u otherwise; %u questions\n", names_wanted,
                  tally.right, tally.forged, tally.other, seen->questions);
    assert_int_equal(tally.forged, 0);
    assert_int_equal(tally.right, names_wanted);
}

static int compare_ports(const void *a, const void *b) {
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* Of the questions above. A few ports come twice by chance, n² / 2 / 28,232 of Linux's, and one name
 * of 2,048 has no capital letter. */
static void test_questions_cannot_be_guessed(void **state) {
    (void)state;
    unsigned n = 2 * (names_wanted < 100 ? names_wanted : 100), distinct = 1;
    assert_in_range(seen->questions, 2 * names_wanted, 6 * names_wanted);
    qsort(seen->ports, n, sizeof seen->ports[0], compare_ports);
    for (unsigned i = 1; i < n; i++)
        distinct += seen->ports[i] != seen->ports[i - 1];
    assert_true(distinct > n * 9 / 10);
    assert_true(seen->with_capitals > seen->questions * 9 / 10);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_name_is_forged),
        cmocka_unit_test(test_questions_cannot_be_guessed),
    };
    if (argc > 1)
        names_wanted = (unsigned)strtoul(argv[1], NULL, 10);
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
