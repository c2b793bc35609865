/* Who may be dialled: the edges of every special-purpose block, forms that carry an IPv4 address,
 * allowed and forbidden blocks. */
#include "scanner/net/address_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define F "ffff:ffff:ffff:ffff"

/* Runs of refused addresses, first and last, written out rather than computed; then whether the
 * address just before and the one just after may be dialled (`-`: there is none). */
static const struct {
    const char *first, *last;
    char before, after;
    const char *why;
} refused[] = {
    {"0.0.0.0", "0.255.255.255", '-', 'y', "RFC "},
    {"10.0.0.0", "10.255.255.255", 'y', 'y', "private use (RFC 1918)"},
    {"100.64.0.0", "100.127.255.255", 'y', 'y', "RFC 6598"},
    {"127.0.0.0", "127.255.255.255", 'y', 'y', "loopback"},
    {"169.254.0.0", "169.254.255.255", 'y', 'y', "link local"},
    {"172.16.0.0", "172.31.255.255", 'y', 'y', "RFC 1918"},
    {"192.0.0.0", "192.0.0.7", 'y', 'n', "RFC 7335"},
    {"192.0.0.8", "192.0.0.8", 'n', 'y', "RFC 7600"},
    {"192.0.0.11", "192.0.0.169", 'y', 'n', "RFC 6890"},
    {"192.0.0.170", "192.0.0.171", 'n', 'n', "RFC 8880"},
    {"192.0.0.172", "192.0.0.255", 'n', 'y', "RFC 6890"},
    {"192.0.2.0", "192.0.2.255", 'y', 'y', "documentation"},
    {"192.88.99.0", "192.88.99.255", 'y', 'y', "6to4 relay"},
    {"192.88.99.2", "192.88.99.2", 'n', 'n', "6a44"},
    {"192.168.0.0", "192.168.255.255", 'y', 'y', "RFC 1918"},
    {"198.18.0.0", "198.19.255.255", 'y', 'y', "benchmarking"},
    {"198.51.100.0", "198.51.100.255", 'y', 'y', "documentation"},
    {"203.0.113.0", "203.0.113.255", 'y', 'y', "documentation"},
    {"224.0.0.0", "239.255.255.255", 'y', 'n', "multicast"},
    {"240.0.0.0", "255.255.255.254", 'n', 'n', "reserved"},
    {"255.255.255.255", "255.255.255.255", 'n', '-', "broadcast"},

    {"::", "::", '-', 'n', "unspecified"},
    {"::1", "::1", 'n', 'n', "loopback"},
    {"::2", "::fffe:ffff:ffff", 'n', 'n', "2000::/3"},
    {"::1:0:0:0", "64:ff9a:ffff:ffff:" F, 'n', 'n', "2000::/3"},
    {"64:ff9b::1:0:0", "64:ff9b:0:ffff:" F, 'n', 'n', "2000::/3"},
    {"64:ff9b:1::", "64:ff9b:1:ffff:" F, 'n', 'n', "RFC 8215"},
    {"64:ff9b:2::", "ff:ffff:ffff:ffff:" F, 'n', 'n', "2000::/3"},
    {"100::", "100::" F, 'n', 'n', "RFC 6666"},
    {"100:0:0:1::", "100:0:0:1:" F, 'n', 'n', "RFC 9780"},
    {"100:0:0:2::", "1fff:ffff:ffff:ffff:" F, 'n', 'y', "2000::/3"},
    {"2001::", "2001:0:ffff:ffff:" F, 'y', 'n', "Teredo"},
    {"2001:1::", "2001:1::", 'n', 'y', "RFC 2928"},
    {"2001:1::4", "2001:1:ffff:ffff:" F, 'y', 'n', "RFC 2928"},
    {"2001:2::", "2001:2:0:ffff:" F, 'n', 'n', "benchmarking"},
    {"2001:2:1::", "2001:2:ffff:ffff:" F, 'n', 'y', "RFC 2928"},
    {"2001:4::", "2001:4:111:ffff:" F, 'y', 'y', "RFC 2928"},
    {"2001:4:113::", "2001:f:ffff:ffff:" F, 'y', 'n', "RFC 2928"},
    {"2001:10::", "2001:1f:ffff:ffff:" F, 'n', 'y', "ORCHID"},
    {"2001:40::", "2001:1ff:ffff:ffff:" F, 'y', 'y', "RFC 2928"},
    {"2001:db8::", "2001:db8:ffff:ffff:" F, 'y', 'y', "documentation"},
    {"3fff::", "3fff:fff:ffff:ffff:" F, 'y', 'y', "documentation"},
    {"4000::", "5eff:ffff:ffff:ffff:" F, 'y', 'n', "2000::/3"},
    {"5f00::", "5f00:ffff:ffff:ffff:" F, 'n', 'n', "segment routing"},
    {"5f01::", "fbff:ffff:ffff:ffff:" F, 'n', 'n', "2000::/3"},
    {"fc00::", "fdff:ffff:ffff:ffff:" F, 'n', 'n', "unique local"},
    {"fe00::", "fe7f:ffff:ffff:ffff:" F, 'n', 'n', "2000::/3"},
    {"fe80::", "febf:ffff:ffff:ffff:" F, 'n', 'n', "link local"},
    {"fec0::", "feff:ffff:ffff:ffff:" F, 'n', 'n', "site local"},
    {"ff00::", "ffff:ffff:ffff:ffff:" F, 'n', '-', "multicast"},
};

