/* The value of each candidate over a zone's origins, and the best of them. */
#include "report/zone/zone_target.h"

#include <string.h>

bool zone_target_off_fails(enum compliance compliance, const struct origin_advice *origin) {
    bool any = false;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        enum classical_group which = (enum classical_group)i;
        if (!compliance_allows(compliance, observation_classical_group(which)))
            continue;
        if (!origin_advice_share_fails(origin, which))
            return false;
        any = true;
    }
    return any;
}

/* ---- adding the origins up ---- */

/* A zone while it is reckoned. Sums are of weights; at the end they become fractions. */
struct reckoning {
    const struct rule_params *params;
    enum compliance compliance;
    struct zone_target *out;
    struct candidate_sum may[CANDIDATE_COUNT]; /* if what is not known turned out well */
    double heaviest[CANDIDATE_COUNT];          /* weight of barred_by */
    double weight;
    bool all_tls12;
    bool advised; /* each weighted origin has advice */
};

static bool candidate_complies(const struct reckoning *r, unsigned which) {
    return zone_setting_allows(r->compliance, r->params->hybrid, which);
}

/* What an origin may make of a candidate if what is not known of it turns out well. */
static void add_hope(const struct origin_advice *origin, unsigned which,
                     const struct candidate_outcome *outcome, double weight,
                     struct candidate_sum *may) {
    struct candidate candidate = candidate_at(which);
    bool gains = outcome->gains, retries = outcome->retries;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (observation_classical_group((enum classical_group)i) != candidate.share)
            continue;
        if (candidate.level == LEVEL_PREFERRED && !origin->duals[i].tried && !origin->tls12)
            gains = gains || origin->gains[MODE_PREFERRED] || origin->duals[CLASSICAL_X25519].gains;
        bool by_retry = candidate.level == LEVEL_SUPPORTED && gains;
        if ((origin->shares[i] == SHARE_UNKNOWN || (candidate.level == LEVEL_PREFERRED && gains)) &&
            !by_retry)
            retries = false;
    }
    may->hybrid += gains ? weight : 0;
    may->retry += retries ? weight : 0;
    may->missed += outcome->misses ? weight : 0;
}

static void reckon_candidate(struct reckoning *r, const struct zone_origin *origin, size_t index,
                             unsigned which) {
    struct zone_candidate *candidate = &r->out->candidates[which];
    struct candidate_outcome outcome = candidate_try(origin->advice, which);
    candidate->sum.hybrid += outcome.gains ? origin->weight : 0;
    candidate->sum.retry += outcome.retries ? origin->weight : 0;
    candidate->sum.missed += outcome.misses ? origin->weight : 0;
    add_hope(origin->advice, which, &outcome, origin->weight, &r->may[which]);
    if (outcome.tolerated) {
        candidate->tolerated_weight += origin->weight;
        return;
    }
    candidate->tolerated = false;
    candidate->provable = candidate->provable && outcome.provable;
    if (candidate->barred_by != SIZE_MAX && origin->weight <= r->heaviest[which])
        return;
    candidate->barred_by = index;
    candidate->reason = outcome.reason;
    r->heaviest[which] = origin->weight;
}

static void keep_worst_evidence(struct zone_target *out, const struct origin_advice *advice) {
    if (out->origins > 0 && advice->upper95 <= out->upper95)
        return;
    out->days = advice->days;
    out->trials = advice->trials;
    out->failures = advice->failures;
    out->upper95 = advice->upper95;
}

static void reckon_origin(struct reckoning *r, const struct zone_origin *origin, size_t index) {
    struct zone_target *out = r->out;
    const struct origin_advice *advice = origin->advice;
    keep_worst_evidence(out, advice);
    if (out->origins == 0 || advice->not_after_ms < out->not_after_ms)
        out->not_after_ms = advice->not_after_ms;
    out->holds = out->holds && advice->holds;
    out->provisional = out->provisional || advice->provisional;
    out->measured = out->measured || advice->last_ms != 0;
    out->always_hybrid = out->always_hybrid && advice->always_hybrid;
    for (unsigned c = 0; c < CLASSICAL_COUNT; c++) {
        out->needed[c] = out->needed[c] || advice->needed[c];
        out->share_fails[c] =
            out->share_fails[c] || origin_advice_share_fails(advice, (enum classical_group)c);
    }
    r->all_tls12 = r->all_tls12 && advice->tls12;
    if (advice->standing == LEVEL_NONE && r->advised) { /* the first such origin is named */
        r->advised = false;
        out->limiting = index;
        out->reason = advice->reason;
    }
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++)
        reckon_candidate(r, origin, index, which);
    r->weight += origin->weight;
    out->origins++;
}

