/* The choice of a zone on random zones: it equals brute force over all candidates, no order and no
 * bystander changes it, more weight never harms, and nobody is given what he does not tolerate. */
#include "report/zone/zone_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ORIGINS_MAX 8
#define ROUNDS 30000
#define NO_DIFFERENCE 1e-9

struct zone {
    struct rule_params params;
    size_t n;
    struct origin_advice advice[ORIGINS_MAX + 1];
    struct zone_origin origins[ORIGINS_MAX + 1];
};

static uint64_t next_random(uint64_t *state, uint64_t below) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 33) % below;
}

static bool often(uint64_t *random, uint64_t percent) {
    return next_random(random, 100) < percent;
}

static struct origin_advice any_origin(uint64_t *random) {
    static const enum share_answer answers[] = {SHARE_ACCEPTED, SHARE_ACCEPTED, SHARE_RETRIED,
                                                SHARE_UNKNOWN};
    struct origin_advice advice = {.last_ms = 1, .reason = REASON_SUPPORTED_WORKS};
    advice.tls12 = often(random, 15);
    advice.supported_ok = often(random, 85);
    advice.standing = often(random, 80) ? LEVEL_PREFERRED : LEVEL_OFF;
    advice.tolerates[LEVEL_OFF] = often(random, 95);
    advice.tolerates[LEVEL_SUPPORTED] = advice.supported_ok;
    advice.tolerates[LEVEL_PREFERRED] = advice.standing == LEVEL_PREFERRED;
    advice.gains[MODE_PREFERRED] = !advice.tls12 && often(random, 60);
    advice.gains[MODE_SUPPORTED] = !advice.tls12 && often(random, 50);
    advice.always_hybrid = advice.gains[MODE_PREFERRED] && often(random, 50);
    bool fails = often(random, 5);
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        advice.shares[i] =
            fails && often(random, 50) ? SHARE_FAILED : answers[next_random(random, 4)];
        advice.duals[i].proven = advice.duals[i].tried = often(random, 70);
        advice.duals[i].gains = !advice.tls12 && often(random, 60);
    }
    for (unsigned level = LEVEL_OFF; level < LEVEL_COUNT; level++)
        advice.bars[level] = REASON_REPRODUCIBLE_FAILURE;
    return advice;
}

static void make_zone(struct zone *zone, uint64_t *random) {
    static const double prices[] = {0, 0.5, 1};
    rule_params_init(&zone->params, PROFILE_CAREFUL);
    zone->params.retry_price = prices[next_random(random, 3)];
    zone->n = 1 + next_random(random, ORIGINS_MAX);
    for (size_t i = 0; i < zone->n; i++) {
        zone->advice[i] = any_origin(random);
        double weight = often(random, 5) ? 0 : (double)(1 + next_random(random, 1000));
        zone->origins[i] = (struct zone_origin){weight, &zone->advice[i]};
    }
}

static struct zone_target choose(const struct zone *zone) {
    struct zone_target target;
    zone_target_choose(&zone->params, COMPLIANCE_NONE, zone->origins, zone->n, &target);
    return target;
}

/* What an origin has of a candidate. */
static double value_for(const struct zone *zone, size_t which, unsigned candidate) {
    struct candidate_outcome outcome = candidate_try(&zone->advice[which], candidate);
    return outcome.gains - zone->params.retry_price * outcome.retries;
}

/* Value and retries of a candidate by weight, and whether all tolerate it. */
struct sum {
    bool tolerated;
    double value;
    double retries;
    double missed;
};

static struct sum add_up(const struct zone *zone, unsigned candidate) {
    struct sum sum = {.tolerated = true};
    double weight = 0;
    for (size_t i = 0; i < zone->n; i++) {
        struct candidate_outcome outcome = candidate_try(&zone->advice[i], candidate);
        double w = zone->origins[i].weight;
        weight += w;
        sum.tolerated = sum.tolerated && (outcome.tolerated || !(w > 0));
        sum.value += w * value_for(zone, i, candidate);
        sum.retries += w * outcome.retries;
        sum.missed += w * outcome.misses;
    }
    sum.value /= weight;
    sum.retries /= weight;
    sum.missed /= weight;
    return sum;
}

static bool all_tls12(const struct zone *zone) {
    for (size_t i = 0; i < zone->n; i++)
        if (zone->origins[i].weight > 0 && !zone->advice[i].tls12)
            return false;
    return true;
}

static double total_weight(const struct zone *zone) {
    double weight = 0;
    for (size_t i = 0; i < zone->n; i++)
        weight += zone->origins[i].weight;
    return weight;
}

