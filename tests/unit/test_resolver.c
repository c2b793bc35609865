/* The resolver against real name servers on the loopback interface, in a process of their own. */
#include "scanner/net/resolver.h"

#include "scanner/base/clock.h"
#include "tests/unit/resolver_fixture.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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
        if (strcmp(answer_text(&outcome.answer), answers[i].expected) != 0)
            fail_msg("%s: %s", answers[i].host, answer_text(&outcome.answer));
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
    int before = atomic_load(dns_server_questions);
    resolve(&fixture, "192.0.2.9", 5000);
    resolve(&fixture, "::1", 5000);
    resolve(&fixture, "in-hosts.example", 5000);
    resolve(&fixture, "alias", 0);
    run_for(&fixture, 50);
    assert_int_equal(atomic_load(dns_server_questions), before);
    resolve(&fixture, "a.example", 5000); /* the counter counts */
    assert_int_equal(atomic_load(dns_server_questions), before + 2);
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
        if (strcmp(answer_text(&outcome.answer), "the answer was malformed") != 0)
            fail_msg("%s: %s", names[i], answer_text(&outcome.answer));
        assert_true(outcome.us < 4000000); /* not by its deadline */
    }
    close_resolver(&fixture);
}

static void assert_between(uint64_t us, uint64_t least_ms, uint64_t most_ms) {
    if (us < least_ms * 1000 || us > most_ms * 1000)
        fail_msg("took %llu us, not %llu to %llu ms", (unsigned long long)us,
                 (unsigned long long)least_ms, (unsigned long long)most_ms);
}

/* A question that nobody answers is asked once more and given up by then. */
enum { BEFORE_GIVING_UP_MS = 2300 };

static const char late[] = "no answer from the name servers in time";

static void test_deadline(void **state) {
    (void)state;
    struct fixture fixture;
    open_resolver(&fixture, server, 0);
    struct outcome outcome = resolve(&fixture, "silent.example", 300);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 290, BEFORE_GIVING_UP_MS);
    outcome = resolve(&fixture, "a.example", 0);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 0, BEFORE_GIVING_UP_MS);
    outcome = resolve(&fixture, "slow.example", 100);
    assert_string_equal(outcome.answer.why, late);
    outcome = resolve(&fixture, "a.example", 5000); /* late answers disturb nobody */
    assert_string_equal(answer_text(&outcome.answer), "192.0.2.1");
    run_for(&fixture, DNS_SLOW_MS + 300);
    /* one family is there when the time is up, or when the other was asked twice in vain */
    outcome = resolve(&fixture, "half-silent.example", 300);
    assert_string_equal(answer_text(&outcome.answer), "192.0.2.1");
    assert_between(outcome.us, 290, BEFORE_GIVING_UP_MS);
    outcome = resolve(&fixture, "half-silent.example", 30000);
    assert_string_equal(answer_text(&outcome.answer), "192.0.2.1");
    assert_between(outcome.us, 2400, 20000);
    close_resolver(&fixture);
}

static int remarks; /* of libevent, which go to standard error where nobody takes them */

static void count_remark(int severity, const char *text) {
    (void)severity;
    (void)text;
    remarks++;
}

static void test_dead_server(void **state) {
    (void)state;
    event_set_log_callback(count_remark);
    struct fixture fixture;
    char both[80];
    open_resolver(&fixture, dead_server, 0);
    struct outcome outcome = resolve(&fixture, "a.example", 300);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 290, BEFORE_GIVING_UP_MS);
    /* it is given up before our deadline: this is no SERVFAIL */
    outcome = resolve(&fixture, "a.example", 30000);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 5500, 25000);
    /* our deadline still holds */
    outcome = resolve(&fixture, "a.example", 300);
    assert_string_equal(outcome.answer.why, late);
    assert_between(outcome.us, 290, BEFORE_GIVING_UP_MS);
    close_resolver(&fixture);
    snprintf(both, sizeof both, "%s, %s", dead_server, server);
    open_resolver(&fixture, both, 0);
    outcome = resolve(&fixture, "a.example", 20000);
    assert_string_equal(answer_text(&outcome.answer), "192.0.2.1");
    close_resolver(&fixture);
    event_set_log_callback(NULL);
    assert_int_equal(remarks, 0);
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
        assert_string_equal(answer_text(&outcomes[i].answer), "192.0.2.1 2001:db8::1");
    }
    close_resolver(&fixture);
    free(outcomes);
}

/* A name whose turn did not come was not asked for: it is not the name that is silent, though others were
 * answered meanwhile. */