/* Blocks of the registries that are globally reachable, and some ordinary neighbourhoods. */
static const struct {
    const char *first, *last;
} reachable[] = {
    {"1.0.0.0", "9.255.255.255"},
    {"192.0.0.9", "192.0.0.10"},
    {"192.31.196.0", "192.31.196.255"},
    {"192.52.193.0", "192.52.193.255"},
    {"192.175.48.0", "192.175.48.255"},
    {"203.0.114.0", "223.255.255.255"},
    {"2000::", "2000:ffff:ffff:ffff:" F},
    {"2001:1::1", "2001:1::3"},
    {"2001:3::", "2001:3:ffff:ffff:" F},
    {"2001:4:112::", "2001:4:112:ffff:" F},
    {"2001:20::", "2001:2f:ffff:ffff:" F},
    {"2001:30::", "2001:3f:ffff:ffff:" F},
    {"2001:200::", "2001:db7:ffff:ffff:" F},
    {"2003::", "3ffe:ffff:ffff:ffff:" F},
    {"2620:4f:8000::", "2620:4f:8000:ffff:" F},
};

/* Address bytes in network order with their number, 4 or 16. */
struct number {
    size_t n;
    uint8_t bytes[16];
};

static struct number number_of(const char *text) {
    struct number out = {.n = 4};
    if (inet_pton(AF_INET, text, out.bytes) == 1)
        return out;
    out.n = 16;
    if (inet_pton(AF_INET6, text, out.bytes) != 1)
        fail_msg("the test's own address is bad: %s", text);
    return out;
}

static struct number step(struct number number, int by) {
    for (size_t i = number.n; i-- > 0;) {
        int sum = number.bytes[i] + by;
        number.bytes[i] = (uint8_t)sum;
        if (sum >= 0 && sum <= 255)
            break;
    }
    return number;
}

static struct number middle(struct number a, struct number b) {
    uint8_t sums[17] = {0}; /* a + b with the carry in front */
    for (size_t i = sizeof a.bytes; i-- > 0;) {
        unsigned sum = (unsigned)a.bytes[i] + b.bytes[i] + sums[i + 1];
        sums[i + 1] = (uint8_t)sum;
        sums[i] = (uint8_t)(sum >> 8);
    }
    for (size_t i = 0; i < sizeof a.bytes; i++)
        a.bytes[i] = (uint8_t)(sums[i] << 7 | sums[i + 1] >> 1);
    return a;
}