static void equals_brute_force(const struct zone *zone) {
    struct zone_target target = choose(zone);
    bool any = false;
    struct sum chosen = {.tolerated = false};
    if (target.chosen != CANDIDATE_NONE)
        chosen = add_up(zone, target.chosen);
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        struct sum sum = add_up(zone, which);
        bool off = candidate_at(which).level == LEVEL_OFF;
        if (!sum.tolerated || (all_tls12(zone) && !off))
            continue;
        any = true;
        assert_true(target.chosen != CANDIDATE_NONE && !target.divided);
        assert_true(sum.value <= chosen.value + NO_DIFFERENCE);
        if (sum.value < chosen.value - NO_DIFFERENCE)
            continue;
        assert_true(sum.retries >= chosen.retries - NO_DIFFERENCE);
        if (sum.retries > chosen.retries + NO_DIFFERENCE || which >= target.chosen)
            continue;
        /* equal, and earlier in the order: a share that fewer would accept */
        assert_true(candidate_at(which).level == candidate_at(target.chosen).level &&
                    sum.missed > chosen.missed + NO_DIFFERENCE);
    }
    if (any)
        assert_true(chosen.tolerated);
    else
        assert_true(target.chosen == CANDIDATE_NONE || target.divided);
}

static void nobody_is_given_what_he_does_not_tolerate(const struct zone *zone) {
    struct zone_target target = choose(zone);
    for (size_t i = 0; i < zone->n && target.chosen != CANDIDATE_NONE && !target.divided; i++)
        assert_true(!(zone->origins[i].weight > 0) ||
                    candidate_try(&zone->advice[i], target.chosen).tolerated);
}

static void order_does_not_matter(const struct zone *zone) {
    struct zone turned = *zone;
    for (size_t i = 0; i < zone->n; i++)
        turned.origins[i] = zone->origins[zone->n - 1 - i];
    struct zone_target a = choose(zone), b = choose(&turned);
    assert_int_equal(a.chosen, b.chosen);
    assert_int_equal(a.possible, b.possible);
    assert_int_equal(a.reason, b.reason);
}

/* It tolerates everything, gains nothing and costs nothing. */
static void a_bystander_changes_nothing(const struct zone *zone) {
    struct zone more = *zone;
    struct origin_advice *bystander = &more.advice[more.n];
    *bystander = (struct origin_advice){.last_ms = 1, .standing = LEVEL_PREFERRED};
    for (unsigned level = LEVEL_OFF; level < LEVEL_COUNT; level++)
        bystander->tolerates[level] = true;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        bystander->shares[i] = SHARE_ACCEPTED;
        bystander->duals[i].proven = true;
    }
    bystander->tls12 = true;
    more.origins[more.n++] = (struct zone_origin){500, bystander};
    for (size_t i = 0; i + 1 < more.n; i++)
        more.origins[i].advice = &more.advice[i];
    struct zone_target before = choose(zone), after = choose(&more);
    if (before.chosen != CANDIDATE_NONE && !before.divided)
        assert_int_equal(before.chosen, after.chosen);
}

static void more_weight_never_harms(const struct zone *zone, uint64_t *random) {
    struct zone heavier = *zone;
    size_t which = next_random(random, zone->n);
    if (!(zone->origins[which].weight > 0))
        return;
    heavier.origins[which].weight *= 1 + (double)next_random(random, 100) / 10;
    struct zone_target before = choose(zone), after = choose(&heavier);
    if (before.divided || before.chosen == CANDIDATE_NONE)
        return;
    assert_true(value_for(zone, which, after.chosen) >=
                value_for(zone, which, before.chosen) - NO_DIFFERENCE);
}

static void properties_of_the_choice(void **state) {
    (void)state;
    uint64_t random = 11;
    size_t levels[LEVEL_COUNT] = {0}, duals = 0, divided = 0;
    struct zone zone;
    for (size_t round = 0; round < ROUNDS; round++) {
        make_zone(&zone, &random);
        if (!(total_weight(&zone) > 0))
            continue;
        equals_brute_force(&zone);
        nobody_is_given_what_he_does_not_tolerate(&zone);
        order_does_not_matter(&zone);
        a_bystander_changes_nothing(&zone);
        more_weight_never_harms(&zone, &random);
        struct zone_target target = choose(&zone);
        levels[target.setting.level]++;
        duals += target.setting.dual_share != GROUP_NONE;
        divided += target.divided;
    }
    for (enum rule_level level = LEVEL_OFF; level < LEVEL_COUNT; level++)
        assert_true(levels[level] > 1000);
    assert_true(duals > 1000 && divided > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_of_the_choice),
    };
    return cmocka_run_group_tests_name("zone choice", tests, NULL, NULL);
}
