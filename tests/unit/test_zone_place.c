/* What a zone has at a place of its ramp, and which of its origins are told apart: every lever at
 * every place, a line a case; and that no exception is ever bolder than its zone. */
#include "report/zone/zone_place.h"
#include "tests/unit/advised.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1795424400123)
#define A SHARE_ACCEPTED
#define R SHARE_RETRIED
#define F SHARE_FAILED
#define U SHARE_UNKNOWN

/* Origins by what their own evidence allows. */
enum who {
    MODERN,      /* preferred */
    LISTS,       /* supported, breaks on the hybrid's share */
    ONLY_FIRST,  /* preferred, breaks on `supported` */
    BROKEN,      /* off */
    BROKEN_P256, /* off, breaks on X25519's share */
    OTHER_FIRST, /* supported, P-256 without a retry, X25519 with one */
    ONLY_HYBRID, /* preferred, breaks on each classical share */
    LAPSED,      /* scanned, and nothing is advised (any more) */
    NEVER_SCANNED,
    WHO_COUNT
};

static const struct origin_advice origins[WHO_COUNT] = {
    [MODERN] = {.level = LEVEL_PREFERRED,
                .last_ms = NOW_MS,
                .supported_ok = true,
                .dual_ok = true,
                .always_hybrid = true,
                .shares = {A, A, A, A}},
    [LISTS] = {.level = LEVEL_SUPPORTED,
               .last_ms = NOW_MS,
               .supported_ok = true,
               .shares = {A, A, A, A}},
    [ONLY_FIRST] = {.level = LEVEL_PREFERRED,
                    .last_ms = NOW_MS,
                    .always_hybrid = true,
                    .shares = {A, A, A, A}},
    [BROKEN] = {.level = LEVEL_OFF, .last_ms = NOW_MS, .shares = {A, A, A, A}},
    [BROKEN_P256] = {.level = LEVEL_OFF, .last_ms = NOW_MS, .shares = {F, A, A, A}},
    [OTHER_FIRST] = {.level = LEVEL_SUPPORTED,
                     .last_ms = NOW_MS,
                     .supported_ok = true,
                     .shares = {R, A, R, R}},
    [ONLY_HYBRID] = {.level = LEVEL_PREFERRED,
                     .last_ms = NOW_MS,
                     .always_hybrid = true,
                     .shares = {F, F, F, F}},
    [LAPSED] = {.level = LEVEL_NONE, .last_ms = 1, .shares = {U, U, U, U}},
    [NEVER_SCANNED] = {.level = LEVEL_NONE, .shares = {U, U, U, U}},
};

#define NONE LEVEL_NONE
#define OFF LEVEL_OFF
#define SUPP LEVEL_SUPPORTED
#define PREF LEVEL_PREFERRED

/* What holds the zone: its setting and that of the rest, as the ramp leaves them under each lever;
 * and what that makes at place 0, at the last place, and for whoever takes both: the zone's level,
 * then for each origin in the order above `=` if it has the zone's, else level and first share. */
struct row {
    const char *what;
    enum rule_level setting;
    enum rule_level previous;
    uint8_t stage_percent;
    enum rule_reason reason;
    const char *deny;
    const char *first;
    const char *last;
    const char *both;
    bool kept;
    bool lapsed;
    bool off_fails;
    bool not_measured;
};