static void test_out_of_turn(void **state) {
    (void)state;
    enum { LOOKUPS = 512 };
    struct fixture fixture;
    struct outcome *before = calloc(LOOKUPS, sizeof *before), last;
    open_resolver(&fixture, server, 0);
    for (int i = 0; i < LOOKUPS; i++) {
        char name[64];
        snprintf(name, sizeof name, "n%d.half-silent.example", i);
        start(&fixture, name, 20000, &before[i]);
    }
    start(&fixture, "a.example", 500, &last);
    last.base = fixture.base;
    event_base_dispatch(fixture.base);
    assert_string_equal(answer_text(&last.answer), "the name servers could not be asked");
    assert_true(last.answer.silence);
    for (int i = 0; i < LOOKUPS; i++)
        resolver_cancel(before[i].query);
    close_resolver(&fixture);
    free(before);
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
    run_for(&fixture, DNS_SLOW_MS + 300);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(outcomes[0][i].callbacks, 0);
    assert_int_equal(outcomes[1][0].callbacks + outcomes[1][1].callbacks, 0);
    struct outcome outcome = resolve(&fixture, "a.example", 5000);
    assert_string_equal(answer_text(&outcome.answer), "192.0.2.1");
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
    for (int look = 0; look < 100 && bomb.answered == 0; look++)
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
    int before = atomic_load(dns_server_questions);
    struct outcome second = resolve(fixture, host, 5000);
    char text[RESOLVER_ADDRESSES_MAX * 48];
    snprintf(text, sizeof text, "%s", answer_text(&first.answer));
    assert_string_equal(answer_text(&second.answer), text);
    if (!second.answer.why)
        assert_true(second.answer.ttl_s <= first.answer.ttl_s);
    return atomic_load(dns_server_questions) - before;
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
    int before = atomic_load(dns_server_questions);
    resolve(&fixture, "nx.example", 5000);
    assert_int_equal(atomic_load(dns_server_questions), before + 2);
    /* an answer that came too late for the query is there for the next one */
    struct outcome outcome = resolve(&fixture, "slow.example", 50);
    assert_string_equal(outcome.answer.why, late);
    for (int look = 0; look < 20 && outcome.answer.why; look++) {
        run_for(&fixture, DNS_SLOW_MS + 300);
        outcome = resolve(&fixture, "slow.example", 50);
    }
    assert_string_equal(answer_text(&outcome.answer), "192.0.2.1");
    close_resolver(&fixture);
}

/* Where one family failed, the answer is kept for the shortest time only. */
static void test_cache_of_half_an_answer(void **state) {
    (void)state;
    struct fixture fixture;
    open_resolver(&fixture, server, 3);
    resolve(&fixture, "half-fail.example", 5000);
    int before = atomic_load(dns_server_questions);
    struct outcome outcome = resolve(&fixture, "half-fail.example", 5000);
    assert_string_equal(answer_text(&outcome.answer), "2001:db8::1");
    assert_int_equal(atomic_load(dns_server_questions), before);
    assert_true(outcome.answer.ttl_s <= 5);
    close_resolver(&fixture);
}

/* A machine without name servers still knows addresses and its own hosts file. */
static void test_no_servers(void **state) {
    (void)state;
    struct fixture fixture = {.base = event_base_new()};
    struct resolver_options options = {.hosts_file = hosts_path, .resolv_conf = "/dev/null"};
    struct err err = {""};
    assert_null(resolver_new(fixture.base, &options, &err));
    assert_non_null(strstr(err.text, "no usable name server"));
    options.serverless = true;
    fixture.resolver = resolver_new(fixture.base, &options, &err);
    assert_non_null(fixture.resolver);
    struct outcome outcome = resolve(&fixture, "192.0.2.7", 5000);
    assert_string_equal(answer_text(&outcome.answer), "192.0.2.7");
    outcome = resolve(&fixture, "in-hosts.example", 5000);
    assert_string_equal(answer_text(&outcome.answer), "192.0.2.50 192.0.2.51 2001:db8::50");
    outcome = resolve(&fixture, "both.example", 5000);
    assert_string_equal(answer_text(&outcome.answer), "no name server is configured");
    assert_true(outcome.answer.silence);
    assert_in_range(outcome.us, 0, 4000000); /* not by its deadline */
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
        cmocka_unit_test(test_out_of_turn),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_free_with_questions_on_their_way),
        cmocka_unit_test(test_free_within_a_callback),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_no_servers),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_cache_of_half_an_answer),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
