/* The simulation of the decision rule: 1,500 zones over 120 days with 100,000 connections a day
 * each, for every fault model, with and without canary feedback. Prints the figures as a table and
 * fails if one is outside its limit. Seeds are fixed: the figures are the same on every run. `--sample N`
 * takes the first Nth of the zones, under the same limits: for the suite, which has no minutes to spare. */
#include "tests/sim/limit.h"
#include "tests/sim/sample.h"
#include "tests/sim/zone_run.h"

#include <stdio.h>
#include <stdlib.h>

#define ZONES 1500
#define DAYS 120

static unsigned zones = ZONES; /* that are simulated */

struct scenario {
    struct fault_model model;
    bool healthy;
    double blind_whole_max; /* limits: share of zones ever at 100 % by probes alone; 1: no limit */
    double fed_whole_max;   /* the same with feedback */
    double fed_broken_max;  /* mean of broken connections a zone, with feedback */
};

#define NOISE 0.002 /* every origin has some */

static const struct scenario scenarios[] = {
    {{.name = "all large hellos fail", .noise = NOISE, .large = 1}, false, 0.005, 0, 150},
    {{.name = "10 % fail", .noise = NOISE, .large = 0.10}, false, 0.005, 0, 150},
    {{.name = "3 % fail", .noise = NOISE, .large = 0.03}, false, 1, 0, 150},
    {{.name = "1 % fail", .noise = NOISE, .large = 0.01}, false, 1, 1, 150},
    {{.name = "1/4 of backends, sticky forever", .noise = NOISE, .bad_backends = 0.25},
     false,
     1,
     0,
     150},
    {{.name = "1/4 of backends, sticky for a day",
      .noise = NOISE,
      .bad_backends = 0.25,
      .sticky_by_day = true},
     false,
     1,
     0,
     150},
    {{.name = "blocks after a warm-up", .noise = NOISE, .warm_up = true}, false, 1, 0, 150},
    {{.name = "turns bad on day 60", .noise = NOISE, .large = 1, .from_day = 60}, false, 1, 1, 400},
    {{.name = "healthy, 0.2 % noise", .noise = 0.002}, true, 1, 1, 0},
    {{.name = "healthy, 2 % noise", .noise = 0.02}, true, 1, 1, 0},
};

#define SCENARIOS_N (sizeof scenarios / sizeof *scenarios)

/* Sums over the zones of one scenario in one mode. */
struct figures {
    double naive; /* shares of zones */
    double whole;
    double median_days;    /* to 100 %, zones that never got there counting as endless */
    double median_demoted; /* days from the fault to the first move down */
    double demotions;      /* a zone-year */
    double broken;         /* mean a zone */
    uint64_t broken_max;
    unsigned peak_percent;
    double visits; /* a zone-day */
};

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[ZONES]) {
    for (unsigned i = 0; i < zones; i++)
        values[i] = values[i] < 0 ? DAYS * 10 : values[i];
    qsort(values, zones, sizeof *values, by_value);
    return values[zones / 2];
}

static struct figures simulate(size_t index, const struct rule_params *params, bool feedback) {
    static double days[ZONES];
    static double demoted[ZONES];
    struct figures sum = {0};
    for (unsigned zone = 0; zone < zones; zone++) {
        struct zone_run_setup setup = {.params = params,
                                       .model = &scenarios[index].model,
                                       .days = DAYS,
                                       .feedback = feedback,
                                       .scenario = index * 2 + feedback,
                                       .zone = zone};
        struct zone_run run;
        zone_run_simulate(&setup, &run);
        sum.naive += run.naive_whole;
        sum.whole += run.whole_after_days >= 0;
        sum.demotions += run.demotions;
        sum.broken += (double)run.broken;
        sum.visits += (double)run.visits;
        if (run.broken > sum.broken_max)
            sum.broken_max = run.broken;
        if (run.peak_percent > sum.peak_percent)
            sum.peak_percent = run.peak_percent;
        days[zone] = run.whole_after_days;
        demoted[zone] = run.demoted_after_days;
    }
    sum.naive /= zones;
    sum.whole /= zones;
    sum.broken /= zones;
    sum.demotions *= 365.0 / DAYS / zones;
    sum.visits /= (double)zones * DAYS;
    sum.median_days = median(days);
    sum.median_demoted = median(demoted);
    return sum;
}

static void print_days(double days) {
    if (days > DAYS)
        printf(" %7s", "-");
    else
        printf(" %7.2f", days);
}

static void print(const char *name, const char *mode, const struct figures *f) {
    printf("%-34s %-8s %6.2f %7.2f %4u", name, mode, f->naive * 100, f->whole * 100,
           f->peak_percent);
    print_days(f->median_days);
    print_days(f->median_demoted);
    printf(" %9.3f %10.1f %9llu %7.2f\n", f->demotions, f->broken,
           (unsigned long long)f->broken_max, f->visits);
    fflush(stdout);
}

static void scenario(size_t index, const struct rule_params *blind, const struct rule_params *fed) {
    const struct scenario *s = &scenarios[index];
    const char *name = s->model.name;
    struct figures probes = simulate(index, blind, false);
    print(name, "probes", &probes);
    struct figures canary = simulate(index, fed, true);
    print(name, "feedback", &canary);
    limit_check(name, "share of zones at 100 %, probes only", probes.whole, s->blind_whole_max);
    limit_check(name, "share of zones at 100 %, with feedback", canary.whole, s->fed_whole_max);
    limit_check(name, "broken connections a zone, with feedback", canary.broken, s->fed_broken_max);
    if (!s->healthy)
        return;
    limit_check(name, "median days to 100 %, probes only", probes.median_days, 15);
    limit_check(name, "median days to 100 %, with feedback", canary.median_days, 15);
    limit_check(name, "demotions a zone-year, probes only", probes.demotions, 0.3);
    limit_check(name, "demotions a zone-year, with feedback", canary.demotions, 0.3);
}

int main(int argc, char **argv) {
    zones = ZONES / sample_divisor(argc, argv);
    struct rule_params careful;
    rule_params_init(&careful, PROFILE_CAREFUL);
    struct rule_params blind = careful;
    blind.blind_ramp = true;
    printf("%u zones, %u days, 100,000 connections a zone and day\n"
           "naive: \"the last scan decides\" would ever have said preferred; whole: the rule ever "
           "gave it 100 %%\n\n",
           zones, DAYS);
    printf("%-34s %-8s %6s %7s %4s %7s %7s %9s %10s %9s %7s\n", "", "", "naive", "whole", "peak",
           "days to", "days to", "demotions", "broken", "broken", "visits");
    printf("%-34s %-8s %6s %7s %4s %7s %7s %9s %10s %9s %7s\n", "fault", "evidence", "%", "%", "%",
           "100 %", "demote", "zone-year", "mean", "most", "a day");
    for (size_t i = 0; i < SCENARIOS_N; i++)
        scenario(i, &blind, &careful);
    /* Neither feedback nor blind_ramp: nobody may get past 10 %. */
    struct figures stopped = simulate(SCENARIOS_N - 2, &careful, false);
    print(scenarios[SCENARIOS_N - 2].model.name, "no ramp", &stopped);
    limit_check("healthy, no feedback, blind_ramp = no", "largest stage", stopped.peak_percent, 10);
    return limit_was_broken() ? 1 : 0;
}
