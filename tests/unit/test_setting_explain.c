/* What `explain` says of zones and origins in every state, as a golden text. */
#include "report/view/candidate_text.h"
#include "report/view/setting_explain.h"
#include "scanner/base/array.h"
#include "scanner/base/duration.h"
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1795424400123) /* 2026-11-23T09:00:00.123Z */

/* An origin on its way up, three days from the top. */
static const struct origin_advice climbing = {
    .level = LEVEL_SUPPORTED,
    .standing = LEVEL_SUPPORTED,
    .tolerates = {[LEVEL_OFF] = true, [LEVEL_SUPPORTED] = true},
    .bars = {[LEVEL_PREFERRED] = REASON_NEEDS_MORE_DAYS},
    .provable = {[LEVEL_PREFERRED] = true},
    .gains = {[MODE_SUPPORTED] = true, [MODE_PREFERRED] = true},
    .shares = {SHARE_ACCEPTED, SHARE_ACCEPTED},
    .reason = REASON_SUPPORTED_WORKS,
    .blocker = REASON_NEEDS_MORE_DAYS,
    .blocker_until_ms = NOW_MS + 72 * HOUR_MS,
    .missing = 3,
    .since_ms = NOW_MS - 96 * HOUR_MS,
    .last_ms = NOW_MS - HOUR_MS,
    .not_after_ms = NOW_MS + 240 * HOUR_MS,
    .evidence_mode = MODE_PREFERRED,
    .days = 4,
    .trials = 31,
    .upper95 = 0.092,
    .control_trials = 44,
    .first_share = GROUP_X25519,
    .first_share_confirmed = true,
};

static const struct origin_advice at_the_top = {
    .level = LEVEL_PREFERRED,
    .standing = LEVEL_PREFERRED,
    .tolerates = {[LEVEL_OFF] = true, [LEVEL_SUPPORTED] = true, [LEVEL_PREFERRED] = true},
    .gains = {[MODE_SUPPORTED] = true, [MODE_PREFERRED] = true},
    .shares = {SHARE_ACCEPTED, SHARE_ACCEPTED},
    .reason = REASON_HYBRID_IN_ONE_ROUND_TRIP,
    .since_ms = NOW_MS - 480 * HOUR_MS,
    .not_after_ms = NOW_MS + 240 * HOUR_MS,
    .stale = true,
    .evidence_mode = MODE_PREFERRED,
    .days = 14,
    .trials = 320,
    .failures = 1,
    .upper95 = 0.0147,
    .control_trials = 350,
    .control_rate = 0.0029,
    .first_share = GROUP_X25519MLKEM768,
    .first_share_confirmed = true,
};

/* Demoted too often. */
static const struct origin_advice held = {
    .level = LEVEL_OFF,
    .standing = LEVEL_OFF,
    .tolerates = {[LEVEL_OFF] = true},
    .bars = {[LEVEL_SUPPORTED] = REASON_REPRODUCIBLE_FAILURE,
             [LEVEL_PREFERRED] = REASON_REPRODUCIBLE_FAILURE},
    .shares = {SHARE_RETRIED, SHARE_ACCEPTED},
    .reason = REASON_REPRODUCIBLE_FAILURE,
    .blocker = REASON_PINNED_AFTER_DEMOTIONS,
    .since_ms = NOW_MS - 24 * HOUR_MS,
    .not_after_ms = NOW_MS + 240 * HOUR_MS,
    .provisional = true,
    .pinned = true,
    .hold_until_ms = NOW_MS + 336 * HOUR_MS,
    .demotions = 3,
    .evidence_mode = MODE_SUPPORTED,
    .days = 1,
    .trials = 9,
    .failures = 4,
    .upper95 = 0.75,
    .control_trials = 12,
    .first_share = GROUP_P256,
};

static const struct origin_advice nothing_known = {
    .reason = REASON_NO_EVIDENCE,
    .blocker = REASON_FAILURE_BOUND,
    .missing = 59,
    .evidence_mode = MODE_SUPPORTED,
    .upper95 = 1,
    .first_share = GROUP_X25519,
};

