/* 20,000 zones over 30 days without faults. */
#include "tests/sim/zone_value.h"

#include "scanner/base/array.h"
#include "scanner/base/duration.h"
#include "tests/sim/limit.h"
#include "tests/sim/zone_play.h"

#include <stdio.h>

#define ZONES 20000
#define NOISY_ZONES 2000
#define DAYS 30
#define MIXES (POPULATION_COUNT * 2) /* each population, its origins mixed and alike */

static const double prices[] = {0.5, 0, 1}; /* the first one's evidence serves the others, too */
#define PRICES_N COUNT_OF(prices)

/* Sums over zones of what a choice truly comes to. */
struct figures {
    struct candidate_sum sum;
    unsigned failing; /* zones with a setting that some origin fails on */
};

/* One line of the table. */
struct line {
    unsigned zones; /* those apart for which no setting works at all */
    unsigned worse; /* zones without a setting that all tolerate, although there is one */
    struct figures oracle, rule, before;
    struct figures bold; /* an oracle that does not heed the safe settings of faults */
};

static void add_choice(struct figures *figures, const struct zone_truth *truth, unsigned chosen) {
    if (chosen == CANDIDATE_NONE)
        return;
    figures->failing += !truth->works[chosen];
    figures->sum.hybrid += truth->sums[chosen].hybrid;
    figures->sum.retry += truth->sums[chosen].retry;
}

/* ---- where something is lost ---- */

static void print_origins(const struct zone_play *play, unsigned oracle) {
    for (unsigned i = 0; i < play->zone->n; i++) {
        struct candidate_outcome outcome = candidate_try(&play->advice[i], oracle);
        printf(" [%s %.2f%s%s]", play->zone->servers[i]->name, play->zone->weights[i],
               outcome.tolerated ? "" : " bars ",
               outcome.tolerated ? "" : rule_reason_name(outcome.reason));
    }
    printf("\n");
}

static void print_loss(const struct zone_play *play, const struct zone_truth *truth,
                       unsigned oracle, double price) {
    unsigned rule = play->target.chosen;
    char better[CANDIDATE_NAME_SIZE], chosen[CANDIDATE_NAME_SIZE] = "none";
    double lost = candidate_value(&truth->sums[oracle], price);
    if (rule != CANDIDATE_NONE) {
        candidate_name(rule, chosen);
        lost -= candidate_value(&truth->sums[rule], price);
    }
    if (lost <= 1e-9)
        return;
    printf("LOSS %.4f price %.1f: %s instead of %s:", lost, price, chosen,
           candidate_name(oracle, better));
    print_origins(play, oracle);
}

/* ---- one zone ---- */

static void count_zone(struct line *line, const struct zone_play *play,
                       const struct zone_truth *truth, double price, bool losses) {
    unsigned oracle = zone_choice_oracle(truth, truth->tolerated, price);
    if (oracle == CANDIDATE_NONE)
        return;
    line->zones++;
    line->worse += play->target.divided || play->target.chosen == CANDIDATE_NONE;
    add_choice(&line->oracle, truth, oracle);
    add_choice(&line->bold, truth, zone_choice_oracle(truth, truth->works, price));
    add_choice(&line->rule, truth, play->target.chosen);
    add_choice(&line->before, truth, zone_choice_before(play->rows, play->zone->n));
    if (losses)
        print_loss(play, truth, oracle, price);
}

/* Whether the zone would ask its origins for the same proofs at that price. */
static bool would_wish_the_same(const struct zone_play *play, const struct rule_params *params) {
    struct zone_target target;
    zone_target_choose(params, COMPLIANCE_NONE, play->rows, play->zone->n, &target);
    for (unsigned i = 0; i < play->zone->n; i++) {
        struct proof_wish wish = zone_target_wish(&target, &play->advice[i]);
        const struct proof_wish *has = &play->origins[i].state.wish;
        if (wish.level != has->level || wish.share != has->share)
            return false;
    }
    return true;
}

struct life {
    const struct population_zone *zone;
    const struct fault_model *model;
    const struct rule_params *params; /* the price that the zone lives with comes first */
    size_t params_n;
    uint64_t number;
};

/* The target that all origins' evidence allows on the last day; where the zone's ramp would stand is
 * not asked. same[p]: at params[p]'s price it would have lived alike. */
static void live(const struct life *life, struct zone_play *play, bool same[PRICES_N]) {
    const struct fault_model *models[POPULATION_ORIGINS_MAX];
    for (unsigned i = 0; i < life->zone->n; i++)
        models[i] = life->model;
    zone_play_init(play, life->zone, models, 1000, life->number);
    for (size_t p = 0; p < life->params_n; p++)
        same[p] = true;
    for (int64_t day = 1; day <= DAYS; day++) {
        zone_play_until(play, life->params, day * DAY_MS);
        zone_play_judge(play, life->params, day * DAY_MS);
        for (size_t p = 1; p < life->params_n; p++)
            same[p] = same[p] && would_wish_the_same(play, &life->params[p]);
    }
}

static void simulate_zone(const struct life *life, struct line lines[PRICES_N], bool losses) {
    static struct zone_play play, again; /* large */
    struct zone_truth truth;
    bool same[PRICES_N], alone[PRICES_N];
    zone_choice_truth(life->zone, &truth);
    live(life, &play, same);
    count_zone(&lines[0], &play, &truth, prices[0], losses);
    for (size_t p = 1; p < life->params_n; p++) {
        struct life other = *life;
        other.params = &life->params[p];
        other.params_n = 1;
        if (same[p])
            zone_target_choose(other.params, COMPLIANCE_NONE, play.rows, life->zone->n,
                               &play.target);
        else
            live(&other, &again, alone);
        count_zone(&lines[p], same[p] ? &play : &again, &truth, prices[p], losses);
    }
}

