/* The limits hold at every moment of a herd of simulated scans, and nobody starves. */
#include "scanner/net/politeness.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One simulated scan of an address: queues, begins, dials eleven times, leaves. */
struct visitor {
    struct sockaddr_storage address;
    uint32_t number; /* of the address */
    struct politeness_place *place;
    bool under_way;
    uint64_t wake_us;
    uint32_t dialled;
    bool gone;
};

struct dial {
    uint64_t at_us;
    uint32_t number;
};

static void address_of(uint32_t number, struct sockaddr_storage *out) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    memset(out, 0, sizeof *out);
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(0x7f000000u + number);
}

static void on_turn(void *arg) {
    ((struct visitor *)arg)->under_way = true;
}

/* Lets a visitor do what it can at that time; true if it dialled. */
static bool act(struct visitor *visitor, uint64_t now_us) {
    if (!visitor->under_way || visitor->gone || visitor->wake_us > now_us)
        return false;
    uint64_t wait_us = politeness_dial_us(visitor->place, now_us);
    visitor->wake_us = now_us + wait_us;
    if (wait_us > 0)
        return false;
    if (++visitor->dialled == 11) {
        politeness_leave(visitor->place);
        visitor->gone = true;
    }
    return true;
}

static uint64_t run(struct politeness *politeness, struct visitor *visitors, size_t n,
                    struct dial *dials, size_t *dials_n) {
    uint64_t now_us = 1000000;
    *dials_n = 0;
    for (size_t i = 0; i < n; i++) {
        address_of(visitors[i].number, &visitors[i].address);
        enum politeness_entry entry =
            politeness_enter(politeness, (struct sockaddr *)&visitors[i].address, on_turn,
                             &visitors[i], &visitors[i].place);
        assert_int_not_equal(entry, POLITENESS_FULL);
        visitors[i].under_way = entry == POLITENESS_GO;
    }
    for (size_t left = n; left > 0; now_us += 1000) {
        assert_true(now_us < UINT64_C(4000000000)); /* somebody starves */
        for (size_t i = 0; i < n; i++) {
            if (!act(&visitors[i], now_us))
                continue;
            dials[(*dials_n)++] = (struct dial){now_us, visitors[i].number};
            left -= visitors[i].gone;
        }
    }
    return now_us;
}

/* The most dials of numbers that share `number / divisor` within any second. */
static size_t busiest_second(const struct dial *dials, size_t n, uint32_t divisor) {
    size_t worst = 0;
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        for (size_t j = i; j < n && dials[j].at_us < dials[i].at_us + 1000000; j++)
            count += divisor == 0 || dials[j].number / divisor == dials[i].number / divisor;
        if (count > worst)
            worst = count;
    }
    return worst;
}

static void limits_hold_in_a_herd(void **state) {
    (void)state;
    const struct politeness_limits limits = {.global_per_s = 50,
                                             .prefix_per_s = 5,
                                             .address_per_s = 1,
                                             .prefix_in_flight = 8,
                                             .address_in_flight = 1,
                                             .waiting = 1000};
    enum { N = 300 };
    struct visitor *visitors = calloc(N, sizeof *visitors);
    struct dial *dials = calloc((size_t)N * 11, sizeof *dials);
    for (uint32_t i = 0; i < N; i++) /* 20 prefixes with 10 addresses, some of them shared */
        visitors[i].number = (i % 20) * 256 + i / 20 % 10;
    struct politeness *politeness = politeness_new(&limits);
    size_t n;
    run(politeness, visitors, N, dials, &n);
    assert_int_equal(n, N * 11);
    assert_in_range(busiest_second(dials, n, 0), 40, 51);
    assert_in_range(busiest_second(dials, n, 256), 4, 6);
    assert_in_range(busiest_second(dials, n, 1), 1, 1);
    politeness_free(politeness);
    free(visitors);
    free(dials);
}

static void one_at_a_time_on_an_address(void **state) {
    (void)state;
    const struct politeness_limits limits = {.address_in_flight = 1, .waiting = 10};
    struct politeness *politeness = politeness_new(&limits);
    struct visitor a = {.number = 1}, b = {.number = 1}, c = {.number = 2};
    struct visitor *all[] = {&a, &b, &c};
    enum politeness_entry expected[] = {POLITENESS_GO, POLITENESS_WAIT, POLITENESS_GO};
    for (int i = 0; i < 3; i++) {
        address_of(all[i]->number, &all[i]->address);
        assert_int_equal(politeness_enter(politeness, (struct sockaddr *)&all[i]->address, on_turn,
                                          all[i], &all[i]->place),
                         expected[i]);
    }
    politeness_leave(c.place);
    assert_false(b.under_way);
    politeness_leave(a.place);
    assert_true(b.under_way);
    politeness_leave(b.place);
    politeness_free(politeness);
}

