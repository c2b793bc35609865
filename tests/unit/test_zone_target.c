/* Zones: roll-up, first share, compliance filter. */
#include "report/zone/recommend.h"
#include "report/zone/target_memo.h"
#include "tests/unit/advised.h"
#include "tests/unit/rule_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define A SHARE_ACCEPTED
#define R SHARE_RETRIED
#define F SHARE_FAILED
#define U SHARE_UNKNOWN

struct member {
    double weight;
    enum rule_level level;
    bool supported_ok;
    bool dual_ok;
    bool always_hybrid;
    enum share_answer shares[CLASSICAL_COUNT]; /* X25519, P-256, P-384, P-521 */
    bool needs_p521;
};

#define MEMBERS_MAX 4

struct row {
    const char *what;
    enum compliance compliance;
    struct member members[MEMBERS_MAX];
    size_t members_n;
    const char *expected; /* level, first share, groups, dual, reason */
};

#define PREF(weight)                                                                               \
    {                                                                                              \
        weight, LEVEL_PREFERRED, true, true, true, {                                               \
            A, A, R, R                                                                             \
        }                                                                                          \
    }
#define SUPP(weight)                                                                               \
    {                                                                                              \
        weight, LEVEL_SUPPORTED, true, false, false, {                                             \
            A, A, R, R                                                                             \
        }                                                                                          \
    }
#define OFFO(weight)                                                                               \
    {                                                                                              \
        weight, LEVEL_OFF, false, false, false, {                                                  \
            A, A, R, R                                                                             \
        }                                                                                          \
    }
#define NONE(weight)                                                                               \
    {                                                                                              \
        weight, LEVEL_NONE, false, false, false, {                                                 \
            U, U, U, U                                                                             \
        }                                                                                          \
    }
#define FIRST(weight, x, p256, p384, p521)                                                         \
    {                                                                                              \
        weight, LEVEL_SUPPORTED, true, false, false, {                                             \
            x, p256, p384, p521                                                                    \
        }                                                                                          \
    }