static struct sockaddr_storage address_of(struct number number) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(443)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};
    struct sockaddr_storage address = {0};
    memcpy(&in.sin_addr, number.bytes, 4);
    memcpy(&in6.sin6_addr, number.bytes, 16);
    memcpy(&address, number.n == 4 ? (const void *)&in : (const void *)&in6,
           number.n == 4 ? sizeof in : sizeof in6);
    return address;
}

static bool permits_number(const struct address_policy *policy, struct number number,
                           const char **why) {
    struct sockaddr_storage address = address_of(number);
    *why = NULL;
    bool permitted = address_policy_permits(policy, (struct sockaddr *)&address, why);
    assert_int_equal(permitted, *why == NULL);
    return permitted;
}

static const char *why_not(const struct address_policy *policy, const char *text) {
    const char *why;
    permits_number(policy, number_of(text), &why);
    return why;
}

#define assert_permits(policy, text)                                                               \
    do {                                                                                           \
        const char *why_ = why_not(policy, text);                                                  \
        if (why_)                                                                                  \
            fail_msg("%s was refused: %s", text, why_);                                            \
    } while (0)
#define assert_refuses(policy, text, reason)                                                       \
    do {                                                                                           \
        const char *why_ = why_not(policy, text);                                                  \
        if (!why_ || !strstr(why_, reason))                                                        \
            fail_msg("%s: %s", text, why_ ? why_ : "permitted");                                   \
    } while (0)

static int set_up(void **state) {
    *state = address_policy_new();
    return 0;
}

static int tear_down(void **state) {
    address_policy_free(*state);
    return 0;
}

static void check_number(const struct address_policy *policy, struct number number, bool expected,
                         const char *reason) {
    char text[INET6_ADDRSTRLEN];
    const char *why;
    bool permitted = permits_number(policy, number, &why);
    inet_ntop(number.n == 4 ? AF_INET : AF_INET6, number.bytes, text, sizeof text);
    if (permitted != expected || (reason && (!why || !strstr(why, reason))))
        fail_msg("%s: %s", text, why ? why : "permitted");
}

static void test_edges_of_refused_blocks(void **state) {
    const struct address_policy *policy = *state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct number first = number_of(refused[i].first), last = number_of(refused[i].last);
        check_number(policy, first, false, refused[i].why);
        check_number(policy, last, false, refused[i].why);
        if (refused[i].before != '-')
            check_number(policy, step(first, -1), refused[i].before == 'y', NULL);
        if (refused[i].after != '-')
            check_number(policy, step(last, 1), refused[i].after == 'y', NULL);
        check_number(policy, middle(first, last), false, refused[i].why);
    }
}

static void test_reachable_blocks(void **state) {
    const struct address_policy *policy = *state;
    for (size_t i = 0; i < sizeof reachable / sizeof reachable[0]; i++) {
        struct number first = number_of(reachable[i].first), last = number_of(reachable[i].last);
        check_number(policy, first, true, NULL);
        check_number(policy, last, true, NULL);
        check_number(policy, middle(first, last), true, NULL);
    }
}

/* Puts an IPv4 address into an IPv6 one at a byte offset. */
static struct number embed(const char *prefix, size_t at, struct number v4) {
    struct number out = number_of(prefix);
    memcpy(out.bytes + at, v4.bytes, 4);
    return out;
}

/* Mapped, NAT64 and 6to4 forms answer as the IPv4 address inside, with the same reason. */
static void check_forms(const struct address_policy *policy, struct number v4) {
    const struct number forms[] = {embed("::ffff:0:0", 12, v4), embed("64:ff9b::", 12, v4),
                                   embed("2002::", 2, v4),
                                   embed("2002:0:0:ffff:ffff:ffff:ffff:ffff", 2, v4)};
    const char *expected, *why;
    permits_number(policy, v4, &expected);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        permits_number(policy, forms[i], &why);
        assert_ptr_equal(why, expected);
    }
}

