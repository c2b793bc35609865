/* The front door of the decision rule: how its parts make the recommendation for a zone, and the
 * one for a single scan.
 *
 * One origin (report/rule/):
 *   judged scan --observe--> observation
 *   observations --origin_rule_step--> origin_state --advise_origin--> origin_advice
 *       origin_rule, the ladder, asks promotion_test whether the counts of origin_evidence suffice
 *   origin_state --extra_visit_next--> when to look again
 *
 * One zone and the fleet (report/zone/):
 *   advice of a zone's origins --zone_target_choose--> zone_target (under compliance.h)
 *   target, levers, brake --zone_ramp_step--> zone_state --recommend_zone--> recommendation
 *   canary reports --zone_feedback_take--> zone_state
 *   a cycle's moves --brake_judge--> keep the cycle or discard it
 *   recommendation, origins' advice --zone_place--> settings at one place of the ramp
 *
 * All of it is pure. Thresholds are in rule_params.h, words in rule_level.h and rule_reason.h; as
 * bytes, states are in origin_pack.h, origin_history.h and zone_pack.h. */
#pragma once

#include "report/zone/zone_ramp.h"

struct scan;
struct judgement;

/* What is printed, exported and explained. A plain value. */
struct recommendation {
    struct zone_setting setting;  /* level NONE: no advice */
    struct zone_setting previous; /* for the rest of the traffic while stage_percent < 100 */
    uint8_t stage_percent;
    enum rule_reason reason;
    enum rule_reason waits_for; /* why not more, REASON_NONE if there is no more */
    bool provisional;
    int64_t held_until_ms; /* by a rollback: no bolder setting before; INT64_MAX: until released */
    int64_t since_ms;      /* 0: not known */
    int64_t not_after_ms;  /* 0: no limit (a pin), or no advice */
    uint32_t days;         /* of evidence, and what it says: of the weakest origin */
    uint32_t trials;
    uint32_t failures;
    double upper95;
};

/* What profile `fast` makes of one visit by itself. `hybrid` is the configured one. An inconclusive
 * visit gives level NONE. */
struct recommendation recommend_visit(const struct observation *visit, uint16_t hybrid,
                                      enum compliance compliance);

/* The same of a judged scan, as `probe` prints it. The rule decides; the scan adds what the rule
 * does not keep: it lists the groups that this origin has, gives its reason in the words of a
 * single scan, and withdraws a setting whose first share was never seen to work, even after a retry
 * (`confirm` in the scan proves one). */
struct recommendation recommend_scan(const struct scan *scan, const struct judgement *judgement);

/* The reason's name; that of the verdict where it is REASON_VERDICT. */
const char *recommend_scan_reason(const struct recommendation *recommendation,
                                  const struct judgement *judgement);

/* What a zone's state and target say now. */
struct recommendation recommend_zone(const struct zone_state *state,
                                     const struct zone_target *target);

/* "single" or "dual" where the level is PREFERRED, else NULL. Dual is said only where asked for and
 * proven. */
const char *recommend_variant(const struct zone_setting *setting, bool want_dual);