static const struct row rows[] = {
    {"no origin", COMPLIANCE_NONE, {PREF(1)}, 0, "none - no-origins"},
    {"one preferred",
     COMPLIANCE_NONE,
     {PREF(1)},
     1,
     "preferred 4588 4588,29,23,24 dual no-evidence"},
    {"most conservative",
     COMPLIANCE_NONE,
     {PREF(98), SUPP(1), PREF(1)},
     3,
     "supported 29 4588,29,23,24 no-evidence"},
    {"an origin without advice", COMPLIANCE_NONE, {PREF(9), NONE(1)}, 2, "none - no-evidence"},
    {"weight 0 is left out",
     COMPLIANCE_NONE,
     {PREF(9), OFFO(0)},
     2,
     "preferred 4588 4588,29,23,24 dual no-evidence"},
    {"a negative weight too",
     COMPLIANCE_NONE,
     {PREF(9), OFFO(-1)},
     2,
     "preferred 4588 4588,29,23,24 dual no-evidence"},
    {"only weight 0", COMPLIANCE_NONE, {PREF(0)}, 1, "none - no-origins"},
    {"dual only if all can",
     COMPLIANCE_NONE,
     {PREF(1), {1, LEVEL_PREFERRED, true, false, true, {A, A, R, R}}},
     2,
     "preferred 4588 4588,29,23,24 no-evidence"},
    {"one breaks on supported, another on preferred",
     COMPLIANCE_NONE,
     {SUPP(1), {1, LEVEL_PREFERRED, false, true, true, {A, A, R, R}}},
     2,
     "off 29 29,23,24 mixed-origins"},
    /* first share */
    {"largest weight",
     COMPLIANCE_NONE,
     {FIRST(2, A, R, R, R), FIRST(3, R, A, R, R)},
     2,
     "supported 23 4588,23,29,24 no-evidence"},
    {"order where equal",
     COMPLIANCE_NONE,
     {FIRST(2, R, R, A, A), FIRST(2, R, A, R, R)},
     2,
     "supported 23 4588,23,29,24 no-evidence"},
    {"weights add up",
     COMPLIANCE_NONE,
     {FIRST(2, A, R, R, R), FIRST(1, R, R, A, R), FIRST(1.5, R, R, A, R)},
     3,
     "supported 24 4588,24,29,23 no-evidence"},
    {"never one that any fails on",
     COMPLIANCE_NONE,
     {FIRST(9, A, R, R, R), FIRST(1, F, A, R, R)},
     2,
     "supported 23 4588,23,29,24 no-evidence"},
    {"P-521 is listed where it comes first",
     COMPLIANCE_NONE,
     {FIRST(1, R, R, R, A)},
     1,
     "supported 25 4588,25,29,23,24 no-evidence"},
    {"P-521 is listed last where some origin needs it",
     COMPLIANCE_NONE,
     {SUPP(9), {1, LEVEL_SUPPORTED, true, false, false, {A, A, R, R}, true}},
     2,
     "supported 29 4588,29,23,24,25 no-evidence"},
    {"not if that origin has no weight",
     COMPLIANCE_NONE,
     {SUPP(9), {0, LEVEL_SUPPORTED, true, false, false, {A, A, R, R}, true}},
     2,
     "supported 29 4588,29,23,24 no-evidence"},
    {"fips and P-521",
     COMPLIANCE_FIPS,
     {{1, LEVEL_OFF, false, false, false, {A, A, R, R}, true}},
     1,
     "off 23 23,24,25 no-evidence"},
    {"one share is refused, and which works is not known",
     COMPLIANCE_NONE,
     {FIRST(1, F, U, U, U)},
     1,
     "none - mixed-origins"},
    {"one share is refused: the one that works, if after a retry",
     COMPLIANCE_NONE,
     {FIRST(1, F, U, R, U), FIRST(9, A, A, U, U)},
     2,
     "supported 24 4588,24,29,23 no-evidence"},
    {"each is failed on", COMPLIANCE_NONE, {FIRST(1, F, F, F, F)}, 1, "none - mixed-origins"},
    {"nothing known: X25519",
     COMPLIANCE_NONE,
     {FIRST(1, U, U, U, U)},
     1,
     "supported 29 4588,29,23,24 no-evidence"},
    {"the failing one has no weight",
     COMPLIANCE_NONE,
     {FIRST(9, A, R, R, R), FIRST(0, F, A, R, R)},
     2,
     "supported 29 4588,29,23,24 no-evidence"},
    /* pqh: the hybrid only */
    {"pqh", COMPLIANCE_PQH, {PREF(1)}, 1, "preferred 4588 4588 no-evidence"},
    {"pqh, not proven", COMPLIANCE_PQH, {PREF(1), SUPP(1)}, 2, "none - compliance"},
    {"pqh, sometimes classical",
     COMPLIANCE_PQH,
     {{1, LEVEL_PREFERRED, true, true, false, {A, A, R, R}}},
     1,
     "none - compliance"},
    /* fips: no X25519 alone */
    {"fips", COMPLIANCE_FIPS, {PREF(1)}, 1, "preferred 4588 4588,23,24 dual no-evidence"},
    {"fips, supported",
     COMPLIANCE_FIPS,
     {FIRST(9, A, R, R, R), FIRST(1, A, R, A, R)},
     2,
     "supported 24 4588,24,23 no-evidence"},
    {"fips, nothing known: P-256",
     COMPLIANCE_FIPS,
     {FIRST(1, A, U, U, U)},
     1,
     "supported 23 4588,23,24 no-evidence"},
    {"fips, off", COMPLIANCE_FIPS, {OFFO(1)}, 1, "off 23 23,24 no-evidence"},
    {"pqh+fips", COMPLIANCE_PQH_FIPS, {PREF(1)}, 1, "preferred 4588 4588 no-evidence"},
    {"pqh+fips, not proven", COMPLIANCE_PQH_FIPS, {OFFO(1)}, 1, "none - compliance"},
};