static const struct setting_explain_origin origins[] = {
    {.name = "climbing.example:443@192.0.2.1",
     .weight = 1,
     .advised = true,
     .verdict = "ready",
     .status = "complete",
     .scanned_ms = NOW_MS - HOUR_MS,
     .advice = &climbing},
    {.name = "top.example:443@192.0.2.2",
     .weight = 0.5,
     .advised = true,
     .verdict = "ready",
     .status = "interrupted",
     .scanned_ms = NOW_MS - HOUR_MS,
     .advice = &at_the_top},
    {.name = "held.example:443@192.0.2.3",
     .weight = 0.5,
     .advised = true,
     .verdict = "split-hello",
     .status = "complete",
     .scanned_ms = NOW_MS - HOUR_MS,
     .advice = &held},
    {.name = "unknown.example:443@192.0.2.4",
     .weight = 1,
     .advised = true,
     .status = "unreachable",
     .scanned_ms = NOW_MS - HOUR_MS,
     .advice = &nothing_known},
    {.name = "evil\n\x1b[2J:443@", .weight = 1},
};

static void print_zone(FILE *to, const struct setting_explain_zone *zone) {
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    setting_explain_zone(to, zone, &params);
}

static const struct zone_setting none = {.level = LEVEL_NONE};
static const struct zone_setting supported = {.level = LEVEL_SUPPORTED, .first_share = GROUP_P256};
static const struct zone_setting dual = {
    .level = LEVEL_PREFERRED, .dual_ok = true, .first_share = GROUP_X25519MLKEM768};
static const struct zone_setting single = {.level = LEVEL_PREFERRED,
                                           .first_share = GROUP_X25519MLKEM768};

static void every_state_is_as_the_golden_text(void **state) {
    (void)state;
    struct golden golden;
    golden_open(&golden);
    const struct recommendation no_advice = {.setting = none};
    const struct zone_target no_target = {
        .setting = none, .reason = REASON_NO_ORIGINS, .limiting = SIZE_MAX};
    print_zone(golden.stream, &(struct setting_explain_zone){
                                  .name = "new", .advice = &no_advice, .target = &no_target});
    const struct recommendation ramping = {.setting = dual,
                                           .previous = supported,
                                           .stage_percent = 10,
                                           .reason = REASON_HYBRID_IN_ONE_ROUND_TRIP,
                                           .waits_for = REASON_STAGE_TIME,
                                           .since_ms = NOW_MS - HOUR_MS,
                                           .not_after_ms = NOW_MS + HOUR_MS,
                                           .days = 7,
                                           .trials = 200,
                                           .upper95 = 0.0149};
    const struct zone_target same = {.setting = dual, .limiting = 1};
    print_zone(golden.stream, &(struct setting_explain_zone){.name = "ramping",
                                                             .any = true,
                                                             .compliance = COMPLIANCE_FIPS,
                                                             .advice = &ramping,
                                                             .target = &same});
    const struct recommendation pinned = {.setting = single,
                                          .stage_percent = ZONE_WHOLE,
                                          .reason = REASON_OPERATOR_PIN,
                                          .provisional = true,
                                          .since_ms = NOW_MS - HOUR_MS};
    const struct zone_target lower = {
        .setting = {.level = LEVEL_OFF, .first_share = GROUP_P256},
        .reason = REASON_REPRODUCIBLE_FAILURE,
        .limiting = 2,
    };
    print_zone(golden.stream, &(struct setting_explain_zone){.name = "pinned \"by hand\"",
                                                             .any = true,
                                                             .shadow = true,
                                                             .advice = &pinned,
                                                             .target = &lower,
                                                             .origins_n = COUNT_OF(origins),
                                                             .origins = origins});
    golden_close(&golden, "setting_explain.txt");
}

static void one_is_no_plural(void **state) {
    (void)state;
    char *text = NULL;
    size_t n = 0;
    struct origin_advice advice = climbing;
    advice.blocker = REASON_NEEDS_MORE_DAYS;
    advice.missing = advice.demotions = 1;
    advice.hold_until_ms = NOW_MS + HOUR_MS;
    const struct setting_explain_origin origin = {
        .name = "a:443@", .weight = 1, .advised = true, .advice = &advice};
    const struct recommendation first = {
        .setting = supported, .previous = none, .stage_percent = 1};
    const struct zone_target target = {.setting = supported};
    FILE *to = open_memstream(&text, &n);
    print_zone(to, &(struct setting_explain_zone){.name = "z",
                                                  .any = true,
                                                  .advice = &first,
                                                  .target = &target,
                                                  .origins_n = 1,
                                                  .origins = &origin});
    fclose(to);
    assert_non_null(strstr(text, "; the rest has no advice\n"));
    assert_non_null(strstr(text, " 1 more day\n"));
    assert_non_null(strstr(text, ", after 1 demotion\n"));
    free(text);
}

/* ---- the arithmetic of a choice -------------------------------------------------------------- */

