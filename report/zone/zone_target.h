/* The roll-up: from what is advised for each origin to what all origins of a zone can stand. */
#pragma once

#include "report/rule/origin_advice.h"
#include "report/zone/compliance.h"

/* One origin of the zone; the advice is borrowed. */
struct zone_origin {
    double weight; /* share of the zone's traffic, any scale; 0 leaves the origin out */
    const struct origin_advice *advice;
};

#define ZONE_GROUPS_MAX 6

/* A setting as a proxy needs it. */
struct zone_setting {
    enum rule_level level;
    bool dual_ok;               /* the hybrid's share may be accompanied by a classical one */
    uint16_t first_share;       /* GROUP_NONE where the level is NONE */
    bool first_share_confirmed; /* no weighted origin lacks a finished handshake with it */
    uint8_t groups_n;
    uint16_t groups[ZONE_GROUPS_MAX]; /* what to list, in order */
};

/* What the evidence allows now; where the ramp stands is another matter (zone_ramp.h). */
struct zone_target {
    struct zone_setting setting;
    uint16_t classical_share; /* the best first share of a lower level; GROUP_NONE if each is failed
                                 on by some origin */
    bool supported_ok;        /* every weighted origin takes `supported` */
    bool off_fails;           /* each classical share that complies is failed on by some origin */
    bool measured;            /* some weighted origin has been seen in a conclusive scan */
    bool always_hybrid;       /* no weighted origin was seen to need another group */
    bool share_fails[CLASSICAL_COUNT]; /* some weighted origin fails on that first share */
    bool needed[CLASSICAL_COUNT]; /* some weighted origin needs that group in the list, or may */
    enum rule_reason reason;      /* that of the limiting origin, or the zone's own */
    size_t limiting;              /* index of the origin that allows least; SIZE_MAX if none does */
    bool holds; /* the evidence of every weighted origin allows the ramp to go on */
    bool provisional;
    int64_t not_after_ms; /* the earliest of the origins'; 0 if there is no advice */
    uint32_t origins;     /* with a weight */
    /* evidence of the origin with the highest upper bound, as exported */
    uint32_t days;
    uint32_t trials;
    uint32_t failures;
    double upper95;
};

/* Whether the origin is known to fail on a setting below `preferred` with that classical share. Where
 * some share was refused, so was the list of groups beside it: then only a share that was seen to
 * work will do. */
bool zone_target_share_fails(const struct origin_advice *origin, enum classical_group which);

/* Whether it is known to fail on each classical share that complies: then `off` fails. */
bool zone_target_off_fails(enum compliance compliance, const struct origin_advice *origin);

/* Most conservative over the origins with a weight. First share: the hybrid if `preferred`, else
 * the classical group with the largest weight of origins that accept it in the first hello without
 * a retry, never one that any origin fails on; X25519, else the filter's first, where none is
 * known. Nothing outside the compliance filter comes out: where it leaves nothing, the level is
 * NONE with REASON_COMPLIANCE. */
void zone_target_choose(const struct rule_params *params, enum compliance compliance,
                        const struct zone_origin *origins, size_t origins_n,
                        struct zone_target *out);

/* The setting of that level with that first share, for a pin: fills in the groups, the needed ones
 * among them. `first_share` GROUP_NONE: the usual one. The level must comply (compliance_check). */
struct zone_setting zone_target_setting(const struct rule_params *params,
                                        enum compliance compliance, enum rule_level level,
                                        uint16_t first_share, const bool needed[CLASSICAL_COUNT]);

/* The best setting not above `level` that the target's origins take, that complies and that the
 * operator does not deny (`deny` by level; `off` cannot be denied). LEVEL_NONE if there is none. */
struct zone_setting zone_target_at_most(const struct rule_params *params,
                                        enum compliance compliance,
                                        const struct zone_target *target,
                                        const bool deny[LEVEL_COUNT], enum rule_level level);

/* Whether every group of the setting passes the filter. */
bool zone_target_complies(const struct zone_setting *setting, enum compliance compliance);