static void test_forms_with_v4_inside(void **state) {
    struct address_policy *policy = *state;
    struct err err;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
            struct number first = number_of(refused[i].first), last = number_of(refused[i].last);
            if (first.n != 4)
                continue;
            check_forms(policy, first);
            check_forms(policy, last);
            check_forms(policy, step(first, -1));
            check_forms(policy, step(last, 1));
        }
        /* again with blocks allowed and forbidden by their IPv4 addresses */
        assert_true(address_policy_allow(policy, "10.0.0.0/8", &err));
        assert_true(address_policy_allow(policy, "224.0.0.0/4", &err));
        assert_true(address_policy_block(policy, "10.255.255.255", &err));
        assert_true(address_policy_block(policy, "1.0.0.0/8", &err));
    }
    assert_permits(policy, "::ffff:10.0.0.1");
    assert_permits(policy, "64:ff9b::10.0.0.1");
    assert_permits(policy, "2002:a00:1::1");
    assert_refuses(policy, "::ffff:1.1.1.1", "blocklist");
    assert_refuses(policy, "64:ff9b::1.1.1.1", "blocklist");
    assert_refuses(policy, "2002:101:101::1", "blocklist");
}

static void test_blocks_of_carrying_forms(void **state) {
    struct address_policy *policy = *state;
    struct err err;
    assert_true(address_policy_block(policy, "::ffff:9.0.0.0/104", &err));
    assert_refuses(policy, "9.9.9.9", "blocklist");
    assert_permits(policy, "8.8.8.8");
    assert_true(address_policy_block(policy, "64:ff9b::/96", &err));
    assert_refuses(policy, "64:ff9b::8.8.8.8", "blocklist");
    assert_permits(policy, "8.8.8.8");
    assert_true(address_policy_block(policy, "2002::/16", &err));
    assert_refuses(policy, "2002:808:808::1", "blocklist");
    /* all of IPv6 is not all of IPv4, although the mapped addresses lie inside ::/0 */
    assert_true(address_policy_allow(policy, "::/0", &err));
    assert_permits(policy, "fc00::1");
    assert_refuses(policy, "::ffff:10.0.0.1", "RFC 1918");
    assert_true(address_policy_block(policy, "::/0", &err));
    assert_refuses(policy, "2600::1", "blocklist");
    assert_permits(policy, "8.8.8.8");
    assert_permits(policy, "::ffff:8.8.8.8");
}

static void test_precedence(void **state) {
    struct address_policy *policy = *state;
    struct err err;
    assert_refuses(policy, "127.0.0.1", "loopback");
    assert_true(address_policy_allow(policy, "127.0.0.0/8", &err));
    assert_permits(policy, "127.0.0.1");
    assert_permits(policy, "127.255.255.255");
    assert_permits(policy, "::ffff:127.0.0.1");
    assert_refuses(policy, "::1", "loopback");
    assert_true(address_policy_allow(policy, "::1", &err));
    assert_permits(policy, "::1");
    assert_refuses(policy, "::2", "2000::/3");
    assert_true(address_policy_block(policy, "127.1.2.3/16", &err)); /* host bits: as ZMap */
    assert_refuses(policy, "127.1.0.0", "blocklist");
    assert_refuses(policy, "127.1.255.255", "blocklist");
    assert_permits(policy, "127.0.255.255");
    assert_permits(policy, "127.2.0.0");
    assert_true(address_policy_allow(policy, "127.1.2.3", &err));
    assert_refuses(policy, "127.1.2.3", "blocklist");
    assert_true(address_policy_block(policy, "0.0.0.0/0", &err));
    assert_refuses(policy, "8.8.8.8", "blocklist");
    assert_permits(policy, "2600::1");
}

