/* What a zone has at one place of its ramp and at one moment, and which of its origins need a
 * setting of their own there. The only place where either is decided; pure.
 *
 * An exception makes an origin safer than its zone, never bolder: whatever holds the zone down
 * (pin, deny, freeze, compliance, hold-down, the day's budget, the ramp, the brake, a rollback, no
 * advice) holds each of its origins down. A pin is for all origins, without exceptions. */
#pragma once

#include "report/zone/recommend.h"

/* A proxy that has this place takes part in no ramp before it is over. */
#define ZONE_PLACE_LAST 99

/* A zone where and when it is looked at; everything is borrowed. */
struct zone_place {
    const struct rule_params *params;
    const struct recommendation *advice;
    enum compliance compliance;
    uint16_t classical_share; /* as in struct zone_target */
    bool off_fails;           /* as in struct zone_target */
    bool off_stands; /* where nothing is advised, `off` is written: zone_place_off_stands */
    bool needed[CLASSICAL_COUNT]; /* as in struct zone_target */
    bool deny[LEVEL_COUNT];       /* as in struct zone_levers */
    bool kept;      /* frozen, or under the brake: only what must be safer is told apart */
    unsigned place; /* 0 to ZONE_PLACE_LAST: below stage_percent the new setting holds */
    int64_t now_ms;
};

/* The setting that holds there: that of the advice, or what the rest of the traffic has; level NONE
 * once the advice has lapsed. Where every classical share is measured to fail, the ramp has no
 * other side: the rest gets the setting of the advice, since nothing below it is tolerated; and
 * `off`, unless it is pinned, is level NONE. */
struct zone_setting zone_place_setting(const struct zone_place *at);

/* What is written for the zone: that setting, or `off` where nothing is advised and `off` stands.
 * Level NONE: nothing is written. */
struct zone_setting zone_place_written(const struct zone_place *at);

/* Whether `off` stands where nothing is advised: the zone was measured, and not to fail on it. */
bool zone_place_off_stands(bool measured, bool off_fails);

/* True if an origin with that advice must not have the zone's setting there, or is proven to take
 * another classical first share while the zone's may cost it a retry; *out is then its own setting,
 * with no higher level than the zone's. Level NONE in *out: nothing is known to be tolerated. An
 * origin without advice is no exception. */
bool zone_place_exception(const struct zone_place *at, const struct origin_advice *origin,
                          struct zone_setting *out);

/* The same for both sides of a ramp at once, for whoever passes both settings on: true if it is an
 * exception on either side; *out is then not above the lower one. */
bool zone_place_exception_of_both(const struct zone_place *at, const struct origin_advice *origin,
                                  struct zone_setting *out);
