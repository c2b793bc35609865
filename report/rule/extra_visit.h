/* When an origin's next extra visit is wanted, besides the daily scan. */
#pragma once

#include "report/rule/origin_rule.h"

/* What the engine is asked for: `classical`, `preferred`, `supported`, `classical`. */
struct extra_visit {
    bool wanted;
    int64_t at_ms;              /* not before; may be in the past: as soon as politeness allows */
    enum observation_kind kind; /* KIND_EXTRA, or KIND_CONFIRM on the address that failed */
    uint32_t a_day;             /* trials a day that are aimed at, the daily scan included; 0 for
                                   KIND_CONFIRM */
};

/* Whether more visits can supply what that reason misses: days and trials are amounts, a fault is
 * not. */
bool extra_visit_helps(enum rule_reason reason);

/* Extra visits are spaced evenly over the day from the last visit on, so that an origin keeps the
 * phase of its daily scan. They are wanted while a level may be proven (not in a hold-down, not
 * when a failure in the window rules it out anyway, and only where the origin picks the hybrid or its
 * zone wishes the proof), for a probation time
 * after a promotion, and then at the guard rate. A failed trial of `supported` or `preferred` is
 * confirmed by up to three further tries after a short pause.
 * `last_visit_ms` is when the origin was last visited, conclusively or not (0: never); it keeps
 * inconclusive visits from being repeated in a row. A stale origin gets no extra visit: its daily
 * scan has to work first. */
struct extra_visit extra_visit_next(const struct origin_state *state,
                                    const struct rule_params *params, int64_t last_visit_ms,
                                    int64_t now_ms);