static void reckon_zone(struct reckoning *r, const struct zone_origin *origins, size_t origins_n) {
    struct zone_target *out = r->out;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++)
        out->candidates[which] = (struct zone_candidate){
            .tolerated = true, .provable = true, .barred_by = SIZE_MAX, .reason = REASON_NONE};
    out->holds = out->always_hybrid = true;
    r->all_tls12 = r->advised = true;
    for (size_t i = 0; i < origins_n; i++) {
        if (origins[i].weight > 0)
            reckon_origin(r, &origins[i], i);
    }
    for (unsigned which = 0; which < CANDIDATE_COUNT && r->weight > 0; which++) {
        struct zone_candidate *candidate = &out->candidates[which];
        candidate->sum.hybrid /= r->weight;
        candidate->sum.retry /= r->weight;
        candidate->sum.missed /= r->weight;
        candidate->tolerated_weight /= r->weight;
        r->may[which].hybrid /= r->weight;
        r->may[which].retry /= r->weight;
        r->may[which].missed /= r->weight;
        candidate->may = r->may[which];
    }
    if (out->origins == 0)
        out->always_hybrid = false;
}

static void allow_candidates(struct reckoning *r) {
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        struct zone_candidate *candidate = &r->out->candidates[which];
        candidate->allowed = candidate_complies(r, which) &&
                             (!r->all_tls12 || candidate_at(which).level == LEVEL_OFF) &&
                             (compliance_falls_back(r->compliance) || r->out->always_hybrid);
    }
}

/* ---- choosing ---- */

static bool has_filter(const struct zone_candidate *candidate, bool complies) {
    return candidate->allowed || !complies;
}

/* The best of those that all tolerate; `complies`: and that the filter allows. */
static unsigned choose_tolerated(const struct zone_target *target, bool complies) {
    unsigned best = CANDIDATE_NONE;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        const struct zone_candidate *candidate = &target->candidates[which];
        if (!candidate->tolerated || !has_filter(candidate, complies))
            continue;
        if (best == CANDIDATE_NONE ||
            candidate_is_better(which, &candidate->sum, best, &target->candidates[best].sum,
                                target->retry_price))
            best = which;
    }
    return best;
}

/* The one that the most weight tolerates. */
static unsigned choose_divided(const struct zone_target *target) {
    unsigned best = CANDIDATE_NONE;
    double most = 0;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        const struct zone_candidate *candidate = &target->candidates[which];
        double weight = candidate->tolerated_weight;
        if (!candidate->allowed || !(weight > 0) || weight < most)
            continue;
        if (best != CANDIDATE_NONE && weight <= most &&
            !candidate_is_better(which, &candidate->sum, best, &target->candidates[best].sum,
                                 target->retry_price))
            continue;
        best = which;
        most = weight;
    }
    return best;
}

static unsigned choose_possible(const struct reckoning *r) {
    const struct zone_target *target = r->out;
    unsigned best = target->chosen;
    struct candidate_sum sum = {.hybrid = 0};
    if (best != CANDIDATE_NONE)
        sum = target->candidates[best].sum;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        const struct zone_candidate *candidate = &target->candidates[which];
        if (!candidate->allowed || !(candidate->tolerated || candidate->provable))
            continue;
        if (best != CANDIDATE_NONE &&
            !candidate_is_better(which, &r->may[which], best, &sum, target->retry_price))
            continue;
        best = which;
        sum = r->may[which];
    }
    return best;
}

/* The best classical share without the hybrid; with `measured` failures left out. */
static uint16_t choose_classical_share(const struct reckoning *r) {
    const struct zone_target *target = r->out;
    unsigned best = CANDIDATE_NONE;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        const struct zone_candidate *candidate = &target->candidates[CANDIDATE_OFF + i];
        if (target->share_fails[i] || !candidate_complies(r, CANDIDATE_OFF + i))
            continue;
        if (best == CANDIDATE_NONE || candidate_is_better(CANDIDATE_OFF + i, &candidate->sum, best,
                                                          &target->candidates[best].sum, 1))
            best = CANDIDATE_OFF + i;
    }
    return best == CANDIDATE_NONE ? GROUP_NONE : candidate_at(best).share;
}

/* Which candidate would be better if its bar fell, whatever the bar is. */
static unsigned find_best_barred(const struct reckoning *r) {
    const struct zone_target *target = r->out;
    unsigned best = CANDIDATE_NONE, before = target->chosen;
    const struct candidate_sum *sum = &target->candidates[before].sum;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        const struct zone_candidate *candidate = &target->candidates[which];
        if (!candidate->allowed || candidate->tolerated ||
            !candidate_is_better(which, &r->may[which], before, sum, target->retry_price))
            continue;
        best = before = which;
        sum = &r->may[which];
    }
    return best;
}

