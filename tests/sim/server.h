/* The origins of the simulated zones: small models of TLS servers. A model says what comes of any
 * hello. So it is both what the scanner meets and, asked directly, the truth about an origin. */
#pragma once

#include "report/rule/candidate.h"

/* Sets of groups: bit i stands for enum classical_group i, SERVER_HYBRID for the hybrid. */
enum { SERVER_HYBRID = 1 << CLASSICAL_COUNT, SERVER_GROUPS_MAX = CLASSICAL_COUNT + 1 };

/* What is wrong with a server; any of these together. */
enum {
    FAULT_LARGE_FIRST = 1,  /* a first hello with the hybrid's share fails for its size */
    FAULT_LARGE_SECOND = 2, /* the same of a second hello */
    FAULT_LISTED = 4,       /* fails where the hybrid is listed */
    FAULT_SHARED = 8,       /* fails where the hybrid's share is sent first */
    FAULT_RETRY = 16,       /* asks for a retry and fails on the second hello, whatever it is */
    FAULT_UNUSABLE = 32,    /* no handshake that chose the hybrid finishes */
    FAULT_TWO_SHARES = 64,  /* a hello with two shares fails */
};

struct server {
    const char *name;
    bool tls12;                       /* speaks nothing newer */
    uint8_t order[SERVER_GROUPS_MAX]; /* one bit each, the most wanted first, up to a 0 */
    bool strict; /* asks for a retry to get the most wanted group that is listed; else it takes the
                    most wanted of those whose share was sent, if any was */
    unsigned faults;
};

struct server_hello {
    unsigned listed;
    unsigned shares;
};

struct server_answer {
    bool failed;
    bool at_retry; /* after the retry was asked for */
    bool retry;
    unsigned group; /* one bit: chosen, or asked for by the retry; 0 where there was neither */
};

struct server_answer server_answer(const struct server *server, struct server_hello hello);

bool server_has(const struct server *server, unsigned group);

/* The safe setting of what a scan diagnoses, as report/rule/safe_level.c has it. */
enum rule_level server_ceiling(const struct server *server);

/* What truly comes of a candidate: `tolerated` (the very hello works), `gains`, `retries`, `misses`. */
struct candidate_outcome server_truth(const struct server *server, unsigned candidate);

/* The hellos of the plan. */
struct server_hello server_hello_of(enum rule_level level, unsigned shares);
