/* Brute force, and the rule of before. */
#include "tests/sim/zone_choice.h"

static void add_origin(struct zone_truth *out, unsigned which, const struct server *server,
                       double weight) {
    struct candidate_outcome outcome = server_truth(server, which);
    bool safe = candidate_at(which).level <= server_ceiling(server);
    out->works[which] = out->works[which] && outcome.tolerated;
    out->tolerated[which] = out->tolerated[which] && outcome.tolerated && safe;
    out->sums[which].hybrid += outcome.gains ? weight : 0;
    out->sums[which].retry += outcome.retries ? weight : 0;
    out->sums[which].missed += outcome.misses ? weight : 0;
}

void zone_choice_truth(const struct population_zone *zone, struct zone_truth *out) {
    *out = (struct zone_truth){.all_tls12 = true};
    for (unsigned i = 0; i < zone->n; i++)
        out->all_tls12 = out->all_tls12 && zone->servers[i]->tls12;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        out->works[which] = out->tolerated[which] = true;
        for (unsigned i = 0; i < zone->n; i++)
            add_origin(out, which, zone->servers[i], zone->weights[i]);
    }
}

unsigned zone_choice_oracle(const struct zone_truth *truth, const bool allowed[CANDIDATE_COUNT],
                            double retry_price) {
    unsigned best = CANDIDATE_NONE;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        if (!allowed[which] || (truth->all_tls12 && candidate_at(which).level != LEVEL_OFF))
            continue;
        if (best == CANDIDATE_NONE ||
            candidate_is_better(which, &truth->sums[which], best, &truth->sums[best], retry_price))
            best = which;
    }
    return best;
}

static enum rule_level level_before(const struct origin_advice *origin) {
    if (origin->tls12 && origin->standing > LEVEL_OFF)
        return LEVEL_OFF;
    bool without_gain = origin->standing == LEVEL_PREFERRED && !origin->gains[MODE_PREFERRED];
    return without_gain ? LEVEL_SUPPORTED : origin->standing;
}

/* Weight of the origins that accept the share, or -1 if any fails on it. */
static double weight_of_share(const struct zone_origin *origins, size_t origins_n, unsigned share) {
    double weight = 0;
    for (size_t i = 0; i < origins_n; i++) {
        if (origin_advice_share_fails(origins[i].advice, (enum classical_group)share))
            return -1;
        weight += origins[i].advice->shares[share] == SHARE_ACCEPTED ? origins[i].weight : 0;
    }
    return weight;
}

unsigned zone_choice_before(const struct zone_origin *origins, size_t origins_n) {
    enum rule_level level = LEVEL_PREFERRED;
    bool supported_ok = true;
    for (size_t i = 0; i < origins_n; i++) {
        enum rule_level own = level_before(origins[i].advice);
        level = own < level ? own : level;
        supported_ok = supported_ok && origins[i].advice->supported_ok;
    }
    if (level == LEVEL_SUPPORTED && !supported_ok)
        level = LEVEL_OFF;
    if (level == LEVEL_PREFERRED || level == LEVEL_NONE)
        return level == LEVEL_NONE ? CANDIDATE_NONE : CANDIDATE_SINGLE;
    double most = -1;
    unsigned share = CLASSICAL_COUNT;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        double weight = weight_of_share(origins, origins_n, i);
        if (weight <= most)
            continue;
        most = weight;
        share = i;
    }
    if (share == CLASSICAL_COUNT)
        return CANDIDATE_NONE;
    return (level == LEVEL_OFF ? CANDIDATE_OFF : CANDIDATE_SUPPORTED) + share;
}