/* Whether each origin alone would have more than all of them together. */
static bool all_could_have_more(const struct zone_origin *origins, size_t origins_n,
                                enum rule_level level) {
    unsigned weighted = 0;
    for (size_t i = 0; i < origins_n; i++) {
        if (!(origins[i].weight > 0))
            continue;
        weighted++;
        if (origins[i].advice->level <= level)
            return false;
    }
    return weighted > 1;
}

/* An origin whose level is that of the choice says why. */
static void find_reason(const struct reckoning *r, const struct zone_origin *origins,
                        size_t origins_n) {
    struct zone_target *out = r->out;
    enum rule_level level = candidate_at(out->chosen).level;
    unsigned barred = find_best_barred(r);
    if (barred != CANDIDATE_NONE)
        out->limiting = out->candidates[barred].barred_by;
    if (out->divided || all_could_have_more(origins, origins_n, level)) {
        out->reason = REASON_MIXED_ORIGINS;
        return;
    }
    if (out->limiting < origins_n && origins[out->limiting].advice->level <= level) {
        out->reason = origins[out->limiting].advice->reason;
        return;
    }
    double heaviest = 0;
    for (size_t i = 0; i < origins_n; i++) {
        if (origins[i].advice->level != level || !(origins[i].weight > heaviest))
            continue;
        heaviest = origins[i].weight;
        out->reason = origins[i].advice->reason;
    }
    if (!(heaviest > 0)) /* all of them differ from it */
        out->reason = level == LEVEL_PREFERRED   ? REASON_HYBRID_IN_ONE_ROUND_TRIP
                      : level == LEVEL_SUPPORTED ? REASON_SUPPORTED_WORKS
                                                 : REASON_MIXED_ORIGINS;
}

static bool share_is_confirmed(const struct zone_origin *origins, size_t origins_n,
                               uint16_t share) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (observation_classical_group((enum classical_group)i) != share)
            continue;
        for (size_t o = 0; o < origins_n; o++) {
            if (origins[o].weight > 0 && origins[o].advice->shares[i] != SHARE_ACCEPTED)
                return false;
        }
        return true;
    }
    return true; /* the hybrid: proven by every origin's level */
}

struct zone_setting zone_target_setting(const struct rule_params *params,
                                        enum compliance compliance,
                                        const struct zone_target *target, unsigned which) {
    struct candidate candidate = candidate_at(which);
    struct zone_setting setting =
        zone_setting_make(params, compliance, candidate.level, candidate.share, target->needed);
    if (which != CANDIDATE_SINGLE || setting.groups_n < 2)
        return setting;
    unsigned dual = candidate_find(LEVEL_PREFERRED, setting.groups[1]);
    setting.dual_ok = dual != CANDIDATE_NONE && target->candidates[dual].tolerated;
    return setting;
}

static void choose_setting(struct reckoning *r, const struct zone_origin *origins,
                           size_t origins_n) {
    struct zone_target *out = r->out;
    out->chosen = choose_tolerated(out, true);
    unsigned without_filter = choose_tolerated(out, false);
    if (out->chosen == CANDIDATE_NONE && without_filter == CANDIDATE_NONE) {
        out->chosen = choose_divided(out);
        out->divided = out->chosen != CANDIDATE_NONE;
    }
    bool filtered =
        without_filter != CANDIDATE_NONE &&
        (out->chosen == CANDIDATE_NONE ||
         (!r->all_tls12 && candidate_at(out->chosen).level < candidate_at(without_filter).level));
    if (out->chosen == CANDIDATE_NONE) {
        out->reason = filtered ? REASON_COMPLIANCE : REASON_MIXED_ORIGINS;
        return;
    }
    out->setting = zone_target_setting(r->params, r->compliance, out, out->chosen);
    out->setting.first_share_confirmed =
        share_is_confirmed(origins, origins_n, out->setting.first_share);
    find_reason(r, origins, origins_n);
    if (filtered)
        out->reason = REASON_COMPLIANCE;
}

void zone_target_choose(const struct rule_params *params, enum compliance compliance,
                        const struct zone_origin *origins, size_t origins_n,
                        struct zone_target *out) {
    struct reckoning r = {.params = params, .compliance = compliance, .out = out};
    memset(out, 0, sizeof *out);
    out->limiting = SIZE_MAX;
    out->retry_price = params->retry_price;
    out->chosen = out->possible = CANDIDATE_NONE;
    reckon_zone(&r, origins, origins_n);
    allow_candidates(&r);
    out->classical_share = choose_classical_share(&r);
    out->off_fails = out->origins > 0 && out->classical_share == GROUP_NONE &&
                     zone_setting_usual_share(compliance) != GROUP_NONE;
    if (out->origins == 0)
        out->reason = REASON_NO_ORIGINS;
    else if (r.advised)
        choose_setting(&r, origins, origins_n);
    if (out->origins > 0)
        out->possible = choose_possible(&r);
    if (out->setting.level == LEVEL_NONE)
        out->not_after_ms = 0;
}

