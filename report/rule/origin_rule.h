/* The rule for one origin: from its scans, oldest first, to what may be advised. No clock, no
 * input, no output: the same scans give the same state, whether they are taken one by one as they
 * come or replayed from the history.
 *
 * What holds for any history (and is tested on random ones):
 * - an inconclusive scan changes nothing, but that it may show that the origin went silent;
 * - the order of the scans within one UTC day does not matter;
 * - a further success never lowers the level; a further reproducible failure never raises it.
 *
 * How it works. Evidence is counted by UTC day (origin_evidence.h). Within a day the standing can
 * only fall, at once; it follows from the standing at the day's beginning and the counters. When
 * the day is over, the evidence up to its end may raise it. So the order of a day's scans cannot
 * matter, and a level that was reached in the morning does not waver in the afternoon. (In profile
 * `fast`, whose settle_days is 0, a scan raises at once.) */
#pragma once

#include "report/rule/observation.h"
#include "report/rule/origin_evidence.h"
#include "report/rule/rule_params.h"
#include "report/rule/rule_reason.h"

#define ORIGIN_DEMOTIONS_MAX 4

/* Where an origin stands: the boldest hello that it is proven to tolerate, whether that gains it
 * anything or not. */
struct origin_standing {
    enum rule_level level;
    enum rule_reason reason;                 /* why it has this level */
    int32_t since_day;                       /* days since 1970 */
    int32_t hold_until_day;                  /* no upward move before this day */
    uint32_t hold_days;                      /* length of the last hold-down */
    bool pinned;                             /* by too many demotions */
    uint8_t demotions_n;                     /* how many of the days below are set */
    int32_t demotions[ORIGIN_DEMOTIONS_MAX]; /* days of the last demotions, oldest first */
};

/* What the origin's zone would have of it, if that were proven: the zone decides who is a candidate
 * for extra visits. All zeroes: nothing. */
struct proof_wish {
    enum rule_level level; /* this hello is to be proven, even if it gains the origin nothing */
    uint16_t share; /* the classical share that is to be proven, by `confirm`, or by `confirm-dual`
                       where `level` is PREFERRED; GROUP_NONE: none */
};

/* A plain value of some 900 bytes; copying it copies everything. */
struct origin_state {
    struct origin_standing base; /* as the newest day of the evidence began */
    struct origin_evidence evidence;
    int64_t last_ms; /* the newest conclusive scan; 0 if there was none. See origin_rule_last_ms */
    struct proof_wish wish; /* kept here for extra_visit; no judgement looks at it */
};

/* Starts with no scan taken. */
void origin_rule_init(struct origin_state *state);

/* Takes one more scan, or release, which is not older than the day of the last one. (If a clock was
 * set back it may look older: it then counts as one of the newest day.) */
void origin_rule_step(struct origin_state *state, const struct rule_params *params,
                      const struct observation *scan);

/* Takes many, oldest first; exactly as many steps. To rebuild a state whose older scans are pruned,
 * start from the state that was packed (origin_pack.h) when they were. */
void origin_rule_replay(struct origin_state *state, const struct rule_params *params,
                        const struct observation *scans, size_t scans_n);

/* When something was last learnt of the origin: the newest conclusive scan, or the day on which its
 * silences became a fault; 0 if never. */
int64_t origin_rule_last_ms(const struct origin_state *state, const struct rule_params *params);

/* Where it stands on that day, which is not before that of the newest scan. It takes no account of
 * scans that failed to come; advise_origin does. */
struct origin_standing origin_rule_standing(const struct origin_state *state,
                                            const struct rule_params *params, int32_t day);
