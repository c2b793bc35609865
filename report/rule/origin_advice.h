/* What an origin's state advises at a given time (advise.h), with everything that explains it. */
#pragma once

#include "report/rule/origin_rule.h"

/* A plain value without pointers. */
struct origin_advice {
    enum rule_level level;    /* what it could have alone; NONE if the last conclusive scan is
                                 advice_days old */
    enum rule_level standing; /* the boldest hello that is proven to be tolerated, gain or none */
    enum rule_reason reason;  /* why this level */
    enum rule_reason blocker; /* why not the next one; REASON_NONE for `preferred` */
    int64_t blocker_until_ms; /* when that ends by itself at the earliest; 0: not by time alone */
    uint32_t missing;         /* days, trials or failures that the blocker speaks of, else 0 */
    int64_t since_ms;         /* start of the UTC day on which the level was reached */
    int64_t last_ms;          /* newest conclusive scan, 0 if none */
    int64_t not_after_ms;     /* the advice lapses if nothing conclusive is seen until then */
    bool provisional;         /* by profile `fast` */
    bool stale;               /* no upward move: the newest conclusive scan is stale_days old */
    bool holds;               /* today's evidence still speaks for the level: the ramp may go on */
    bool supported_ok;        /* `supported` has no reproducible failure in the window */
    bool dual_ok;             /* `preferred`, and dual with X25519 never failed in the window */
    bool always_hybrid;       /* every `preferred` trial of the window ended with the hybrid */
    bool hybrid_known;        /* some scan of the window showed that it supports the hybrid */
    bool tls12;               /* conclusive scans of the window got no TLS 1.3 */
    /* of each level as a hello (candidate.h): proven; if not, why, and whether evidence alone is
     * missing, so that nothing that was seen speaks against it */
    bool tolerates[LEVEL_COUNT];
    enum rule_reason bars[LEVEL_COUNT];
    bool provable[LEVEL_COUNT];
    bool gains[MODE_COUNT]; /* hellos of that mode reach the hybrid; not of PREFERRED_DUAL */
    struct dual_evidence duals[CLASSICAL_COUNT];
    bool pinned;
    int64_t hold_until_ms; /* end of a hold-down; 0 if there is none */
    uint32_t demotions;    /* within pin_days */
    /* the evidence of `preferred` where it was tried and works for this origin, else `supported` */
    enum mode evidence_mode;
    uint32_t days;
    uint32_t trials;
    uint32_t failures;
    double upper95;
    double control_rate;
    uint32_t control_trials;
    /* first share */
    uint16_t first_share;       /* the hybrid where `preferred`; X25519 where nothing is proven */
    bool first_share_confirmed; /* a handshake finished with it, without a retry */
    enum share_answer shares[CLASSICAL_COUNT]; /* ACCEPTED only where confirmed */
    bool share_is_fresh[CLASSICAL_COUNT];      /* the answer will not lapse within days */
    bool needed[CLASSICAL_COUNT]; /* must be listed: see struct observation; all before any scan */
};

/* Whether the origin is known to fail on a setting below `preferred`, or dual, with that classical
 * share. Where some share was refused, so was the list of groups beside it: then only a share that was
 * seen to work will do. */
bool origin_advice_share_fails(const struct origin_advice *origin, enum classical_group which);
