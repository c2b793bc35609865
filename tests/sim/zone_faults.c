/* Zones of several origins, some of them behind the faults of the decision rule's simulation. */
#include "tests/sim/zone_faults.h"

#include "report/zone/zone_state.h"
#include "scanner/base/array.h"
#include "tests/sim/limit.h"
#include "tests/sim/zone_traffic.h"

#include <stdio.h>

#define ZONES 80
#define DAYS 60
static unsigned zones; /* that are simulated */

#define NOISE 0.002 /* every network has some */

struct scenario {
    struct fault_model model;
    double blind_whole_max; /* share of zones ever at 100 % of `preferred`, by probes alone; 1: no
                               limit. As in sim.c, as the next */
    double fed_broken_max;  /* mean of broken connections a zone, with feedback */
};

/* With feedback a zone may get to 100 % here: a faulty origin with a thousandth of the traffic shows in
 * no report, and breaks no more for that. */
static const struct scenario scenarios[] = {
    {{.name = "all large hellos fail", .noise = NOISE, .large = 1}, 0.005, 150},
    {{.name = "10 % fail", .noise = NOISE, .large = 0.10}, 0.005, 150},
    {{.name = "3 % fail", .noise = NOISE, .large = 0.03}, 1, 150},
    {{.name = "1 % fail", .noise = NOISE, .large = 0.01}, 1, 150},
    {{.name = "1/4 of backends, sticky forever", .noise = NOISE, .bad_backends = 0.25}, 1, 150},
    {{.name = "1/4 of backends, sticky for a day",
      .noise = NOISE,
      .bad_backends = 0.25,
      .sticky_by_day = true},
     1,
     150},
    {{.name = "blocks after a warm-up", .noise = NOISE, .warm_up = true}, 1, 150},
    {{.name = "turns bad on day 30", .noise = NOISE, .large = 1, .from_day = 30}, 1, 400},
    {{.name = "healthy, 0.2 % noise", .noise = NOISE}, 1, 0},
};

/* Sums over the zones of one scenario in one mode. */
struct figures {
    double whole;     /* share of zones ever at 100 % of `preferred` */
    double demotions; /* a zone-year */
    double broken;    /* mean a zone */
    uint64_t broken_max;
    unsigned peak_percent;
};

/* A zone of 2026 that deserves `preferred`; one or more of its origins are behind the fault. */
static void draw_zone(uint64_t number, const struct fault_model *faulty,
                      struct population_zone *zone,
                      const struct fault_model *models[POPULATION_ORIGINS_MAX]) {
    static const struct fault_model sound = {.noise = NOISE};
    struct draw draw = draw_seed(998, number);
    struct zone_truth truth;
    unsigned best = CANDIDATE_NONE;
    while (best == CANDIDATE_NONE || candidate_at(best).level != LEVEL_PREFERRED) {
        population_draw(POPULATION_2026, number % 2, &draw, zone);
        zone_choice_truth(zone, &truth);
        best = zone_choice_oracle(&truth, truth.tolerated, 0.5);
    }
    unsigned sure = (unsigned)(draw_uniform(&draw) * zone->n);
    for (unsigned i = 0; i < zone->n; i++)
        models[i] = i == sure || draw_uniform(&draw) < 0.25 ? faulty : &sound;
}

static void add_zone(struct figures *sum, const struct zone_traffic *traffic) {
    sum->whole += traffic->peak_percent == ZONE_WHOLE;
    sum->demotions += traffic->demotions;
    sum->broken += (double)traffic->broken;
    if (traffic->peak_percent > sum->peak_percent)
        sum->peak_percent = traffic->peak_percent;
    if (traffic->broken > sum->broken_max)
        sum->broken_max = traffic->broken;
}

static struct figures simulate_zones(size_t index, const struct rule_params *params,
                                     bool feedback) {
    struct figures sum = {.whole = 0};
    for (unsigned i = 0; i < zones; i++) {
        struct population_zone zone;
        const struct fault_model *models[POPULATION_ORIGINS_MAX];
        draw_zone(i, &scenarios[index].model, &zone, models);
        struct zone_traffic_setup setup = {.params = params,
                                           .zone = &zone,
                                           .models = models,
                                           .noise = NOISE,
                                           .days = DAYS,
                                           .feedback = feedback,
                                           .scenario = 2000 + 2 * index + feedback,
                                           .number = i};
        struct zone_traffic traffic;
        zone_traffic_simulate(&setup, &traffic);
        add_zone(&sum, &traffic);
    }
    sum.whole /= zones;
    sum.broken /= zones;
    sum.demotions *= 365.0 / DAYS / zones;
    return sum;
}

static void print_line(const char *name, const char *mode, const struct figures *f) {
    printf("%-34s %-8s %7.2f %4u %9.3f %10.1f %9llu\n", name, mode, f->whole * 100, f->peak_percent,
           f->demotions, f->broken, (unsigned long long)f->broken_max);
    fflush(stdout);
}

static void simulate_scenario(size_t index, const struct rule_params *blind,
                              const struct rule_params *fed) {
    const struct scenario *s = &scenarios[index];
    const char *name = s->model.name;
    struct figures probes = simulate_zones(index, blind, false);
    print_line(name, "probes", &probes);
    struct figures canary = simulate_zones(index, fed, true);
    print_line(name, "feedback", &canary);
    limit_check(name, "share of zones at 100 %, probes only", probes.whole, s->blind_whole_max);
    limit_check(name, "broken connections a zone, with feedback", canary.broken, s->fed_broken_max);
    if (s->fed_broken_max > 0)
        return;
    limit_check(name, "demotions a zone-year, probes only", probes.demotions, 0.3);
    limit_check(name, "demotions a zone-year, with feedback", canary.demotions, 0.3);
}

void zone_faults_simulate(unsigned divisor) {
    zones = ZONES / divisor;
    struct rule_params careful;
    rule_params_init(&careful, PROFILE_CAREFUL);
    struct rule_params blind = careful;
    blind.blind_ramp = true;
    printf("\n%u zones of 2026 that deserve `preferred`, %u days, 100,000 connections a zone and "
           "day;\nat least one origin of each is behind the fault\n\n",
           zones, DAYS);
    printf("%-34s %-8s %7s %4s %9s %10s %9s\n", "", "", "whole", "peak", "demotions", "broken",
           "broken");
    printf("%-34s %-8s %7s %4s %9s %10s %9s\n", "fault", "evidence", "%", "%", "zone-year", "mean",
           "most");
    for (size_t i = 0; i < COUNT_OF(scenarios); i++)
        simulate_scenario(i, &blind, &careful);
}
