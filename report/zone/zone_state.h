/* What is kept of a zone between judgements, and what an operator has set for it. */
#pragma once

#include "report/zone/zone_target.h"

enum feedback_arm { ARM_CONTROL, ARM_CANARY };
#define ARM_COUNT 2

/* What an operator has set for a zone (`originscan zone set`). All zeroes: nothing. */
struct zone_levers {
    enum rule_level pin;      /* this setting at 100 % whatever the evidence; NONE: no pin */
    uint16_t pin_first_share; /* with this first share, GROUP_NONE: the usual one */
    bool deny[LEVEL_COUNT];   /* never this setting; deny[LEVEL_OFF] is not looked at */
    bool freeze;              /* keep everything as it is; only compliance goes before */
};

#define ZONE_ROLLBACKS_MAX 4
#define ZONE_WHOLE 100 /* the stage_percent of a finished ramp */

struct feedback_sum {
    uint64_t handshakes;
    uint64_t failures;
    uint64_t retries;
};

/* A zone's state, to be kept between calls; a plain value. */
struct zone_state {
    struct zone_setting setting;  /* for stage_percent of the traffic */
    struct zone_setting previous; /* for the rest, and what a rollback goes to; equal to `setting`
                                     after a move down */
    uint8_t stage_percent;        /* 100: the ramp is over */
    enum rule_reason reason;      /* why this setting */
    enum rule_reason waits_for;   /* why it is not higher or its stage not larger */
    int64_t since_ms;             /* when the setting began */
    int64_t stage_ms;             /* when the stage began */
    int64_t hold_until_ms;        /* no upward move before */
    uint32_t hold_days;
    bool pinned; /* by rollbacks */
    uint8_t rollbacks_n;
    int64_t rollbacks_ms[ZONE_ROLLBACKS_MAX]; /* oldest first */
    struct feedback_sum sums[ARM_COUNT];      /* canary: of this stage, at 100 % of the last day;
                                                 control: halved when large */
    int64_t canary_since_ms;
};

/* The state before anything was advised: level NONE at 100 %. */
void zone_state_init(struct zone_state *state);

/* An operator lets a zone pinned by rollbacks move again. */
void zone_state_release(struct zone_state *state);

/* Gives the setting all of the traffic. */
void zone_state_set_whole(struct zone_state *state, const struct zone_setting *setting,
                          enum rule_reason reason, int64_t now_ms);

/* Begins a stage of the ramp; at 100 % the ramp is over. */
void zone_state_begin_stage(struct zone_state *state, uint8_t percent, int64_t now_ms);

/* The failure rate of the control arm: as reported, not below the floor, and the base rate where
 * nothing was reported. */
double zone_state_control_rate(const struct zone_state *state, const struct rule_params *params);

/* What a judgement of a zone takes besides its state. */
struct zone_input {
    int64_t now_ms;
    const struct zone_target *target;
    enum compliance compliance;
    struct zone_levers levers;
    bool frozen;   /* the global freeze */
    bool brake;    /* the cycle is to be discarded (brake.h) */
    bool allow_up; /* the day's budget of upward moves is not used up */
};