/* ---- what the choice is asked for ---- */

struct candidate_sum zone_target_expect(const struct zone_target *target,
                                        const struct zone_setting *setting) {
    unsigned which = zone_setting_candidate(setting);
    return which == CANDIDATE_NONE ? (struct candidate_sum){.hybrid = 0}
                                   : target->candidates[which].sum;
}

struct candidate_sum zone_target_possible_sum(const struct zone_target *target) {
    if (target->possible == CANDIDATE_NONE)
        return (struct candidate_sum){.hybrid = 0};
    const struct zone_candidate *candidate = &target->candidates[target->possible];
    return target->possible == target->chosen ? candidate->sum : candidate->may;
}

bool zone_target_nearly_best(const struct zone_target *target, unsigned which) {
    if (which == CANDIDATE_NONE || target->chosen == CANDIDATE_NONE || target->divided)
        return false;
    const struct zone_candidate *candidate = &target->candidates[which];
    const struct candidate_sum *best = &target->candidates[target->chosen].sum;
    double loss = candidate_value(best, target->retry_price) -
                  candidate_value(&candidate->sum, target->retry_price);
    return candidate->tolerated && candidate->allowed && loss <= ZONE_TARGET_NEARLY &&
           candidate->sum.retry - best->retry <= ZONE_TARGET_NEARLY;
}

struct zone_setting zone_target_at_most(const struct rule_params *params,
                                        enum compliance compliance,
                                        const struct zone_target *target,
                                        const bool deny[LEVEL_COUNT], enum rule_level level,
                                        zone_target_filter *filter, const void *arg) {
    unsigned best = CANDIDATE_NONE;
    enum rule_level chosen = target->setting.level;
    bool free = level >= chosen && (chosen <= LEVEL_OFF || !deny[chosen]);
    if (free && (!filter || target->chosen == CANDIDATE_NONE || filter(arg, target->chosen)))
        return target->setting;
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        const struct zone_candidate *candidate = &target->candidates[which];
        enum rule_level of = candidate_at(which).level;
        if (!candidate->tolerated || !candidate->allowed || of > level || of > chosen ||
            (of > LEVEL_OFF && deny[of]) || (filter && !filter(arg, which)))
            continue;
        if (best == CANDIDATE_NONE ||
            candidate_is_better(which, &candidate->sum, best, &target->candidates[best].sum,
                                target->retry_price))
            best = which;
    }
    if (best == CANDIDATE_NONE)
        return (struct zone_setting){.level = LEVEL_NONE};
    return zone_target_setting(params, compliance, target, best);
}

/* The share that the origin takes without a retry, but for X25519; GROUP_NONE if none is known. */
static uint16_t accepted_share(const struct origin_advice *origin) {
    for (unsigned i = CLASSICAL_P256; i < CLASSICAL_COUNT; i++) {
        if (origin->shares[i] == SHARE_ACCEPTED)
            return observation_classical_group((enum classical_group)i);
    }
    return GROUP_NONE;
}

/* A hello of full length proves `preferred` where a ServerHello follows it. An origin that would answer
 * the zone's share by a retry has to be sent its own; now and then the zone's again, lest that answer
 * lapse. X25519 is in every visit. */
static uint16_t share_to_prove(const struct origin_advice *origin, struct candidate candidate) {
    bool preferred = candidate.level == LEVEL_PREFERRED;
    uint16_t share = candidate.share == GROUP_NONE ? GROUP_X25519 : candidate.share;
    if (origin->tls12)
        return GROUP_NONE;
    for (unsigned i = 0; i < CLASSICAL_COUNT && preferred && !origin->gains[MODE_PREFERRED]; i++) {
        if (observation_classical_group((enum classical_group)i) == share &&
            origin->shares[i] == SHARE_RETRIED && origin->share_is_fresh[i])
            return accepted_share(origin);
    }
    return share == GROUP_X25519 ? GROUP_NONE : share;
}

/* What the origin would not collect the evidence for by itself. */
static bool has_to_be_asked(const struct origin_advice *origin, enum rule_level level) {
    if (level <= LEVEL_OFF || origin->tolerates[level])
        return false;
    return origin->tls12 || (level == LEVEL_PREFERRED && !origin->gains[MODE_PREFERRED]);
}

/* The proof of a share has to be renewed as long as the zone sends it: its wish stays. */
struct proof_wish zone_target_wish(const struct zone_target *target,
                                   const struct origin_advice *origin) {
    struct proof_wish wish = {.level = LEVEL_NONE};
    if (target->possible == CANDIDATE_NONE)
        return wish;
    struct candidate candidate = candidate_at(target->possible);
    wish.share = share_to_prove(origin, candidate);
    if (has_to_be_asked(origin, candidate.level) || wish.share != GROUP_NONE)
        wish.level = candidate.level;
    return wish;
}
