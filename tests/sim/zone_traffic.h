/* A simulated zone with customers: its ramp, what its settings break where networks are faulty, and
 * the feedback of the operator. */
#pragma once

#include "tests/sim/zone_play.h"

struct zone_traffic_setup {
    const struct rule_params *params;
    const struct population_zone *zone;
    const struct fault_model *const *models; /* the network of each origin */
    double noise;                            /* any connection fails with this probability */
    unsigned days;
    bool feedback; /* every five minutes, both arms */
    uint64_t scenario;
    uint64_t number;
};

/* What came of it. */
struct zone_traffic {
    unsigned peak_percent; /* largest share of the traffic that `preferred` ever had */
    unsigned demotions;    /* moves down, by probes or by feedback */
    uint64_t broken;       /* customers' connections that a setting broke */
};

/* 100,000 connections a day, to the origins by weight. */
void zone_traffic_simulate(const struct zone_traffic_setup *setup, struct zone_traffic *out);
