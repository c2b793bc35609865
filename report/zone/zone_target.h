/* The choice of a zone: from what each origin makes of the candidate hellos to the setting of all. */
#pragma once

#include "report/rule/candidate.h"
#include "report/rule/origin_advice.h"
#include "report/zone/zone_setting.h"

/* One origin of the zone; the advice is borrowed. */
struct zone_origin {
    double weight; /* share of the zone's traffic, any scale; 0 leaves the origin out */
    const struct origin_advice *advice;
};

/* What the zone makes of a candidate. */
struct zone_candidate {
    /* by the compliance filter, and by what the origins are: TLS 1.2 alone is `off` */
    bool allowed;
    bool tolerated;          /* by every weighted origin, with proof */
    bool provable;           /* each that has no proof lacks nothing but evidence */
    size_t barred_by;        /* the heaviest origin that does not tolerate it; SIZE_MAX: none */
    enum rule_reason reason; /* why that one does not */
    double tolerated_weight; /* fraction of the traffic whose origins tolerate it */
    struct candidate_sum sum;
    struct candidate_sum may; /* the same if what is not known yet turned out well */
};

/* What the evidence allows now; where the ramp stands is another matter (zone_ramp.h). */
struct zone_target {
    struct zone_setting setting;
    struct zone_candidate candidates[CANDIDATE_COUNT];
    unsigned chosen;   /* the candidate of the setting; CANDIDATE_NONE where the level is NONE */
    unsigned possible; /* the best one if all that evidence can prove were proven; the chosen one
                          where none is better */
    bool divided; /* no candidate is tolerated by all: the setting suits the most weight, and only
                     where origins can be told apart */
    double retry_price;       /* with which the value was reckoned */
    uint16_t classical_share; /* the best first share of a lower level; GROUP_NONE if each is failed
                                 on by some origin */
    bool off_fails;           /* each classical share that complies is failed on by some origin */
    bool measured;            /* some weighted origin has been seen in a conclusive scan */
    bool always_hybrid;       /* no weighted origin was seen to need another group */
    bool share_fails[CLASSICAL_COUNT]; /* some weighted origin fails on that first share */
    bool needed[CLASSICAL_COUNT]; /* some weighted origin needs that group in the list, or may */
    enum rule_reason reason;      /* that of the limiting origin, or the zone's own */
    size_t limiting; /* the origin that bars what would be better, or that was never scanned;
                        SIZE_MAX if none does */
    bool holds;      /* the evidence of every weighted origin allows the ramp to go on */
    bool provisional;
    int64_t not_after_ms; /* the earliest of the origins'; 0 if there is no advice */
    uint32_t origins;     /* with a weight */
    /* evidence of the origin with the highest upper bound, as exported */
    uint32_t days;
    uint32_t trials;
    uint32_t failures;
    double upper95;
};

/* Whether it is known to fail on each classical share that complies: then `off` fails. */
bool zone_target_off_fails(enum compliance compliance, const struct origin_advice *origin);

/* Among the candidates that every origin with a weight tolerates and that comply, the one of the
 * greatest value by weight (candidate.h). An origin that gains nothing and tolerates the hello lowers
 * nobody; one without any advice leaves the zone without. A zone of TLS 1.2 alone is `off`. Nothing
 * outside the compliance filter comes out: where it leaves nothing, the level is NONE with
 * REASON_COMPLIANCE. The order of the origins does not matter, but for which of two equals is named. */
void zone_target_choose(const struct rule_params *params, enum compliance compliance,
                        const struct zone_origin *origins, size_t origins_n,
                        struct zone_target *out);

/* What the origins make of the setting: which fraction of the traffic reaches the hybrid, and which
 * pays a retry, as far as is known. */
struct candidate_sum zone_target_expect(const struct zone_target *target,
                                        const struct zone_setting *setting);

/* The same of `possible`, if what is not known yet turned out well. */
struct candidate_sum zone_target_possible_sum(const struct zone_target *target);

/* Whether that candidate is tolerated by all, allowed, and so close to the chosen one in value and in
 * retries that a zone which has it need not fall: weights of real traffic waver. */
#define ZONE_TARGET_NEARLY 0.05
bool zone_target_nearly_best(const struct zone_target *target, unsigned candidate);

/* The setting of a candidate. */
struct zone_setting zone_target_setting(const struct rule_params *params,
                                        enum compliance compliance,
                                        const struct zone_target *target, unsigned candidate);

/* Which candidates may be chosen. */
typedef bool zone_target_filter(const void *arg, unsigned candidate);

/* The best setting not above `level` that the target's origins take, that complies, that the
 * operator does not deny (`deny` by level; `off` cannot be denied) and that the filter lets through
 * (NULL: all). LEVEL_NONE if there is none. */
struct zone_setting zone_target_at_most(const struct rule_params *params,
                                        enum compliance compliance,
                                        const struct zone_target *target,
                                        const bool deny[LEVEL_COUNT], enum rule_level level,
                                        zone_target_filter *filter, const void *arg);

/* What the zone would have that origin prove, so that all could have more. */
struct proof_wish zone_target_wish(const struct zone_target *target,
                                   const struct origin_advice *origin);
