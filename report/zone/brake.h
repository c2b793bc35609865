/* The global brake: if what is judged looks like our own fault rather than the origins', the cycle
 * is discarded and settings stay as they are. Also the day's budget of upward moves. Pure. */
#pragma once

#include "report/rule/rule_params.h"

#define BRAKE_DAYS 30

/* Fewer days do not show what is usual: every fleet has origins that are dead for good, and its
 * first scans must not freeze everything. Nothing is promoted so early either. */
#define BRAKE_DAYS_LEAST 3

/* What is known when a cycle (one pass over the zones that were touched) has been judged. */
struct brake_cycle {
    uint64_t zones;      /* all zones */
    uint64_t zones_down; /* that moved to a lower setting within 24 hours, or would in this cycle */
    uint64_t controls;   /* control probes of this hour and the one before */
    uint64_t controls_failed;  /* of them, those whose first try failed */
    uint64_t references_wrong; /* in this cycle, reference zones judged otherwise than expected */
    uint8_t days_n;            /* control failure rates of the UTC days before today, at most 30 */
    double daily_rates[BRAKE_DAYS];
};

struct brake_verdict {
    bool on;         /* any of: */
    bool mass_down;  /* too many zones move down */
    bool controls;   /* the controls fail far more often than usual */
    bool references; /* a reference zone is judged wrongly */
    double down_share;
    double control_rate;
    double usual_rate; /* the median, not below control_floor; the floor where no day is known */
};

/* `on` means: discard the cycle, freeze the exports, alert. The controls' excess must also be more
 * than chance (p < rate_p), because a few of them prove nothing. */
struct brake_verdict brake_judge(const struct rule_params *params, const struct brake_cycle *cycle);

/* How many more zones may move up today, when `moved_today` have: up_share of the zones, but at
 * least up_zones. */
uint64_t brake_up_budget(const struct rule_params *params, uint64_t zones, uint64_t moved_today);