static void spell(const struct zone_target *target, char *out, size_t size) {
    const struct zone_setting *s = &target->setting;
    size_t n = (size_t)snprintf(out, size, "%s ", rule_level_name(s->level));
    if (s->level == LEVEL_NONE)
        n += (size_t)snprintf(out + n, size - n, "-");
    else
        n += (size_t)snprintf(out + n, size - n, "%u ", s->first_share);
    for (unsigned i = 0; i < s->groups_n; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%u", i ? "," : "", s->groups[i]);
    snprintf(out + n, size - n, "%s %s", s->dual_ok ? " dual" : "",
             rule_reason_name(target->reason));
}

static struct origin_advice advise_member(const struct member *member) {
    struct origin_advice advice = {
        .level = member->level,
        .reason = REASON_NO_EVIDENCE,
        .supported_ok = member->supported_ok,
        .dual_ok = member->dual_ok,
        .always_hybrid = member->always_hybrid,
    };
    memcpy(advice.shares, member->shares, sizeof member->shares);
    advice.needed[CLASSICAL_P521] = member->needs_p521;
    return advised(advice);
}

static void zones(void **state) {
    (void)state;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct origin_advice advice[MEMBERS_MAX];
        struct zone_origin origins[MEMBERS_MAX];
        for (size_t m = 0; m < rows[i].members_n; m++) {
            advice[m] = advise_member(&rows[i].members[m]);
            origins[m] = (struct zone_origin){rows[i].members[m].weight, &advice[m]};
        }
        struct zone_target target;
        zone_target_choose(&params, rows[i].compliance, origins, rows[i].members_n, &target);
        char text[128];
        spell(&target, text, sizeof text);
        if (strcmp(text, rows[i].expected) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", rows[i].what, text, rows[i].expected);
        assert_true(zone_setting_complies(&target.setting, rows[i].compliance));
    }
}

static bool is_same_sum(const struct candidate_sum *a, const struct candidate_sum *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static void assert_same_target(const struct zone_target *a, const struct zone_target *b) {
    char of_a[128], of_b[128];
    spell(a, of_a, sizeof of_a);
    spell(b, of_b, sizeof of_b);
    assert_string_equal(of_a, of_b);
    assert_int_equal(a->chosen, b->chosen);
    assert_int_equal(a->possible, b->possible);
    assert_int_equal(a->limiting, b->limiting);
    assert_int_equal(a->measured, b->measured);
    assert_int_equal(a->not_after_ms, b->not_after_ms);
    assert_int_equal(a->trials, b->trials);
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        const struct zone_candidate *x = &a->candidates[which], *y = &b->candidates[which];
        assert_int_equal(x->allowed, y->allowed);
        assert_int_equal(x->tolerated, y->tolerated);
        assert_int_equal(x->barred_by, y->barred_by);
        assert_int_equal(x->reason, y->reason);
        assert_true(is_same_sum(&x->sum, &y->sum) && is_same_sum(&x->may, &y->may));
    }
}

/* Of whatever weight, and whenever they were seen: what was chosen for one holds for all alike. */
static void remembered_choices_are_those_that_would_be_made(void **state) {
    (void)state;
    static const double weights[] = {1, 0.3, 7e8, 0};
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    struct target_memo *memo = target_memo_new(&params);
    for (size_t round = 0; round < 3 * sizeof rows / sizeof *rows; round++) {
        const struct row *row = &rows[round % (sizeof rows / sizeof *rows)];
        for (size_t i = 0; i < 4 * 4; i++) {
            struct origin_advice advice[2] = {advise_member(&row->members[0]),
                                              advise_member(&row->members[i % 2])};
            advice[0].last_ms = i < 4 ? 0 : (int64_t)(round * 100 + i);
            advice[0].not_after_ms = i < 8 ? 0 : 500;
            advice[0].trials = i < 12 ? 9 : 10;
            struct zone_origin origins[] = {{weights[i % 4], &advice[0]}, {1, &advice[1]}};
            struct zone_target target, remembered;
            for (size_t n = 0; n <= 2; n++) {
                zone_target_choose(&params, row->compliance, origins, n, &target);
                target_memo_choose(memo, row->compliance, origins, n, &remembered);
                assert_same_target(&target, &remembered);
            }
        }
    }
    target_memo_free(memo);
}

static void worst_evidence_is_exported(void **state) {
    (void)state;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    struct origin_advice a = {.level = LEVEL_PREFERRED,
                              .trials = 100,
                              .upper95 = 0.03,
                              .not_after_ms = 500,
                              .holds = true};
    struct origin_advice b = {.level = LEVEL_PREFERRED,
                              .trials = 56,
                              .failures = 1,
                              .upper95 = 0.078,
                              .not_after_ms = 400};
    a = advised(a);
    b = advised(b);
    struct zone_origin origins[] = {{1, &a}, {1, &b}, {1, &a}};
    struct zone_target target;
    zone_target_choose(&params, COMPLIANCE_NONE, origins, 3, &target);
    assert_int_equal(target.trials, 56);
    assert_int_equal(target.failures, 1);
    assert_int_equal(target.not_after_ms, 400);
    assert_int_equal(target.origins, 3);
    assert_false(target.holds);
}

struct filter_row {
    const char *filter;
    uint16_t hybrid;
    enum rule_level pin;
    uint16_t share;
    bool allowed;
};

static const struct filter_row filters[] = {
    {"none", 4588, LEVEL_NONE, 0, true},
    {"none", 25497, LEVEL_PREFERRED, 25497, true},
    {"none", 4588, LEVEL_OFF, 29, true},
    {"none", 4588, LEVEL_OFF, 4588, false},     /* not listed by that setting */
    {"none", 4588, LEVEL_PREFERRED, 29, false}, /* nor its first share */
    {"pqh", 4588, LEVEL_NONE, 0, true},
    {"pqh", 25497, LEVEL_NONE, 0, true}, /* a hybrid, if not an approved one */
    {"pqh", 4588, LEVEL_OFF, 0, false},
    {"pqh", 4588, LEVEL_SUPPORTED, 0, false}, /* its first share is classical */
    {"pqh", 4588, LEVEL_PREFERRED, 0, true},
    {"pqh", 4588, LEVEL_NONE, 29, false},
    {"fips", 4588, LEVEL_NONE, 0, true},
    {"fips", 4588, LEVEL_OFF, 29, false},
    {"fips", 4588, LEVEL_OFF, 23, true},
    {"fips", 4588, LEVEL_SUPPORTED, 24, true},
    {"fips", 25497, LEVEL_NONE, 0, false}, /* neither part approved */
    {"pqh+fips", 4588, LEVEL_PREFERRED, 4588, true},
    {"pqh+fips", 4587, LEVEL_PREFERRED, 0, true},
    {"fips+pqh", 4589, LEVEL_PREFERRED, 0, true},
    {"pqh+fips", 25497, LEVEL_NONE, 0, false},
    {"pqh+fips", 4588, LEVEL_OFF, 0, false},
    {"pqh+fips", 4588, LEVEL_NONE, 23, false},
};

static void impossible_combinations_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        const struct filter_row *row = &filters[i];
        enum compliance compliance;
        struct err err = {""};
        assert_true(compliance_parse(row->filter, &compliance));
        if (compliance_check(compliance, row->hybrid, row->pin, row->share, &err) != row->allowed)
            fail_msg("%s %u %s %u: %s", row->filter, row->hybrid, rule_level_name(row->pin),
                     row->share, err.text);
        assert_int_equal(err.text[0] == '\0', row->allowed);
    }
    enum compliance compliance;
    assert_false(compliance_parse("FIPS 140", &compliance));
    assert_false(compliance_allows(COMPLIANCE_FIPS, 12345));
}

