/* What the cache keeps, for how long, and what makes room. */
#include "scanner/net/dns_cache.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t second = 1000000;

static struct resolver_answer answer_of(const char *v4, const char *v6, uint32_t ttl_s) {
    struct resolver_answer answer = {.ttl_s = ttl_s};
    if (v4) {
        struct sockaddr_in *in = (struct sockaddr_in *)&answer.addresses[answer.count++];
        in->sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, v4, &in->sin_addr), 1);
    }
    if (v6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&answer.addresses[answer.count++];
        in6->sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, v6, &in6->sin6_addr), 1);
    }
    if (answer.count == 0)
        answer.why = "no such name";
    return answer;
}

static void test_keeps_what_it_was_given(void **state) {
    (void)state;
    struct dns_cache *cache = dns_cache_new(4);
    struct resolver_answer answer = answer_of("192.0.2.1", "2001:db8::1", 100), got = {0};
    assert_false(dns_cache_get(cache, "a.example", 0, &got));
    dns_cache_put(cache, "a.example", 10 * second, &answer);
    assert_true(dns_cache_get(cache, "a.example", 40 * second, &got));
    assert_int_equal(got.count, 2);
    assert_memory_equal(got.addresses, answer.addresses, 2 * sizeof answer.addresses[0]);
    assert_null(got.why);
    assert_int_equal(got.ttl_s, 70);
    assert_false(dns_cache_get(cache, "b.example", 40 * second, &got));
    /* a newer answer takes the place of the older one */
    answer = answer_of(NULL, NULL, 0);
    dns_cache_put(cache, "a.example", 50 * second, &answer);
    assert_int_equal(dns_cache_count(cache), 1);
    assert_true(dns_cache_get(cache, "a.example", 50 * second, &got));
    assert_int_equal(got.count, 0);
    assert_string_equal(got.why, "no such name");
    dns_cache_free(cache);
    dns_cache_free(NULL);
}

static void test_lifetimes(void **state) {
    (void)state;
    static const struct {
        const char *v4; /* NULL: a negative answer */
        uint32_t ttl_s, kept_s;
    } cases[] = {
        {"192.0.2.1", 0, 5},
        {"192.0.2.1", 4, 5},
        {"192.0.2.1", 5, 5},
        {"192.0.2.1", 6, 6},
        {"192.0.2.1", 3600, 3600},
        {"192.0.2.1", 3601, 3600},
        {"192.0.2.1", UINT32_MAX, 3600},
        {NULL, 0, 30},
        {NULL, 86400, 30},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dns_cache *cache = dns_cache_new(1);
        struct resolver_answer answer = answer_of(cases[i].v4, NULL, cases[i].ttl_s), got;
        uint64_t put_us = 7 * second, until_us = put_us + cases[i].kept_s * second;
        dns_cache_put(cache, "a.example", put_us, &answer);
        assert_true(dns_cache_get(cache, "a.example", until_us - 1, &got));
        assert_int_equal(got.count, cases[i].v4 != NULL);
        assert_false(dns_cache_get(cache, "a.example", until_us, &got));
        assert_int_equal(dns_cache_count(cache), 0);
        dns_cache_free(cache);
    }
}

static void test_least_recently_used_makes_room(void **state) {
    (void)state;
    enum { SIZE = 100, NAMES = 1000 };
    struct dns_cache *cache = dns_cache_new(SIZE);
    struct resolver_answer answer = answer_of("192.0.2.1", NULL, 300), got;
    char name[32];
    for (unsigned i = 0; i < NAMES; i++) {
        ((struct sockaddr_in *)&answer.addresses[0])->sin_addr.s_addr = htonl(i);
        snprintf(name, sizeof name, "n%u.example", i);
        dns_cache_put(cache, name, second, &answer);
        assert_true(dns_cache_get(cache, "n0.example", second, &got)); /* used all the time */
        assert_true(dns_cache_count(cache) <= SIZE);
    }
    assert_int_equal(dns_cache_count(cache), SIZE);
    for (unsigned i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        bool kept = dns_cache_get(cache, name, second, &got);
        assert_int_equal(kept, i == 0 || i > NAMES - SIZE);
        if (kept)
            assert_int_equal(((struct sockaddr_in *)&got.addresses[0])->sin_addr.s_addr, htonl(i));
    }
    dns_cache_free(cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_what_it_was_given),
        cmocka_unit_test(test_lifetimes),
        cmocka_unit_test(test_least_recently_used_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
