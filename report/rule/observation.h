/* What the decision rule needs to know of one visit to one origin: a small value that is derived
 * from a finished scan, kept in the origin's history, and replayed. */
#pragma once

#include "report/rule/rule_level.h"
#include "scanner/words/words.h"

#include <stdbool.h>
#include <stdint.h>

/* The four classical groups in the order in which they are preferred as first share. */
enum classical_group {
    CLASSICAL_X25519,
    CLASSICAL_P256,
    CLASSICAL_P384,
    CLASSICAL_P521,
    CLASSICAL_COUNT
};
uint16_t observation_classical_group(enum classical_group which);

enum observation_kind {
    KIND_DAILY,   /* the plan of eleven probes */
    KIND_EXTRA,   /* `classical`, `preferred`, `supported`, `classical` */
    KIND_CONFIRM, /* the same, sent because a trial failed: its tries are further tries only */
    KIND_RELEASE, /* no scan: an operator released the origin at this time */
};

/* One mode in one visit. */
struct rule_trial {
    uint8_t tries;  /* connections that tried it, redials included; 0: not tried; at most 7 */
    uint8_t failed; /* of them attributable failures, the first one among them unless 0. A failure
                       is attributable if the probe ended before a ServerHello was accepted, by
                       alert, reset, close, timeout or bytes that break TLS; or if it had to be
                       dialled once more, wherever it broke off; or if it reached another backend
                       or only a lower version than the control did. */
    bool works;     /* a handshake finished, and it was not one of the latter */
    bool retry;     /* after a HelloRetryRequest */
    uint16_t group; /* with this group; GROUP_NONE where it does not work */
};

/* A visit in which the origin went silent for good before the plan was through. */
enum silence {
    SILENCE_NONE,
    SILENCE_AFTER_LARGE, /* with a large hello, or right behind one */
    SILENCE_ELSEWHERE,
};

/* What the origin does with a classical share in the first hello. */
enum share_answer {
    SHARE_UNKNOWN,
    SHARE_ACCEPTED, /* no retry */
    SHARE_RETRIED,
    SHARE_FAILED, /* an attributable failure, repeated where it was abrupt */
};

/* What the origin did with the hybrid's key share and a classical one beside it. */
enum dual_answer {
    DUAL_UNKNOWN,
    DUAL_HYBRID,    /* a handshake finished with the hybrid */
    DUAL_CLASSICAL, /* a handshake finished with another group; with or without a retry */
    DUAL_FAILED,    /* an attributable failure, repeated where it was abrupt */
};

struct observation {
    int64_t time_ms;  /* wall clock, when it began */
    uint32_t address; /* any stable number of the address dialled, such as a hash of its text */
    enum observation_kind kind;
    bool conclusive;         /* both controls worked in the end and nothing local went wrong */
    enum silence silence;    /* of a visit that is not conclusive */
    bool tls13;              /* the control spoke TLS 1.3 */
    bool hybrid_known;       /* some probe showed that the origin supports the hybrid */
    uint8_t controls;        /* controls sent, redials not counted; at most 15 */
    uint8_t controls_failed; /* of them, those whose first try failed */
    /* the safe setting of the diagnosed fault; PREFERRED or NONE: no fault */
    enum rule_level ceiling;
    struct rule_trial trials[MODE_COUNT]; /* MODE_OFF is not read: the controls stand for it */
    enum share_answer shares[CLASSICAL_COUNT];
    bool confirmed[CLASSICAL_COUNT]; /* a handshake finished with that share and no retry */
    /* Shares other than X25519, whose dual hello is MODE_PREFERRED_DUAL: by `confirm-dual`, where
     * the zone asked for it (struct proof_wish) */
    enum dual_answer duals[CLASSICAL_COUNT];
    /* The group has to stay in the list: it is the curve of the certificate (TLS 1.2), the only
     * classical group that the origin is known to have, or it was asked for without an answer that
     * settles it. */
    bool needed[CLASSICAL_COUNT];
};

/* How it is kept: 28 bytes, little endian, first byte a format number. */
#define OBSERVATION_PACKED 28

/* Times from 1970 to 2106 are kept to the second; counts beyond their limit are cut to it. */
void observation_pack(const struct observation *scan, uint8_t out[OBSERVATION_PACKED]);

/* False if the bytes are not such a scan (unknown format number or impossible values). */
bool observation_unpack(const uint8_t in[OBSERVATION_PACKED], struct observation *out);
