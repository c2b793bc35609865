/* The global brake: if a cycle of judgements looks like our own fault rather than the origins', it
 * is discarded. Also the day's budget of upward moves. Pure. */
#pragma once

#include "report/rule/rule_params.h"

#define BRAKE_DAYS 30

/* Fewer days say nothing of what is usual: every fleet has origins that are dead for good, and its
 * first scan must not freeze everything. Nothing is promoted so early either. */
#define BRAKE_DAYS_LEAST 3

/* What one cycle (one pass over the zones that changed) would do. */
struct brake_cycle {
    uint64_t zones;            /* all zones */
    uint64_t zones_down;       /* those that would move to a lower setting */
    uint64_t controls;         /* control probes since the last cycle */
    uint64_t controls_failed;  /* of them, those whose first try failed */
    uint64_t references_wrong; /* reference origins, whose truth is known, judged otherwise */
    uint8_t days_n;            /* control failure rates of the last days, at most 30 */
    double daily_rates[BRAKE_DAYS];
};

struct brake_verdict {
    bool on;         /* any of: */
    bool mass_down;  /* too many zones would move down at once */
    bool controls;   /* the control fails far more often than usual */
    bool references; /* a reference origin is judged wrongly */
    double down_share;
    double control_rate;
    double usual_rate; /* the median, not below control_floor; the floor where no day is known */
};

/* `on` says: discard the cycle, freeze the exports, alert. The control's excess must also be more
 * than chance (p < rate_p), for a small cycle proves nothing. */
struct brake_verdict brake_judge(const struct rule_params *params, const struct brake_cycle *cycle);

/* How many more zones may move up today when so many have: up_share of the zones, at least
 * up_zones. */
uint64_t brake_up_budget(const struct rule_params *params, uint64_t zones, uint64_t moved_today);