static const struct row rows[] = {
    {
        "nothing",
        PREF,
        PREF,
        100,
        REASON_HYBRID_IN_ONE_ROUND_TRIP,
        "",
        "preferred: = s29 = o29 o23 s23 = n0 =",
        "preferred: = s29 = o29 o23 s23 = n0 =",
        "preferred: = s29 = o29 o23 s23 = n0 =",
    },
    {
        "nothing, supported",
        SUPP,
        SUPP,
        100,
        REASON_SUPPORTED_WORKS,
        "",
        "supported: = = o29 o29 o23 s23 n0 n0 =",
        "supported: = = o29 o29 o23 s23 n0 n0 =",
        "supported: = = o29 o29 o23 s23 n0 n0 =",
    },
    {
        "pin off",
        OFF,
        OFF,
        100,
        REASON_OPERATOR_PIN,
        "",
        "off: = = = = = = = = =",
        "off: = = = = = = = = =",
        "off: = = = = = = = = =",
    },
    {
        "pin supported",
        SUPP,
        SUPP,
        100,
        REASON_OPERATOR_PIN,
        "",
        "supported: = = = = = = = = =",
        "supported: = = = = = = = = =",
        "supported: = = = = = = = = =",
    },
    {
        "pin preferred",
        PREF,
        PREF,
        100,
        REASON_OPERATOR_PIN,
        "",
        "preferred: = = = = = = = = =",
        "preferred: = = = = = = = = =",
        "preferred: = = = = = = = = =",
    },
    {
        "deny preferred",
        SUPP,
        SUPP,
        100,
        REASON_OPERATOR_DENY,
        "preferred",
        "supported: = = o29 o29 o23 s23 n0 n0 =",
        "supported: = = o29 o29 o23 s23 n0 n0 =",
        "supported: = = o29 o29 o23 s23 n0 n0 =",
    },
    {
        "deny both",
        OFF,
        OFF,
        100,
        REASON_OPERATOR_DENY,
        "supported,preferred",
        "off: = = = = o23 o23 n0 n0 =",
        "off: = = = = o23 o23 n0 n0 =",
        "off: = = = = o23 o23 n0 n0 =",
    },
    {
        "deny supported",
        PREF,
        PREF,
        100,
        REASON_HYBRID_IN_ONE_ROUND_TRIP,
        "supported",
        "preferred: = o29 = o29 o23 o23 = n0 =",
        "preferred: = o29 = o29 o23 o23 = n0 =",
        "preferred: = o29 = o29 o23 o23 = n0 =",
    },
    {"frozen at off", OFF, OFF, 100, REASON_SUPPORTED_WORKS, "", "off: = = = = o23 = n0 n0 =",
     "off: = = = = o23 = n0 n0 =", "off: = = = = o23 = n0 n0 =", .kept = true},
    {"frozen at supported", SUPP, SUPP, 100, REASON_SUPPORTED_WORKS, "",
     "supported: = = o29 o29 o23 = n0 n0 =", "supported: = = o29 o29 o23 = n0 n0 =",
     "supported: = = o29 o29 o23 = n0 n0 =", .kept = true},
    {"frozen at preferred, then denied", PREF, PREF, 100, REASON_HYBRID_IN_ONE_ROUND_TRIP,
     "preferred", "preferred: = s29 = o29 o23 s23 = n0 =", "preferred: = s29 = o29 o23 s23 = n0 =",
     "preferred: = s29 = o29 o23 s23 = n0 =", .kept = true},
    {
        "hold-down after a demotion",
        OFF,
        OFF,
        100,
        REASON_REPRODUCIBLE_FAILURE,
        "",
        "off: = = = = o23 o23 n0 n0 =",
        "off: = = = = o23 o23 n0 n0 =",
        "off: = = = = o23 o23 n0 n0 =",
    },
    {
        "waits for the day's budget",
        OFF,
        OFF,
        100,
        REASON_NO_EVIDENCE,
        "",
        "off: = = = = o23 o23 n0 n0 =",
        "off: = = = = o23 o23 n0 n0 =",
        "off: = = = = o23 o23 n0 n0 =",
    },
    {"under the brake", SUPP, SUPP, 100, REASON_SUPPORTED_WORKS, "",
     "supported: = = o29 o29 o23 = n0 n0 =", "supported: = = o29 o29 o23 = n0 n0 =",
     "supported: = = o29 o29 o23 = n0 n0 =", .kept = true},
    {
        "rolled back by feedback",
        OFF,
        OFF,
        100,
        REASON_FEEDBACK_FAILURES,
        "",
        "off: = = = = o23 o23 n0 n0 =",
        "off: = = = = o23 o23 n0 n0 =",
        "off: = = = = o23 o23 n0 n0 =",
    },
    {
        "ramp from off",
        PREF,
        OFF,
        10,
        REASON_HYBRID_IN_ONE_ROUND_TRIP,
        "",
        "preferred: = s29 = o29 o23 s23 = n0 =",
        "off: = = = = o23 o23 n0 n0 =",
        "preferred: = o29 = o29 o23 o29 n0 n0 =",
    },
    {
        "ramp from off to supported",
        SUPP,
        OFF,
        10,
        REASON_SUPPORTED_WORKS,
        "",
        "supported: = = o29 o29 o23 s23 n0 n0 =",
        "off: = = = = o23 o23 n0 n0 =",
        "supported: = = o29 o29 o23 = n0 n0 =",
    },
    {
        "ramp from supported",
        PREF,
        SUPP,
        10,
        REASON_HYBRID_IN_ONE_ROUND_TRIP,
        "",
        "preferred: = s29 = o29 o23 s23 = n0 =",
        "supported: = = o29 o29 o23 s23 n0 n0 =",
        "preferred: = s29 o29 o29 o23 s23 n0 n0 =",
    },
    {
        "ramp from nothing",
        PREF,
        NONE,
        1,
        REASON_HYBRID_IN_ONE_ROUND_TRIP,
        "",
        "preferred: = s29 = o29 o23 s23 = n0 =",
        "none: = = = = o23 = n0 = =",
        "preferred: = o29 = o29 o23 o29 n0 n0 =",
    },
    {"ramp where off fails", PREF, NONE, 10, REASON_HYBRID_IN_ONE_ROUND_TRIP, "",
     "preferred: = s29 = o29 o23 s23 = n0 =", "preferred: = s29 = o29 o23 s23 = n0 =",
     "preferred: = s29 = o29 o23 s23 = n0 =", .off_fails = true},
    {"ramp from a setting that fails by now", PREF, SUPP, 10, REASON_HYBRID_IN_ONE_ROUND_TRIP, "",
     "preferred: = s29 = o29 o23 s23 = n0 =", "preferred: = s29 = o29 o23 s23 = n0 =",
     "preferred: = s29 = o29 o23 s23 = n0 =", .off_fails = true},
    {
        "no advice",
        NONE,
        NONE,
        100,
        REASON_NO_EVIDENCE,
        "",
        "none: = = = = o23 = n0 = =",
        "none: = = = = o23 = n0 = =",
        "none: = = = = o23 = n0 = =",
    },
    {"no advice, and off fails", NONE, NONE, 100, REASON_NO_EVIDENCE, "", "none: = = = = = = = = =",
     "none: = = = = = = = = =", "none: = = = = = = = = =", .off_fails = true},
    {"never scanned", NONE, NONE, 100, REASON_NO_EVIDENCE, "", "none: = = = = = = = = =",
     "none: = = = = = = = = =", "none: = = = = = = = = =", .not_measured = true},
    {"frozen at off, which fails by now", OFF, OFF, 100, REASON_SUPPORTED_WORKS, "",
     "none: = = = = = = = = =", "none: = = = = = = = = =", "none: = = = = = = = = =", .kept = true,
     .off_fails = true},
    {"pinned to off, which fails", OFF, OFF, 100, REASON_OPERATOR_PIN, "", "off: = = = = = = = = =",
     "off: = = = = = = = = =", "off: = = = = = = = = =", .off_fails = true},
    {"lapsed", PREF, PREF, 100, REASON_STALE, "", "none: = = = = o23 = n0 = =",
     "none: = = = = o23 = n0 = =", "none: = = = = o23 = n0 = =", .lapsed = true},
};

