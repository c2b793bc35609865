/* Judging a whole cycle. */
#include "report/zone/brake.h"

#include "report/rule/binomial.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int compare_rates(const void *a, const void *b) {
    double x;
    double y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static double usual_control_rate(const struct rule_params *params,
                                 const struct brake_cycle *cycle) {
    assert(cycle->days_n <= BRAKE_DAYS);
    double sorted[BRAKE_DAYS];
    size_t n = cycle->days_n;
    if (n == 0)
        return params->control_floor;
    memcpy(sorted, cycle->daily_rates, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_rates);
    double median = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    return median > params->control_floor ? median : params->control_floor;
}

struct brake_verdict brake_judge(const struct rule_params *params,
                                 const struct brake_cycle *cycle) {
    struct brake_verdict verdict = {.usual_rate = usual_control_rate(params, cycle)};
    if (cycle->zones > 0)
        verdict.down_share = (double)cycle->zones_down / (double)cycle->zones;
    if (cycle->controls > 0)
        verdict.control_rate = (double)cycle->controls_failed / (double)cycle->controls;
    verdict.mass_down = verdict.down_share > params->brake_down_share &&
                        cycle->zones_down >= params->brake_down_zones;
    double limit = verdict.usual_rate * params->brake_control_factor;
    verdict.controls = cycle->days_n >= BRAKE_DAYS_LEAST && verdict.control_rate > limit &&
                       binomial_excess_below(cycle->controls, cycle->controls_failed,
                                             verdict.usual_rate, params->rate_p);
    verdict.references = cycle->references_wrong > 0;
    verdict.on = verdict.mass_down || verdict.controls || verdict.references;
    return verdict;
}

uint64_t brake_up_budget(const struct rule_params *params, uint64_t zones, uint64_t moved_today) {
    uint64_t budget = (uint64_t)((double)zones * params->up_share);
    if (budget < params->up_zones)
        budget = params->up_zones;
    return budget > moved_today ? budget - moved_today : 0;
}