static const struct {
    const char *cidr, *says;
    bool block_too; /* false: only `allow` refuses it */
} bad[] = {
    {"", "not an IPv4 or IPv6 address", true},
    {"/8", "not an", true},
    {"10", "not an", true},
    {"10.0.0", "not an", true},
    {"10.0.0.256", "not an", true},
    {"010.0.0.0/8", "not an", true},
    {"10.0.0.0.0/8", "not an", true},
    {"10.0.0.0/", "between 0 and 32", true},
    {"10.0.0.0/33", "between 0 and 32", true},
    {"10.0.0.0/-1", "between 0 and 32", true},
    {"10.0.0.0/+8", "between 0 and 32", true},
    {"10.0.0.0/8x", "between 0 and 32", true},
    {"10.0.0.0/8/8", "between 0 and 32", true},
    {"10.0.0.0/ 8", "between 0 and 32", true},
    {"10.0.0.0/8 ", "between 0 and 32", true},
    {"10.0.0.0 /8", "not an", true},
    {" 10.0.0.0/8", "not an", true},
    {"10.0.0.0/4294967304", "between 0 and 32", true},
    {"10.0.0.0/255.0.0.0", "between 0 and 32", true},
    {"10.0.0.0-10.0.0.9", "not an", true},
    {"2001:db8::/129", "between 0 and 128", true},
    {"2001:db8:::/32", "not an", true},
    {"[2001:db8::]/32", "not an", true},
    {"fe80::%eth0/64", "not an", true},
    {"::ffff:10.0.0.0/95", "at least 96", true},
    {"example.com", "not an", true},
    {"example.com\n", "\"example.com\\x0a\"", true},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\"...: not an",
     true},
    {"10.0.0.1/8", "write 10.0.0.0/8 for the block or 10.0.0.1 for the single address", false},
    {"0.0.0.1/0", "0.0.0.0/0", false},
    {"2001:db8::1/32", "write 2001:db8::/32 for the block or 2001:db8::1 for", false},
    {"::ffff:10.0.0.1/104", "10.0.0.0/8", false},
};

static void test_bad_blocks(void **state) {
    struct address_policy *policy = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err err = {""};
        assert_false(address_policy_allow(policy, bad[i].cidr, &err));
        if (!strstr(err.text, bad[i].says))
            fail_msg("\"%s\" said: %s", bad[i].cidr, err.text);
        if (bad[i].block_too)
            assert_false(address_policy_block(policy, bad[i].cidr, &err));
    }
    assert_permits(policy, "8.8.8.8");
    assert_refuses(policy, "10.0.0.1", "RFC 1918");
}

/* The option that a refusal names permits that very address; a blocklist names none. */
static void test_explained_refusals(void **state) {
    struct address_policy *policy = *state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct number number = number_of(refused[i].last);
        struct sockaddr_storage address = address_of(number);
        char why[ADDRESS_POLICY_WHY_SIZE];
        struct err err;
        address_policy_explain(policy, (struct sockaddr *)&address, why);
        const char *option = strstr(why, "--allow ");
        assert_non_null(option);
        struct address_policy *permissive = address_policy_new();
        const char *none;
        assert_true(address_policy_allow(permissive, strrchr(option, ' ') + 1, &err));
        assert_true(permits_number(permissive, number, &none));
        assert_true(address_policy_block(permissive, refused[i].last, &err));
        address_policy_explain(permissive, (struct sockaddr *)&address, why);
        assert_string_equal(why, "blocklist");
        address_policy_free(permissive);
    }
}

static void test_other_families(void **state) {
    const struct address_policy *policy = *state;
    struct sockaddr_storage other = {.ss_family = AF_UNIX};
    const char *why = NULL;
    assert_false(address_policy_permits(policy, (const struct sockaddr *)&other, &why));
    assert_string_equal(why, "neither IPv4 nor IPv6");
    address_policy_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_edges_of_refused_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reachable_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forms_with_v4_inside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_blocks_of_carrying_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_precedence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_explained_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_families, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
