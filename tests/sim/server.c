/* What a server makes of a hello. */
#include "tests/sim/server.h"

enum { CLASSICAL_GROUPS = SERVER_HYBRID - 1 };

bool server_has(const struct server *server, unsigned group) {
    for (unsigned i = 0; i < SERVER_GROUPS_MAX && server->order[i]; i++) {
        if (server->order[i] == group)
            return true;
    }
    return false;
}

static unsigned most_wanted(const struct server *server, unsigned of) {
    for (unsigned i = 0; i < SERVER_GROUPS_MAX && server->order[i]; i++) {
        if (server->order[i] & of)
            return server->order[i];
    }
    return 0;
}

static bool fails_at_first(const struct server *server, struct server_hello hello) {
    unsigned faults = server->faults;
    bool hybrid_shared = hello.shares & SERVER_HYBRID;
    bool two = hello.shares & (hello.shares - 1);
    return (faults & FAULT_LARGE_FIRST && hybrid_shared) ||
           (faults & FAULT_SHARED && hybrid_shared) ||
           (faults & FAULT_LISTED && hello.listed & SERVER_HYBRID) ||
           (faults & FAULT_TWO_SHARES && two);
}

struct server_answer server_answer(const struct server *server, struct server_hello hello) {
    if (fails_at_first(server, hello))
        return (struct server_answer){.failed = true};
    if (server->tls12) /* key shares are a matter of TLS 1.3: nothing is ever retried */
        return (struct server_answer){.group =
                                          most_wanted(server, hello.listed & CLASSICAL_GROUPS)};
    unsigned shared = most_wanted(server, hello.shares);
    unsigned wanted = most_wanted(server, hello.listed);
    unsigned group = shared && !server->strict ? shared : wanted;
    struct server_answer answer = {.retry = !(hello.shares & group), .group = group};
    bool large_second = answer.retry && group == SERVER_HYBRID;
    if (group == 0)
        return (struct server_answer){.failed = true};
    answer.at_retry = answer.retry && (server->faults & FAULT_RETRY ||
                                       (large_second && server->faults & FAULT_LARGE_SECOND));
    answer.failed = answer.at_retry || (group == SERVER_HYBRID && server->faults & FAULT_UNUSABLE);
    return answer;
}

struct server_hello server_hello_of(enum rule_level level, unsigned shares) {
    unsigned listed = CLASSICAL_GROUPS | (level > LEVEL_OFF ? SERVER_HYBRID : 0);
    return (struct server_hello){.listed = listed, .shares = shares};
}

static unsigned bit_of(uint16_t group) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (observation_classical_group((enum classical_group)i) == group)
            return 1U << i;
    }
    return 0;
}

struct candidate_outcome server_truth(const struct server *server, unsigned which) {
    struct candidate candidate = candidate_at(which);
    unsigned shares = bit_of(candidate.share);
    if (candidate.level == LEVEL_PREFERRED)
        shares |= SERVER_HYBRID;
    struct server_answer answer = server_answer(server, server_hello_of(candidate.level, shares));
    struct server_answer off =
        server_answer(server, server_hello_of(LEVEL_OFF, bit_of(candidate.share)));
    return (struct candidate_outcome){.tolerated = !answer.failed,
                                      .gains = !answer.failed && answer.group == SERVER_HYBRID,
                                      .retries = answer.retry,
                                      .misses = candidate.share != GROUP_NONE && off.retry};
}

enum rule_level server_ceiling(const struct server *server) {
    unsigned faults = server->faults;
    if (faults & (FAULT_LISTED | FAULT_RETRY | FAULT_UNUSABLE))
        return LEVEL_OFF;
    if (faults & FAULT_LARGE_FIRST)
        return server->tls12 ? LEVEL_OFF : LEVEL_SUPPORTED;
    return faults & FAULT_SHARED ? LEVEL_SUPPORTED : LEVEL_PREFERRED;
}
