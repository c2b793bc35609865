/* From an origin's state to its advice at a given time. Pure. */
#pragma once

#include "report/rule/origin_advice.h"

/* `now_ms` is not before the newest scan. */
void advise_origin(const struct origin_state *state, const struct rule_params *params,
                   int64_t now_ms, struct origin_advice *out);
