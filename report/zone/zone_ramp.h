/* From what the evidence allows to what is exported: the ramp of a zone, canary feedback, and the
 * operator's levers. Pure: time and everything else are arguments.
 *
 * A move up starts at ramp_start_percent and climbs 1, 10, 25, 50, 75, 100 % of the traffic, a
 * stage lasting stage_hours at least; the rest of the traffic keeps `previous`, the last setting
 * that stood at 100 %. A better target during a ramp starts it anew from the same `previous`. A
 * move down is complete at once; for a little value alone a zone does not move down. Another variant
 * of `preferred` takes the place of the last one where that stands; its stage begins anew. If the
 * target falls while the ramp is on, the zone goes back to `previous`, or to the target where that
 * is lower still.
 *
 * Without feedback the ramp stops at no_feedback_percent, unless blind_ramp. With it, a canary that
 * fails significantly more often than the control arm rolls the zone back to `previous` with a
 * hold-down that doubles; pin_demotions rollbacks within pin_days pin the zone.
 *
 * What goes before what: compliance, freeze and brake, pin, deny, evidence. A pin that does not
 * comply is as if it were not there (compliance_check refuses it when it is set). */
#pragma once

#include "report/zone/zone_state.h"

enum zone_move {
    MOVE_NONE,
    MOVE_UP,    /* a higher setting begins its ramp: counts against the day's budget */
    MOVE_STAGE, /* more of the traffic */
    MOVE_DOWN,  /* a lower setting, at once: counts for the brake */
    MOVE_SHARE, /* another first share or list of groups, same level */
};

/* Brings the zone up to date. To judge a cycle before it is applied, call it on copies of the
 * states, count the moves, ask brake_judge, and keep the copies only if the brake is off. */
enum zone_move zone_ramp_step(struct zone_state *state, const struct rule_params *params,
                              const struct zone_input *input);