static struct zone_place look(const struct row *row, unsigned place, struct rule_params *params,
                              struct recommendation *advice) {
    rule_params_init(params, PROFILE_CAREFUL);
    *advice = (struct recommendation){
        .setting = zone_setting_make(params, COMPLIANCE_NONE, row->setting, GROUP_NONE,
                                     (bool[CLASSICAL_COUNT]){false}),
        .previous = zone_setting_make(params, COMPLIANCE_NONE, row->previous, GROUP_NONE,
                                      (bool[CLASSICAL_COUNT]){false}),
        .stage_percent = row->stage_percent,
        .reason = row->reason,
        .not_after_ms = row->lapsed ? NOW_MS : 0,
    };
    struct zone_place at = {.params = params,
                            .advice = advice,
                            .classical_share = row->off_fails ? GROUP_NONE : GROUP_X25519,
                            .off_fails = row->off_fails,
                            .off_stands = !row->off_fails && !row->not_measured,
                            .kept = row->kept,
                            .place = place,
                            .now_ms = NOW_MS};
    at.deny[SUPP] = strstr(row->deny, "supported");
    at.deny[PREF] = strstr(row->deny, "preferred");
    return at;
}

typedef bool decide(const struct zone_place *at, const struct origin_advice *origin,
                    struct zone_setting *out);

static const char *spell(const struct zone_place *at, decide *exception, char out[128]) {
    static const char letters[LEVEL_COUNT] = {'n', 'o', 's', 'p'};
    size_t n = (size_t)snprintf(out, 128, "%s:", rule_level_name(zone_place_setting(at).level));
    for (size_t i = 0; i < WHO_COUNT; i++) {
        struct origin_advice who = advised(origins[i]);
        struct zone_setting own;
        char text[8] = "=";
        if (exception(at, &who, &own))
            snprintf(text, sizeof text, "%c%u", letters[own.level], own.first_share);
        n += (size_t)snprintf(out + n, 128 - n, " %s", text);
    }
    return out;
}

