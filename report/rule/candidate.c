/* Candidates and what an origin makes of them. */
#include "report/rule/candidate.h"

#include "report/rule/origin_advice.h"

#include <assert.h>
#include <stdio.h>

#define NO_DIFFERENCE 1e-9

static bool is_dual(unsigned which) {
    return which >= CANDIDATE_DUAL;
}

/* Which classical share it sends; CLASSICAL_COUNT for none. */
static unsigned share_of(unsigned which) {
    if (which == CANDIDATE_SINGLE)
        return CLASSICAL_COUNT;
    return is_dual(which) ? which - CANDIDATE_DUAL : which % CLASSICAL_COUNT;
}

struct candidate candidate_at(unsigned which) {
    static_assert(CANDIDATE_OFF % CLASSICAL_COUNT == 0, "shares follow each other in each block");
    assert(which < CANDIDATE_COUNT);
    unsigned share = share_of(which);
    enum rule_level level = which < CANDIDATE_OFF      ? LEVEL_SUPPORTED
                            : which < CANDIDATE_SINGLE ? LEVEL_OFF
                                                       : LEVEL_PREFERRED;
    return (struct candidate){
        .level = level,
        .share = share < CLASSICAL_COUNT ? observation_classical_group((enum classical_group)share)
                                         : GROUP_NONE};
}

unsigned candidate_find(enum rule_level level, uint16_t share) {
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++) {
        struct candidate candidate = candidate_at(which);
        if (candidate.level == level && candidate.share == share)
            return which;
    }
    return CANDIDATE_NONE;
}

const char *candidate_name(unsigned which, char out[CANDIDATE_NAME_SIZE]) {
    struct candidate candidate = candidate_at(which);
    char group[GROUP_NAME_SIZE];
    const char *variant = candidate.level != LEVEL_PREFERRED ? ""
                          : is_dual(which)                   ? " dual"
                                                             : " single";
    bool share = candidate.share != GROUP_NONE;
    snprintf(out, CANDIDATE_NAME_SIZE, "%s%s%s%s", rule_level_name(candidate.level), variant,
             share ? ", " : "", share ? group_name(candidate.share, group) : "");
    return out;
}

const char *candidate_variant(unsigned which) {
    if (candidate_at(which).level != LEVEL_PREFERRED)
        return NULL;
    return is_dual(which) ? "dual" : "single";
}

/* ---- one origin ---- */

static struct candidate_outcome refuse(enum rule_reason reason, bool provable) {
    return (struct candidate_outcome){.provable = provable, .reason = reason};
}

static struct candidate_outcome tolerate(void) {
    return (struct candidate_outcome){.tolerated = true, .reason = REASON_NONE};
}

static struct candidate_outcome try_level(const struct origin_advice *origin,
                                          enum rule_level level) {
    if (origin->tolerates[level])
        return tolerate();
    return refuse(origin->bars[level], origin->provable[level]);
}

/* With some classical share beside the hybrid's. */
static bool any_dual_proven(const struct origin_advice *origin) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (origin->duals[i].proven)
            return true;
    }
    return false;
}

/* Whether the origin makes nothing of that share beside the hybrid's: TLS 1.2 reads none, and one that
 * never picks the hybrid asks for another by a retry. Then the dual hello with a share that it does
 * accept, which is as long, proves this one, too. */
static bool share_is_idle(const struct origin_advice *origin, unsigned share) {
    return origin->tls12 ||
           (origin->shares[share] == SHARE_RETRIED && !origin->gains[MODE_PREFERRED]);
}

/* A dual hello asks for the evidence of the single one, and for trials of its own. */
static struct candidate_outcome try_dual(const struct origin_advice *origin, unsigned share) {
    struct candidate_outcome out = try_level(origin, LEVEL_PREFERRED);
    const struct dual_evidence *dual = &origin->duals[share];
    bool proven = dual->proven || (share_is_idle(origin, share) && any_dual_proven(origin));
    if (dual->failed)
        return refuse(REASON_DUAL_BREAKS, false);
    if (out.tolerated && !proven)
        return refuse(REASON_NEEDS_DUAL_TRIALS, true);
    return out;
}

static bool share_is_retried(const struct origin_advice *origin, unsigned share) {
    return !origin->tls12 && origin->shares[share] != SHARE_ACCEPTED;
}

struct candidate_outcome candidate_try(const struct origin_advice *origin, unsigned which) {
    struct candidate candidate = candidate_at(which);
    unsigned share = share_of(which);
    struct candidate_outcome out =
        is_dual(which) ? try_dual(origin, share) : try_level(origin, candidate.level);
    if (share < CLASSICAL_COUNT && origin_advice_share_fails(origin, (enum classical_group)share))
        out = refuse(REASON_SHARE_BREAKS, false);
    out.misses = share < CLASSICAL_COUNT && share_is_retried(origin, share);
    switch (candidate.level) {
    case LEVEL_SUPPORTED:
        out.gains = origin->gains[MODE_SUPPORTED];
        out.retries = out.gains || share_is_retried(origin, share);
        break;
    case LEVEL_PREFERRED:
        out.gains =
            share < CLASSICAL_COUNT ? origin->duals[share].gains : origin->gains[MODE_PREFERRED];
        out.retries = !out.gains &&
                      (share < CLASSICAL_COUNT ? share_is_retried(origin, share) : !origin->tls12);
        break;
    case LEVEL_OFF:
        out.retries = share_is_retried(origin, share);
        break;
    case LEVEL_NONE:
    case LEVEL_COUNT:
        break;
    }
    return out;
}

/* ---- all ---- */

double candidate_value(const struct candidate_sum *sum, double retry_price) {
    return sum->hybrid - retry_price * sum->retry;
}

bool candidate_is_better(unsigned a, const struct candidate_sum *of_a, unsigned b,
                         const struct candidate_sum *of_b, double retry_price) {
    double more = candidate_value(of_a, retry_price) - candidate_value(of_b, retry_price);
    if (more > NO_DIFFERENCE || more < -NO_DIFFERENCE)
        return more > 0;
    double fewer = of_b->retry - of_a->retry;
    if (fewer > NO_DIFFERENCE || fewer < -NO_DIFFERENCE)
        return fewer > 0;
    bool alike = candidate_at(a).level == candidate_at(b).level && is_dual(a) == is_dual(b);
    return alike && of_b->missed - of_a->missed > NO_DIFFERENCE;
}
