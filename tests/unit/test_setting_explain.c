/* What `explain` says of zones and origins in every state, as a golden text. */
#include "report/view/setting_explain.h"
#include "scanner/base/array.h"
#include "scanner/base/duration.h"
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1795424400123) /* 2026-11-23T09:00:00.123Z */

/* An origin on its way up, three days from the top. */
static const struct origin_advice climbing = {
    .level = LEVEL_SUPPORTED,
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_state_is_as_the_golden_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
