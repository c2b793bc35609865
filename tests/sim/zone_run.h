/* One simulated zone with one origin over many days: scans, rule, ramp, customers, feedback. */
#pragma once

#include "report/rule/rule_params.h"
#include "tests/sim/fault.h"

struct zone_run_setup {
    const struct rule_params *params;
    const struct fault_model *model;
    unsigned days;
    bool feedback; /* every five minutes, both arms */
    uint64_t scenario;
    uint64_t zone;
};

/* What came of it. */
struct zone_run {
    unsigned peak_percent;   /* largest share of the traffic that `preferred` ever had */
    double whole_after_days; /* until it had 100 %; negative: never */
    double
        demoted_after_days; /* from the fault's first day to the first move down; negative: none */
    unsigned demotions;     /* moves down, by probes or by feedback */
    uint64_t broken;        /* customers' connections that the setting broke */
    uint64_t visits;        /* by the scanner */
    bool naive_whole;       /* whether "the last scan decides" would ever have said preferred */
};

void zone_run_simulate(const struct zone_run_setup *setup, struct zone_run *out);
