/* The hellos that a proxy may be told to send, and what each would mean for an origin: whether it
 * tolerates the hello, whether the hybrid is reached, and whether a retry is paid. Pure.
 *
 * Value of a candidate: the fraction of the traffic that reaches the hybrid, less `retry_price` times
 * the fraction that pays a retry. Of the candidates that all origins tolerate, the one of the greatest
 * value is chosen; among equals the one with fewer retries, then the first in the order below; of shares, first the one
 * that more would accept. */
#pragma once

#include "report/rule/observation.h"
#include "report/rule/rule_reason.h"

struct origin_advice;

struct candidate {
    enum rule_level level;
    /* the classical group whose key share is sent, alone or beside the hybrid's; GROUP_NONE for the
     * hybrid's share alone */
    uint16_t share;
};

/* In the order in which equals are preferred: `supported`, `off`, `preferred` single, `preferred`
 * dual; of each X25519, P-256, P-384, P-521. */
enum {
    CANDIDATE_SUPPORTED = 0,
    CANDIDATE_OFF = CANDIDATE_SUPPORTED + CLASSICAL_COUNT,
    CANDIDATE_SINGLE = CANDIDATE_OFF + CLASSICAL_COUNT,
    CANDIDATE_DUAL,
    CANDIDATE_COUNT = CANDIDATE_DUAL + CLASSICAL_COUNT,
    CANDIDATE_NONE = CANDIDATE_COUNT
};

/* The candidate of that number, below CANDIDATE_COUNT. */
struct candidate candidate_at(unsigned which);

/* Which one it is; CANDIDATE_NONE if none. */
unsigned candidate_find(enum rule_level level, uint16_t share);

/* "supported, X25519", "preferred dual, P-256" and so on. */
#define CANDIDATE_NAME_SIZE 48
const char *candidate_name(unsigned which, char out[CANDIDATE_NAME_SIZE]);

/* "single" or "dual" where the level is PREFERRED, else NULL. */
const char *candidate_variant(unsigned which);

/* What one origin makes of a candidate. */
struct candidate_outcome {
    bool tolerated;          /* proven, with the evidence that the rule asks for */
    bool provable;           /* not proven, and nothing that was seen speaks against it */
    enum rule_reason reason; /* why it is not tolerated; REASON_NONE if it is */
    bool gains;              /* the hybrid is reached, as far as is known */
    bool retries; /* a retry is paid, as far as is known; an unknown share counts as one */
    bool misses;  /* the classical share is not known to be accepted, whether or not it is used */
};

/* What becomes of a connection to this origin with that hello. */
struct candidate_outcome candidate_try(const struct origin_advice *origin, unsigned which);

/* What all of the traffic makes of it. */
struct candidate_sum {
    double hybrid; /* fraction that reaches the hybrid */
    double retry;  /* fraction that pays a retry */
    /* fraction that does not accept the classical share: no price, but of two hellos of one kind
     * that are equal else, the one that more would accept is chosen */
    double missed;
};

/* hybrid - retry_price * retry. */
double candidate_value(const struct candidate_sum *sum, double retry_price);

/* Whether candidate `a` goes before `b`: it is of greater value, or of equal value with fewer retries,
 * or of the same kind besides with fewer misses. Differences below 10^-9 are none; what is equal then
 * is left in the order of the numbers. */
bool candidate_is_better(unsigned a, const struct candidate_sum *of_a, unsigned b,
                         const struct candidate_sum *of_b, double retry_price);