static void one_scan_is_provisional(void **state) {
    (void)state;
    struct observation scan = history_scan('d', 20000 * HISTORY_DAY_MS);
    struct recommendation r = recommend_visit(&scan, GROUP_X25519MLKEM768, COMPLIANCE_NONE);
    assert_int_equal(r.setting.level, LEVEL_PREFERRED);
    assert_int_equal(r.stage_percent, 100);
    assert_int_equal(r.reason, REASON_HYBRID_IN_ONE_ROUND_TRIP);
    assert_true(r.provisional);
    assert_string_equal(recommend_variant(&r.setting, false), "single");
    assert_string_equal(recommend_variant(&r.setting, true), "dual");
    scan = history_scan('c', 20000 * HISTORY_DAY_MS);
    r = recommend_visit(&scan, GROUP_X25519MLKEM768, COMPLIANCE_NONE);
    assert_int_equal(r.setting.level, LEVEL_SUPPORTED);
    assert_int_equal(r.waits_for, REASON_NO_HYBRID);
    assert_null(recommend_variant(&r.setting, true));
    r = recommend_visit(&scan, GROUP_X25519MLKEM768, COMPLIANCE_PQH);
    assert_int_equal(r.setting.level, LEVEL_NONE);
    scan = history_scan('i', 20000 * HISTORY_DAY_MS);
    r = recommend_visit(&scan, GROUP_X25519MLKEM768, COMPLIANCE_NONE);
    assert_int_equal(r.setting.level, LEVEL_NONE);
    assert_int_equal(r.reason, REASON_NO_EVIDENCE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zones),
        cmocka_unit_test(remembered_choices_are_those_that_would_be_made),
        cmocka_unit_test(worst_evidence_is_exported),
        cmocka_unit_test(impossible_combinations_are_refused),
        cmocka_unit_test(one_scan_is_provisional),
    };
    return cmocka_run_group_tests_name("zone rule", tests, NULL, NULL);
}