static void a_full_queue_sends_back(void **state) {
    (void)state;
    const struct politeness_limits limits = {
        .address_in_flight = 1, .address_per_s = 1, .waiting = 1};
    struct politeness *politeness = politeness_new(&limits);
    struct visitor v[3] = {{.number = 7}, {.number = 7}, {.number = 7}};
    enum politeness_entry expected[] = {POLITENESS_GO, POLITENESS_WAIT, POLITENESS_FULL};
    for (int i = 0; i < 3; i++) {
        address_of(v[i].number, &v[i].address);
        assert_int_equal(politeness_enter(politeness, (struct sockaddr *)&v[i].address, on_turn,
                                          &v[i], &v[i].place),
                         expected[i]);
    }
    /* Two are there, each with eleven connections at one a second. */
    assert_in_range(politeness_come_back_us(politeness, (struct sockaddr *)&v[0].address, 11),
                    22000000, 24000000);
    politeness_leave(v[1].place); /* gives up while it waits */
    politeness_leave(v[0].place);
    assert_false(v[1].under_way);
    politeness_free(politeness);
}

static void a_stall_ends_in_no_burst(void **state) {
    (void)state;
    const struct politeness_limits limits = {.global_per_s = 10};
    enum { N = 40 };
    struct politeness *politeness = politeness_new(&limits);
    struct visitor v[N];
    memset(v, 0, sizeof v);
    uint64_t start_us = 5000000;
    for (uint32_t i = 0; i < N; i++) {
        address_of(i * 256, &v[i].address);
        politeness_enter(politeness, (struct sockaddr *)&v[i].address, on_turn, &v[i], &v[i].place);
        politeness_dial_us(v[i].place, start_us); /* all have booked */
    }
    uint64_t late_us = start_us + 60000000; /* and then the process was stopped for a minute */
    size_t burst = 0;
    for (uint32_t i = 0; i < N; i++)
        burst += politeness_dial_us(v[i].place, late_us) == 0;
    assert_in_range(burst, 1, 2);
    for (uint32_t i = 0; i < N; i++)
        politeness_leave(v[i].place);
    politeness_free(politeness);
}

static void prefixes_are_24_and_48(void **state) {
    (void)state;
    const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"192.0.2.1", "192.0.2.254", true},        {"192.0.2.1", "192.0.3.1", false},
        {"::ffff:192.0.2.1", "192.0.2.9", true},   {"2001:db8:1::1", "2001:db8:1:ffff::1", true},
        {"2001:db8:1::1", "2001:db8:2::1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *texts[] = {cases[i].a, cases[i].b};
        const struct politeness_limits limits = {.prefix_in_flight = 1, .waiting = 5};
        struct politeness *politeness = politeness_new(&limits);
        struct visitor v[2];
        memset(v, 0, sizeof v);
        enum politeness_entry entry[2];
        for (int k = 0; k < 2; k++) {
            struct sockaddr_in *v4 = (struct sockaddr_in *)&v[k].address;
            struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&v[k].address;
            if (inet_pton(AF_INET, texts[k], &v4->sin_addr) == 1)
                v4->sin_family = AF_INET;
            else if (inet_pton(AF_INET6, texts[k], &v6->sin6_addr) == 1)
                v6->sin6_family = AF_INET6;
            entry[k] = politeness_enter(politeness, (struct sockaddr *)&v[k].address, on_turn,
                                        &v[k], &v[k].place);
        }
        assert_int_equal(entry[0], POLITENESS_GO);
        assert_int_equal(entry[1], cases[i].same ? POLITENESS_WAIT : POLITENESS_GO);
        politeness_leave(v[1].place);
        politeness_leave(v[0].place);
        politeness_free(politeness);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_hold_in_a_herd),   cmocka_unit_test(one_at_a_time_on_an_address),
        cmocka_unit_test(a_full_queue_sends_back), cmocka_unit_test(a_stall_ends_in_no_burst),
        cmocka_unit_test(prefixes_are_24_and_48),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
