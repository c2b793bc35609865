/* The table of probes: every row sound, and the whole of it as a golden text. */
#include "scanner/probe/probe_plan.h"

#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A number that no probe lists by itself, to see where the configured hybrid goes. */
#define OTHER_HYBRID 4587

static struct probe_shape shape_of(enum probe_id id) {
    return probe_plan_shape(id, GROUP_X25519MLKEM768, GROUP_NONE, GROUP_P256);
}

/* The place of a group in a list, or -1. */
static int place(const uint16_t *list, size_t n, uint16_t group) {
    for (size_t i = 0; i < n; i++)
        if (list[i] == group)
            return (int)i;
    return -1;
}

static void print_list(FILE *to, const uint16_t *ids, size_t n) {
    char name[GROUP_NAME_SIZE];
    for (size_t i = 0; i < n; i++)
        fprintf(to, "%s%s", i ? ", " : "", group_name(ids[i], name));
    if (n == 0)
        fputs("none", to);
}

static void print_shape(FILE *to, const char *name, const struct probe_shape *shape) {
    fprintf(to, "%-16s ends at %-6s groups ", name,
            shape->end == PROBE_END_FINISH ? "finish" : "answer");
    print_list(to, shape->groups, shape->groups_n);
    fputs("; shares ", to);
    print_list(to, shape->shares, shape->shares_n);
    if (shape->mss)
        fprintf(to, "; MSS %u", shape->mss);
    fputs(shape->raw ? "; raw\n" : "\n", to);
}

static void print_plan(FILE *to, enum plan plan) {
    size_t count;
    const enum probe_id *probes = plan_probes(plan, &count);
    fprintf(to, "plan %s:", plan_name(plan));
    for (size_t i = 0; i < count; i++)
        fprintf(to, " %s", probe_name(probes[i]));
    fputc('\n', to);
}

static void test_golden(void **state) {
    (void)state;
    struct golden golden;
    golden_open(&golden);
    FILE *to = golden.stream;
    fputs("# hybrid X25519MLKEM768, confirm P-256\n", to);
    for (enum probe_id id = 0; id < PROBE_COUNT; id++) {
        struct probe_shape shape = shape_of(id);
        print_shape(to, probe_name(id), &shape);
    }
    fputs("# where `classical` ended in TLS 1.2\n", to);
    for (enum probe_id id = 0; id < PROBE_COUNT; id++) {
        struct probe_shape plain = shape_of(id);
        struct probe_shape shape =
            probe_plan_shape(id, GROUP_X25519MLKEM768, GROUP_P256, GROUP_P256);
        if (plain.groups_n != shape.groups_n ||
            memcmp(plain.groups, shape.groups, sizeof shape.groups) != 0)
            print_shape(to, probe_name(id), &shape);
    }
    for (enum plan plan = PLAN_DAILY; plan <= PLAN_FULL; plan++)
        print_plan(to, plan);
    golden_close(&golden, "plan.txt");
}

/* What the contract with the outside says word for word; a changed golden file must not change
 * this. */
static const struct {
    enum probe_id id;
    const char *name;
    enum probe_end end;
    uint16_t groups[PROBE_GROUPS_MAX];
    uint16_t shares[PROBE_SHARES_MAX];
} daily[] = {
    {PROBE_CLASSICAL, "classical", PROBE_END_FINISH, {29, 23, 24, 25}, {29}},
    {PROBE_SUPPORTED, "supported", PROBE_END_FINISH, {4588, 29, 23, 24, 25}, {29}},
    {PROBE_PREFERRED, "preferred", PROBE_END_FINISH, {4588, 29, 23, 24, 25}, {4588}},
    {PROBE_PREFERRED_DUAL, "preferred-dual", PROBE_END_ANSWER, {4588, 29, 23, 24, 25}, {4588, 29}},
    {PROBE_ONLY_P256, "only-p256", PROBE_END_ANSWER, {23}, {0}},
    {PROBE_ONLY_P384, "only-p384", PROBE_END_ANSWER, {24}, {0}},
    {PROBE_ONLY_P521, "only-p521", PROBE_END_ANSWER, {25}, {0}},
    {PROBE_ONLY_HYBRID, "only-hybrid", PROBE_END_ANSWER, {4588}, {0}},
    {PROBE_ONLY_OTHER, "only-other", PROBE_END_ANSWER, {25497, 4587, 4589, 514, 513, 512}, {0}},
    {PROBE_CHOOSE, "choose", PROBE_END_ANSWER, {25, 24, 23, 29, 25497, 4588}, {0}},
    {PROBE_CLOSING, "closing", PROBE_END_FINISH, {29}, {29}},
};

static size_t length(const uint16_t *list, size_t max) {
    size_t n = 0;
    while (n < max && list[n])
        n++;
    return n;
}

static void test_daily(void **state) {
    (void)state;
    size_t count;
    const enum probe_id *probes = plan_probes(PLAN_DAILY, &count);
    assert_int_equal(count, sizeof daily / sizeof *daily);
    for (size_t i = 0; i < count; i++) {
        struct probe_shape shape = shape_of(probes[i]);
        assert_int_equal(probes[i], daily[i].id);
        assert_string_equal(probe_name(probes[i]), daily[i].name);
        assert_int_equal(shape.end, daily[i].end);
        assert_int_equal(shape.groups_n, length(daily[i].groups, PROBE_GROUPS_MAX));
        assert_int_equal(shape.shares_n, length(daily[i].shares, PROBE_SHARES_MAX));
        assert_memory_equal(shape.groups, daily[i].groups, sizeof shape.groups);
        assert_memory_equal(shape.shares, daily[i].shares, sizeof shape.shares);
    }
}

