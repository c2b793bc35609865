/* Canary feedback: what real traffic says about a setting, which probes cannot see. */
#pragma once

#include "report/zone/zone_state.h"

/* "control", "canary". */
const char *zone_feedback_arm_name(enum feedback_arm arm);
bool zone_feedback_arm_parse(const char *name, enum feedback_arm *out);

/* What an operator reports of a period: connections that used the new setting (canary) or the
 * previous one (control). */
struct feedback {
    enum feedback_arm arm;
    uint64_t handshakes;
    uint64_t failures;
    uint64_t retries;
};

/* False with the reason if the numbers cannot be: no handshakes, more failures or retries than
 * handshakes, or more than 2^40 of them. */
bool zone_feedback_check(const struct feedback *feedback, struct err *err);

/* Takes one report, which has passed zone_feedback_check. True if it rolled the zone back
 * (MOVE_DOWN). Reports about a zone whose setting is pinned or frozen by an operator are counted
 * and change nothing. */
bool zone_feedback_take(struct zone_state *state, const struct rule_params *params,
                        const struct zone_input *input, const struct feedback *feedback);
