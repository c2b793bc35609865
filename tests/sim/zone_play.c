/* The visits of a zone, and its choice. */
#include "tests/sim/zone_play.h"

#include "report/rule/advise.h"

void zone_play_init(struct zone_play *play, const struct population_zone *zone,
                    const struct fault_model *const *models, uint64_t scenario, uint64_t number) {
    static const struct fault_model healthy;
    *play = (struct zone_play){.zone = zone};
    for (unsigned i = 0; i < zone->n; i++) {
        origin_run_init(&play->origins[i], zone->servers[i], models ? models[i] : &healthy,
                        scenario, number * POPULATION_ORIGINS_MAX + i);
        play->rows[i] =
            (struct zone_origin){.weight = zone->weights[i], .advice = &play->advice[i]};
    }
}

bool zone_play_until(struct zone_play *play, const struct rule_params *params, int64_t until_ms) {
    bool failed = false;
    for (unsigned i = 0; i < play->zone->n; i++) {
        while (play->origins[i].next_ms < until_ms)
            failed = origin_run_visit(&play->origins[i], params) || failed;
    }
    return failed;
}

void zone_play_judge(struct zone_play *play, const struct rule_params *params, int64_t now_ms) {
    for (unsigned i = 0; i < play->zone->n; i++)
        advise_origin(&play->origins[i].state, params, now_ms, &play->advice[i]);
    zone_target_choose(params, COMPLIANCE_NONE, play->rows, play->zone->n, &play->target);
    for (unsigned i = 0; i < play->zone->n; i++)
        origin_run_wish(&play->origins[i], params,
                        zone_target_wish(&play->target, &play->advice[i]));
}
