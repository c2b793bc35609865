/* A simulated zone of several origins: their visits, and what the zone makes of them. */
#pragma once

#include "tests/sim/origin_run.h"
#include "tests/sim/population.h"
#include "tests/sim/zone_choice.h"

struct zone_play {
    const struct population_zone *zone;
    struct origin_run origins[POPULATION_ORIGINS_MAX];
    struct origin_advice advice[POPULATION_ORIGINS_MAX];
    struct zone_origin rows[POPULATION_ORIGINS_MAX]; /* what zone_target_choose takes */
    struct zone_target target;
};

/* The i-th origin's network follows models[i], where models are given. All that is borrowed has to
 * stay, and the value itself must not move. */
void zone_play_init(struct zone_play *play, const struct population_zone *zone,
                    const struct fault_model *const *models, uint64_t scenario, uint64_t number);

/* Makes all visits that are due before that time. True if a trial failed. */
bool zone_play_until(struct zone_play *play, const struct rule_params *params, int64_t until_ms);

/* Chooses the setting of that time and tells the origins what to prove. */
void zone_play_judge(struct zone_play *play, const struct rule_params *params, int64_t now_ms);