static void expect(const struct row *row, const char *where, const char *got, const char *wanted) {
    if (strcmp(got, wanted) != 0)
        fail_msg("%s, %s: \"%s\", expected \"%s\"", row->what, where, got, wanted);
}

static void levers_hold_every_origin(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rule_params params;
        struct recommendation advice;
        char text[128];
        struct zone_place first = look(&rows[i], 0, &params, &advice);
        struct zone_place last = look(&rows[i], ZONE_PLACE_LAST, &params, &advice);
        expect(&rows[i], "first", spell(&first, zone_place_exception, text), rows[i].first);
        expect(&rows[i], "last", spell(&last, zone_place_exception, text), rows[i].last);
        expect(&rows[i], "both", spell(&first, zone_place_exception_of_both, text), rows[i].both);
    }
}

static void exceptions_keep_to_the_filter(void **state) {
    (void)state;
    struct rule_params params;
    struct recommendation advice;
    struct zone_setting own;
    struct origin_advice broken = advised(origins[BROKEN]), modern = advised(origins[MODERN]);
    struct zone_place at = look(&rows[0], 0, &params, &advice);
    at.compliance = COMPLIANCE_FIPS;
    at.classical_share = GROUP_P256;
    assert_true(zone_place_exception(&at, &broken, &own));
    assert_int_equal(own.level, LEVEL_OFF);
    assert_int_equal(own.first_share, GROUP_P256);
    assert_true(zone_setting_complies(&own, COMPLIANCE_FIPS));
    at.compliance = COMPLIANCE_PQH;
    at.classical_share = GROUP_NONE;
    assert_false(zone_place_exception(&at, &modern, &own));
    assert_true(zone_place_exception(&at, &broken, &own));
    assert_int_equal(own.level, LEVEL_NONE);
}

static uint64_t next(uint64_t *random) {
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 33;
}

static enum rule_level any_level(uint64_t *random) {
    return (enum rule_level)(next(random) % LEVEL_COUNT);
}

/* A zone and an origin of any kind, whether or not they can be. */
static void no_exception_is_bolder(void **state) {
    (void)state;
    uint64_t random = 8;
    size_t exceptions = 0;
    for (size_t i = 0; i < 200000; i++) {
        static const char *const denied[] = {"", "", "preferred", "supported",
                                             "supported,preferred"};
        struct rule_params params;
        struct recommendation advice;
        struct row row = {.setting = any_level(&random),
                          .previous = any_level(&random),
                          .stage_percent = next(&random) % 2 ? ZONE_WHOLE : 10,
                          .reason =
                              next(&random) % 4 ? REASON_SUPPORTED_WORKS : REASON_OPERATOR_PIN,
                          .deny = denied[next(&random) % 5],
                          .kept = next(&random) % 2,
                          .lapsed = next(&random) % 8 == 0};
        struct origin_advice origin = {.level = any_level(&random),
                                       .last_ms = NOW_MS,
                                       .supported_ok = next(&random) % 2,
                                       .always_hybrid = next(&random) % 2};
        for (unsigned share = 0; share < CLASSICAL_COUNT; share++)
            origin.shares[share] = (enum share_answer)(next(&random) % 4);
        origin = advised(origin);
        struct zone_place at = look(&row, (unsigned)(next(&random) % 100), &params, &advice);
        at.compliance = (enum compliance)(next(&random) % 4);
        if (at.compliance == COMPLIANCE_FIPS || at.compliance == COMPLIANCE_PQH_FIPS)
            at.classical_share = GROUP_P256;
        enum rule_level zone = zone_place_setting(&at).level;
        struct zone_setting own;
        if (zone_place_exception(&at, &origin, &own)) {
            exceptions++;
            assert_true(own.level <= (zone == LEVEL_NONE ? LEVEL_OFF : zone));
            assert_true(own.level <= origin.level);
            assert_true(own.level <= LEVEL_OFF || !at.deny[own.level]);
            assert_int_not_equal(row.reason, REASON_OPERATOR_PIN);
            assert_true(zone_setting_complies(&own, at.compliance));
        }
        if (zone_place_exception_of_both(&at, &origin, &own)) {
            for (at.place = 0; at.place < 100; at.place += ZONE_PLACE_LAST) {
                zone = zone_place_setting(&at).level;
                assert_true(own.level <= (zone == LEVEL_NONE ? LEVEL_OFF : zone));
            }
        }
    }
    assert_true(exceptions > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levers_hold_every_origin),
        cmocka_unit_test(exceptions_keep_to_the_filter),
        cmocka_unit_test(no_exception_is_bolder),
    };
    return cmocka_run_group_tests_name("zone place", tests, NULL, NULL);
}