/* Takes every hello without a retry, the hybrid at once; X25519 and P-256 are confirmed. */
static struct origin_advice make_ready(void) {
    struct origin_advice advice = at_the_top;
    advice.last_ms = NOW_MS - HOUR_MS;
    advice.supported_ok = true;
    return advice;
}

/* Knows no hybrid and asks for P-256; is on its way to `preferred`. */
static struct origin_advice make_p256_first(void) {
    struct origin_advice advice = make_ready();
    advice.level = advice.standing = LEVEL_SUPPORTED;
    advice.reason = REASON_NO_HYBRID;
    advice.blocker = REASON_NO_HYBRID;
    advice.first_share = GROUP_P256;
    advice.gains[MODE_SUPPORTED] = advice.gains[MODE_PREFERRED] = false;
    advice.tolerates[LEVEL_PREFERRED] = false;
    advice.bars[LEVEL_PREFERRED] = REASON_NEEDS_MORE_DAYS;
    advice.provable[LEVEL_PREFERRED] = true;
    advice.shares[CLASSICAL_X25519] = SHARE_RETRIED;
    return advice;
}

static void print_choice(FILE *to, const char *name, enum compliance compliance,
                         const struct origin_advice advices[2]) {
    struct rule_params params;
    struct zone_target target;
    struct zone_origin weighed[2];
    struct setting_explain_origin named[2];
    rule_params_init(&params, PROFILE_CAREFUL);
    for (unsigned i = 0; i < 2; i++) {
        double weight = i == 0 ? 3 : 1;
        weighed[i] = (struct zone_origin){.weight = weight, .advice = &advices[i]};
        named[i] = (struct setting_explain_origin){.name = i == 0 ? "big.example:443@"
                                                                  : "small.example:443@",
                                                   .weight = weight,
                                                   .advised = true,
                                                   .advice = &advices[i]};
    }
    zone_target_choose(&params, compliance, weighed, 2, &target);
    struct recommendation advice = {.setting = target.setting,
                                    .stage_percent = ZONE_WHOLE,
                                    .reason = target.reason,
                                    .since_ms = NOW_MS - HOUR_MS};
    print_zone(to, &(struct setting_explain_zone){.name = name,
                                                  .any = true,
                                                  .compliance = compliance,
                                                  .advice = &advice,
                                                  .target = &target,
                                                  .origins_n = 2,
                                                  .origins = named});
}

static void the_arithmetic_is_as_the_golden_text(void **state) {
    (void)state;
    struct golden golden;
    golden_open(&golden);
    struct origin_advice advices[2] = {make_ready(), make_p256_first()};
    print_choice(golden.stream, "one waits for the other", COMPLIANCE_NONE, advices);
    advices[1].tolerates[LEVEL_PREFERRED] = true;
    for (unsigned i = 0; i < 2; i++)
        advices[i].duals[CLASSICAL_P256] = (struct dual_evidence){.proven = true, .gains = i == 0};
    print_choice(golden.stream, "all is proven", COMPLIANCE_NONE, advices);
    print_choice(golden.stream, "filtered", COMPLIANCE_FIPS, advices);
    for (unsigned level = LEVEL_OFF; level < LEVEL_COUNT; level++) {
        advices[1].tolerates[level] = level == LEVEL_OFF;
        advices[1].bars[level] = REASON_REPRODUCIBLE_FAILURE;
        advices[1].provable[level] = false;
    }
    advices[1].standing = advices[1].level = LEVEL_OFF;
    print_choice(golden.stream, "one breaks", COMPLIANCE_NONE, advices);
    golden_close(&golden, "setting_explain_choice.txt");
}

/* Whatever the mix of candidates, the table is short. */
static void the_table_is_short(void **state) {
    (void)state;
    struct zone_target target = {.measured = true, .retry_price = 0.5, .chosen = CANDIDATE_OFF};
    char *text = NULL;
    size_t n = 0, lines = 0;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        struct zone_candidate *candidate = &target.candidates[which];
        candidate->allowed = candidate->tolerated = true;
        candidate->sum.hybrid = which * 0.01;
    }
    target.possible = CANDIDATE_COUNT - 1;
    FILE *to = open_memstream(&text, &n);
    candidate_text_table(to, &target, CANDIDATE_NONE, NULL, 0);
    fclose(to);
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, 2 + 8 + 1);
    assert_non_null(strstr(text, "and 5 more"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_state_is_as_the_golden_text),
                                       cmocka_unit_test(the_arithmetic_is_as_the_golden_text),
                                       cmocka_unit_test(the_table_is_short),
                                       cmocka_unit_test(one_is_no_plural)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
