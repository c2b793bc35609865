/* Blocklist files as ZMap has them: what is read, what is refused, and that the search is right. */
#include "scanner/net/address_policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *why_not(const struct address_policy *policy, const char *text) {
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    bool v4 = inet_pton(AF_INET, text, &in.sin_addr) == 1;
    const void *address = v4 ? (const void *)&in : (const void *)&in6;
    const char *why = NULL;
    assert_true(v4 || inet_pton(AF_INET6, text, &in6.sin6_addr) == 1);
    bool permitted = address_policy_permits(policy, address, &why);
    assert_int_equal(permitted, why == NULL);
    return why;
}

#define assert_permits(policy, text) assert_null(why_not(policy, text))
#define assert_refuses(policy, text, reason) assert_string_equal(why_not(policy, text), reason)

static int set_up(void **state) {
    *state = address_policy_new();
    return 0;
}

static int tear_down(void **state) {
    address_policy_free(*state);
    return 0;
}

/* A temporary file that holds `text`; the test removes it. */
struct temporary {
    char path[64];
};

static struct temporary write_file(const char *text, size_t n) {
    struct temporary file = {"/tmp/originscan-blocklist-XXXXXX"};
    int fd = mkstemp(file.path);
    assert_true(fd >= 0);
    while (n > 0) {
        ssize_t written = write(fd, text, n);
        assert_true(written > 0);
        text += written;
        n -= (size_t)written;
    }
    close(fd);
    return file;
}

static bool block_text(struct address_policy *policy, const char *text, size_t n, struct err *err) {
    struct temporary file = write_file(text, n);
    bool taken = address_policy_block_file(policy, file.path, err);
    if (!taken) /* the message begins with the file's name; take it off */
        memmove(err->text, err->text + strlen(file.path),
                strlen(err->text + strlen(file.path)) + 1);
    unlink(file.path);
    return taken;
}

static void test_blocklist_file(void **state) {
    struct address_policy *policy = *state;
    static const char text[] = "# the owner asked not to be scanned\n"
                               "\n"
                               "8.8.8.0/24\n"
                               "9.9.9.9 # one host\n"
                               "  1.1.1.1/24\t# host bits\r\n"
                               "   \t \r\n"
                               "2606:4700::/32#six\n"
                               "8.8.8.128/25\n"
                               "2620:fe::fe";
    struct err err = {""};
    if (!block_text(policy, text, sizeof text - 1, &err))
        fail_msg("%s", err.text);
    assert_refuses(policy, "8.8.8.0", "blocklist");
    assert_refuses(policy, "8.8.8.255", "blocklist");
    assert_permits(policy, "8.8.7.255");
    assert_permits(policy, "8.8.9.0");
    assert_refuses(policy, "9.9.9.9", "blocklist");
    assert_permits(policy, "9.9.9.8");
    assert_permits(policy, "9.9.9.10");
    assert_refuses(policy, "1.1.1.0", "blocklist");
    assert_refuses(policy, "1.1.1.255", "blocklist");
    assert_refuses(policy, "2606:4700:ffff::1", "blocklist");
    assert_refuses(policy, "2620:fe::fe", "blocklist");
    assert_permits(policy, "2620:fe::ff");
    /* a second file adds to the first */
    assert_true(block_text(policy, "7.7.7.7", 7, &err));
    assert_refuses(policy, "7.7.7.7", "blocklist");
    assert_refuses(policy, "9.9.9.9", "blocklist");
    assert_true(block_text(policy, "", 0, &err));
    assert_true(block_text(policy, "#", 1, &err));
}

#define TEXT(literal) literal, sizeof literal - 1

static void test_bad_blocklist_file(void **state) {
    struct address_policy *policy = *state;
    static const struct {
        const char *text;
        size_t n;
        const char *says;
    } cases[] = {
        {TEXT("8.8.8.8\nexample.com\n"), ":2: block \"example.com\": not an"},
        {TEXT("8.8.8.8\n\n# x\n9.9.9.9/33"), ":4: block \"9.9.9.9/33\": the prefix"},
        {TEXT("8.8.8.8 9.9.9.9\n"), ":1: block \"8.8.8.8 9.9.9.9\""},
        {TEXT("8.8.8.8\0\n"), ":1: the line contains a NUL byte"},
        {TEXT("8.8.8.8\n9.9.9.9\0"), ":2: the line contains a NUL byte"},
        {TEXT("\xef\xbb\xbf"
              "8.8.8.8\n"),
         ":1: block \"\\xef\\xbb\\xbf"},
    };
    struct err err;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(block_text(policy, cases[i].text, cases[i].n, &err));
        if (strncmp(err.text, cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("case %zu said: %s", i, err.text);
    }
    char longer[5000];
    memset(longer, ' ', sizeof longer);
    assert_false(block_text(policy, longer, sizeof longer, &err));
    assert_string_equal(err.text, ":1: the line is longer than 4095 bytes");
    assert_permits(policy, "8.8.8.8");
    assert_false(address_policy_block_file(policy, "/nonexistent/blocklist", &err));
    assert_string_equal(err.text, "/nonexistent/blocklist: cannot open: No such file or directory");
    assert_false(address_policy_block_file(policy, "/", &err));
    assert_non_null(strstr(err.text, strerror(EISDIR)));
}

enum { MANY = 100000, SAMPLES = 2000 };

static uint32_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32);
}

/* Random blocks, many of them overlapping: the search must agree with looking at every one. */
static void test_large_blocklist(void **state) {
    struct address_policy *policy = *state;
    struct block {
        uint32_t network, mask;
    } *blocks = calloc(MANY, sizeof *blocks);
    char *text = calloc(MANY, 24);
    size_t n = 0;
    uint64_t seed = 20260101;
    struct err err = {""};
    int hits = 0;
    for (size_t i = 0; i < MANY; i++) {
        unsigned prefix = 14 + next_random(&seed) % 19;
        uint32_t address = next_random(&seed);
        blocks[i].mask = UINT32_MAX << (32 - prefix);
        blocks[i].network = address & blocks[i].mask;
        n += (size_t)snprintf(text + n, 24, "%u.%u.%u.%u/%u\n", address >> 24, address >> 16 & 255,
                              address >> 8 & 255, address & 255, prefix);
    }
    if (!block_text(policy, text, n, &err))
        fail_msg("%s", err.text);
    for (int i = 0; i < SAMPLES; i++) {
        bool expected = false;
        const struct block *near = &blocks[next_random(&seed) % MANY];
        uint32_t address =
            i % 2 ? next_random(&seed) : near->network + ~near->mask + (uint32_t)(i / 2 % 2);
        for (size_t k = 0; k < MANY && !expected; k++)
            expected = (address & blocks[k].mask) == blocks[k].network;
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
        const char *why = NULL;
        address_policy_permits(policy, (const struct sockaddr *)&in, &why);
        assert_int_equal(why && strcmp(why, "blocklist") == 0, expected);
        hits += expected;
    }
    assert_true(hits > SAMPLES / 10 && hits < SAMPLES);
    free(text);
    free(blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_blocklist_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_blocklist_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_blocklist, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
