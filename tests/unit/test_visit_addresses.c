/* Which address of a name is dialled, and that they take turns whatever order a name server gives.
 */
#include "scanner/visit/visit_addresses.h"

#include "scanner/net/address_policy.h"
#include "scanner/probe/tls_probe.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A prober that may dial what is globally reachable. */
struct world {
    struct event_base *base;
    struct address_policy *policy;
    struct tls_prober *prober;
};

static int set_up(void **state) {
    static struct world world;
    struct err err;
    world.base = event_base_new();
    world.policy = address_policy_new();
    struct tls_prober_options options = {
        .base = world.base, .policy = world.policy, .timeout_ms = 1000};
    world.prober = tls_prober_new(&options, &err);
    *state = &world;
    return world.prober ? 0 : -1;
}

static int tear_down(void **state) {
    struct world *world = *state;
    tls_prober_free(world->prober);
    address_policy_free(world->policy);
    event_base_free(world->base);
    return 0;
}

/* Texts with blanks between, as a name server's answer. */
static struct resolver_answer answer_of(const char *texts) {
    struct resolver_answer answer = {0};
    char copy[256];
    snprintf(copy, sizeof copy, "%s", texts);
    for (char *text = strtok(copy, " "); text; text = strtok(NULL, " ")) {
        struct sockaddr_storage *to = &answer.addresses[answer.count++];
        to->ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
        void *bytes = to->ss_family == AF_INET ? (void *)&((struct sockaddr_in *)to)->sin_addr
                                               : (void *)&((struct sockaddr_in6 *)to)->sin6_addr;
        assert_int_equal(inet_pton(to->ss_family, text, bytes), 1);
    }
    return answer;
}

/* All addresses in order; those that are not dialled behind a bar. */
static void expect(const struct visit_addresses *addresses, const char *wanted) {
    char said[512] = "", text[ORIGIN_ADDRESS_SIZE];
    for (size_t i = 0; i < addresses->count; i++) {
        if (i == addresses->dialable)
            strcat(said, "| ");
        visit_addresses_format(&addresses->all[i], text);
        strcat(strcat(said, text), " ");
    }
    assert_string_equal(said, wanted);
}

static void take(struct world *world, const char *texts, struct visit_addresses *out) {
    struct resolver_answer answer = answer_of(texts);
    visit_addresses_take(out, &answer, world->prober, AF_UNSPEC, 8443);
}

static void test_permitted_ones_come_first(void **state) {
    struct visit_addresses addresses;
    take(*state, "10.0.0.1 1.1.1.1 127.0.0.1 2606:4700::1", &addresses);
    expect(&addresses, "1.1.1.1 2606:4700::1 | 10.0.0.1 127.0.0.1 ");
    for (size_t i = 0; i < addresses.count; i++) { /* the port is at the same place in both */
        struct sockaddr_in *in = (struct sockaddr_in *)&addresses.all[i];
        assert_int_equal(ntohs(in->sin_port), 8443);
    }
}

static void test_one_is_kept_to_say_why(void **state) {
    struct visit_addresses addresses;
    take(*state, "10.0.0.1 192.168.0.1", &addresses);
    expect(&addresses, "10.0.0.1 | 192.168.0.1 ");
}

static void test_one_family(void **state) {
    struct world *world = *state;
    struct visit_addresses addresses;
    struct resolver_answer answer = answer_of("10.0.0.1 1.1.1.1 2606:4700::1");
    visit_addresses_take(&addresses, &answer, world->prober, AF_INET, 443);
    expect(&addresses, "1.1.1.1 | 10.0.0.1 ");
    visit_addresses_take(&addresses, &answer, world->prober, AF_INET6, 443);
    expect(&addresses, "2606:4700::1 ");
    answer = answer_of("10.0.0.1");
    visit_addresses_take(&addresses, &answer, world->prober, AF_INET6, 443);
    expect(&addresses, "");
    assert_int_equal(addresses.dialable, 0);
}

static void test_source(void **state) {
    (void)state;
    char source[ORIGIN_ADDRESS_SIZE];
    assert_string_equal(visit_addresses_source("127.1.2.3", source), "127.0.0.1");
    assert_string_equal(visit_addresses_source("", source), "");
    assert_string_equal(visit_addresses_source("nonsense", source), "");
}

static void test_turns_do_not_depend_on_the_order(void **state) {
    static const char *const answers[] = {
        "9.9.9.9 1.1.1.1 2606:4700::1 10.0.0.1",
        "2606:4700::1 10.0.0.1 9.9.9.9 1.1.1.1",
        "10.0.0.1 1.1.1.1 9.9.9.9 2606:4700::1",
    };
    static const char *const turns[] = {
        "1.1.1.1 9.9.9.9 2606:4700::1 | 10.0.0.1 ",
        "9.9.9.9 2606:4700::1 1.1.1.1 | 10.0.0.1 ",
        "2606:4700::1 1.1.1.1 9.9.9.9 | 10.0.0.1 ",
    };
    for (uint32_t turn = 0; turn < 9; turn++) {
        struct visit_addresses addresses;
        take(*state, answers[turn / 3], &addresses);
        visit_addresses_rotate(&addresses, turn);
        expect(&addresses, turns[turn % 3]);
    }
}

static void test_a_single_address_has_every_turn(void **state) {
    struct visit_addresses addresses;
    for (uint32_t turn = 0; turn < 3; turn++) {
        take(*state, "1.1.1.1", &addresses);
        visit_addresses_rotate(&addresses, turn);
        expect(&addresses, "1.1.1.1 ");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permitted_ones_come_first),
        cmocka_unit_test(test_one_is_kept_to_say_why),
        cmocka_unit_test(test_one_family),
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_turns_do_not_depend_on_the_order),
        cmocka_unit_test(test_a_single_address_has_every_turn),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