static void test_quick(void **state) {
    (void)state;
    static const enum probe_id want[] = {PROBE_CLASSICAL, PROBE_SUPPORTED, PROBE_PREFERRED,
                                         PROBE_PREFERRED_DUAL, PROBE_CLOSING};
    size_t count;
    const enum probe_id *probes = plan_probes(PLAN_QUICK, &count);
    assert_int_equal(count, sizeof want / sizeof *want);
    assert_memory_equal(probes, want, sizeof want);
}

/* RFC 8446 4.2.8: shares are for listed groups, each once, in the order of the list. */
static void check_row(const struct probe_shape *shape) {
    int last = -1;
    for (size_t i = 0; i < shape->shares_n; i++) {
        int at = place(shape->groups, shape->groups_n, shape->shares[i]);
        if (at <= last)
            fail_msg("%s: share %zu is not listed, or out of order", probe_name(shape->id), i);
        last = at;
    }
    for (size_t i = 0; i < shape->groups_n; i++) {
        if (place(shape->groups, i, shape->groups[i]) >= 0)
            fail_msg("%s: group %zu is listed twice", probe_name(shape->id), i);
        if (!group_find(shape->groups[i]) && shape->groups[i] != PROBE_UNASSIGNED_GROUP)
            fail_msg("%s: group %u is unknown", probe_name(shape->id), shape->groups[i]);
    }
    assert_false(shape->raw && shape->end == PROBE_END_FINISH);
    /* Whatever the server picks, BoringSSL has to be able to go on with it. */
    for (size_t i = 0; shape->end == PROBE_END_FINISH && i < shape->groups_n; i++)
        if (!group_find(shape->groups[i])->finishable)
            fail_msg("%s: cannot finish with group %u", probe_name(shape->id), shape->groups[i]);
}

static void test_rows(void **state) {
    (void)state;
    for (enum probe_id id = 0; id < PROBE_COUNT; id++) {
        for (int tls12 = 0; tls12 < 2; tls12++) {
            struct probe_shape shape = probe_plan_shape(
                id, GROUP_X25519MLKEM768, tls12 ? GROUP_P256 : GROUP_NONE, GROUP_P384);
            assert_int_equal(shape.id, id);
            check_row(&shape);
        }
        /* `group` takes its group from the request. */
        assert_int_equal(shape_of(id).groups_n == 0, id == PROBE_GROUP);
    }
}

static void test_names(void **state) {
    (void)state;
    for (enum probe_id id = 0; id < PROBE_COUNT; id++) {
        enum probe_id parsed = PROBE_COUNT;
        assert_non_null(probe_name(id));
        assert_true(probe_parse(probe_name(id), &parsed));
        assert_int_equal(parsed, id); /* so no two rows share a name */
    }
    enum probe_id untouched = PROBE_CHOOSE;
    assert_false(probe_parse("", &untouched));
    assert_false(probe_parse("Classical", &untouched));
    assert_int_equal(untouched, PROBE_CHOOSE);
    for (enum plan plan = PLAN_DAILY; plan <= PLAN_FULL; plan++) {
        enum plan parsed = PLAN_DAILY;
        assert_true(plan_parse(plan_name(plan), &parsed));
        assert_int_equal(parsed, plan);
    }
    enum plan plan = PLAN_QUICK;
    assert_false(plan_parse("weekly", &plan));
    assert_int_equal(plan, PLAN_QUICK);
}

/* Another configured hybrid takes the place of the usual one, everywhere and nowhere else. */
static void test_other_hybrid(void **state) {
    (void)state;
    for (enum probe_id id = 0; id < PROBE_COUNT; id++) {
        if (id == PROBE_ONLY_OTHER) /* asks for whatever is not the hybrid */
            continue;
        struct probe_shape usual = shape_of(id);
        struct probe_shape other = probe_plan_shape(id, OTHER_HYBRID, GROUP_NONE, GROUP_P256);
        for (size_t i = 0; i < PROBE_GROUPS_MAX; i++) {
            uint16_t group = usual.groups[i];
            assert_int_equal(other.groups[i], group == GROUP_X25519MLKEM768 ? OTHER_HYBRID : group);
        }
        for (size_t i = 0; i < PROBE_SHARES_MAX; i++) {
            uint16_t share = usual.shares[i];
            assert_int_equal(other.shares[i], share == GROUP_X25519MLKEM768 ? OTHER_HYBRID : share);
        }
    }
}

static void test_confirm(void **state) {
    (void)state;
    static const uint16_t shares[] = {GROUP_P256, GROUP_P384, GROUP_P521};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        struct probe_shape shape =
            probe_plan_shape(PROBE_CONFIRM, GROUP_X25519MLKEM768, GROUP_NONE, shares[i]);
        assert_int_equal(shape.shares_n, 1);
        assert_int_equal(shape.shares[0], shares[i]);
        check_row(&shape);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),  cmocka_unit_test(test_daily),
        cmocka_unit_test(test_quick),   cmocka_unit_test(test_rows),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_other_hybrid),
        cmocka_unit_test(test_confirm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