/* ---- the table ---- */

static double value_of(const struct figures *figures, double price) {
    return candidate_value(&figures->sum, price);
}

static void print_triple(int digits, double a, double b, double c, double zones) {
    printf("  %*.3f %*.3f %*.3f", digits, a * 100 / zones, digits, b * 100 / zones, digits,
           c * 100 / zones);
}

static void print_line(const char *name, double price, const struct line *line) {
    const struct figures *o = &line->oracle, *r = &line->rule, *b = &line->before;
    printf("%-18s %5.1f %6u", name, price, line->zones);
    print_triple(6, o->sum.hybrid, r->sum.hybrid, b->sum.hybrid, line->zones);
    print_triple(6, o->sum.retry, r->sum.retry, b->sum.retry, line->zones);
    print_triple(6, value_of(o, price), value_of(r, price), value_of(b, price), line->zones);
    printf("  %6.2f %6.2f %4u\n", value_of(r, price) * 100 / value_of(o, price),
           value_of(r, price) * 100 / value_of(&line->bold, price), r->failing);
    fflush(stdout);
}

static void print_head(unsigned zones) {
    printf("%u zones of 1 to %u origins, %u days, no faults; all in %% of the traffic\n"
           "oracle: the best setting that all origins truly tolerate; before: the lowest level of "
           "any origin\n"
           "bold: of an oracle that uses hellos which a diagnosed fault forbids\n\n",
           zones, POPULATION_ORIGINS_MAX, DAYS);
    printf("%-18s %5s %6s  %-20s  %-20s  %-20s  %-13s %4s\n", "", "retry", "", "hybrid", "retries",
           "value", "rule, % of", "");
    printf("%-18s %5s %6s", "zones", "price", "");
    for (unsigned i = 0; i < 3; i++)
        printf("  %6s %6s %6s", "oracle", "rule", "before");
    printf("  %6s %6s %4s\n", "oracle", "bold", "fail");
}

static void add_figures(struct figures *sum, const struct figures *more) {
    sum->sum.hybrid += more->sum.hybrid;
    sum->sum.retry += more->sum.retry;
    sum->failing += more->failing;
}

static void add_line(struct line *sum, const struct line *more) {
    sum->zones += more->zones;
    sum->worse += more->worse;
    add_figures(&sum->oracle, &more->oracle);
    add_figures(&sum->bold, &more->bold);
    add_figures(&sum->rule, &more->rule);
    add_figures(&sum->before, &more->before);
}

static void check_line(double price, const struct line *line) {
    char where[32];
    snprintf(where, sizeof where, "retry_price %.1f", price);
    double oracle = value_of(&line->oracle, price);
    limit_check(where, "what is lost of the oracle's value",
                (oracle - value_of(&line->rule, price)) / oracle, 0.005);
    limit_check(where, "zones whose setting some origin fails on", line->rule.failing, 0);
    limit_check(where, "zones without a setting that all tolerate", line->worse, 0);
}

static void draw_zone(unsigned number, struct population_zone *out) {
    unsigned mix = number % MIXES;
    struct draw draw = draw_seed(999, number);
    population_draw(mix / 2, mix % 2, &draw, out);
}

static void simulate_mixes(unsigned zones, const struct rule_params params[PRICES_N], bool losses) {
    static const struct fault_model sound;
    static struct line lines[MIXES][PRICES_N], all[PRICES_N];
    for (unsigned i = 0; i < zones; i++) {
        struct population_zone zone;
        draw_zone(i, &zone);
        struct life life = {&zone, &sound, params, PRICES_N, i};
        simulate_zone(&life, lines[i % MIXES], losses);
    }
    for (unsigned mix = 0; mix < MIXES; mix++) {
        char name[32];
        snprintf(name, sizeof name, "%s, %s", population_name(mix / 2),
                 mix % 2 ? "alike" : "mixed");
        for (size_t p = 0; p < PRICES_N; p++) {
            print_line(name, prices[p], &lines[mix][p]);
            add_line(&all[p], &lines[mix][p]);
        }
    }
    for (size_t p = 0; p < PRICES_N; p++) {
        print_line("all", prices[p], &all[p]);
        check_line(prices[p], &all[p]);
    }
}

/* The same zones where connections get lost now and then. */
static void simulate_noise(unsigned zones, const struct rule_params *params) {
    static const struct fault_model noisy = {.noise = 0.002};
    static struct line lines[PRICES_N]; /* of which the first is used */
    for (unsigned i = 0; i < zones; i++) {
        struct population_zone zone;
        draw_zone(i, &zone);
        struct life life = {&zone, &noisy, params, 1, i};
        simulate_zone(&life, lines, false);
    }
    print_line("all, 0.2 % noise", prices[0], &lines[0]);
    limit_check("noise", "zones whose setting some origin fails on", lines[0].rule.failing, 0);
}

void zone_value_simulate(unsigned divisor, bool losses) {
    struct rule_params params[PRICES_N];
    for (size_t p = 0; p < PRICES_N; p++) {
        rule_params_init(&params[p], PROFILE_CAREFUL);
        params[p].retry_price = prices[p];
    }
    print_head(ZONES / divisor);
    simulate_mixes(ZONES / divisor, params, losses);
    simulate_noise(NOISY_ZONES / divisor, params);
}
