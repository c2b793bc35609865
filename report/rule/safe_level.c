/* Verdicts and what they leave. */
#include "report/rule/safe_level.h"

#include <assert.h>

/* Verdicts without a row limit nothing: the modes that work speak for themselves. */
static const struct {
    bool listed;
    enum rule_level level;
} limits[VERDICT_COUNT] = {
    [VERDICT_UNREACHABLE] = {true, LEVEL_NONE},
    [VERDICT_BLOCKED] = {true, LEVEL_NONE},
    [VERDICT_NOT_TLS] = {true, LEVEL_NONE},
    [VERDICT_INTERRUPTED] = {true, LEVEL_NONE},
    [VERDICT_UNSTABLE] = {true, LEVEL_NONE},
    [VERDICT_HANDSHAKE_REFUSED] = {true, LEVEL_NONE},
    /* whatever worked once, the hybrid must not be seen */
    [VERDICT_LARGE_HELLO_HANGS_TLS12] = {true, LEVEL_OFF},
    [VERDICT_VERSION_FALLBACK] = {true, LEVEL_OFF},
    [VERDICT_UNKNOWN_GROUP] = {true, LEVEL_OFF},
    [VERDICT_RETRY_THEN_FAIL] = {true, LEVEL_OFF},
    [VERDICT_RETRY_MALFORMED] = {true, LEVEL_OFF},
    [VERDICT_RETRY_WRONG_GROUP] = {true, LEVEL_OFF},
    [VERDICT_RETRY_LOOP] = {true, LEVEL_OFF},
    [VERDICT_HYBRID_REFUSED] = {true, LEVEL_OFF},
    [VERDICT_TLS12_ONLY] = {true, LEVEL_OFF},
    /* the large first hello fails; `supported` if it works */
    [VERDICT_UNKNOWN_SHARE] = {true, LEVEL_SUPPORTED},
    [VERDICT_SPLIT_HELLO] = {true, LEVEL_SUPPORTED},
    [VERDICT_SIZE_LIMIT] = {true, LEVEL_SUPPORTED},
    [VERDICT_LARGE_DROP] = {true, LEVEL_SUPPORTED},
    [VERDICT_PATH_MTU] = {true, LEVEL_SUPPORTED},
    [VERDICT_LARGE_FIRST_ONLY] = {true, LEVEL_SUPPORTED},
    [VERDICT_WRONG_BACKEND] = {true, LEVEL_SUPPORTED},
};

enum rule_level safe_level_of(enum verdict verdict) {
    assert(verdict < VERDICT_COUNT);
    return limits[verdict].listed ? limits[verdict].level : LEVEL_PREFERRED;
}

static bool is_fault(enum verdict verdict) {
    return verdict > VERDICT_UNSTABLE && verdict < VERDICT_HANDSHAKE_REFUSED;
}

enum rule_level safe_level_all(const struct judgement *judgement, enum verdict *why) {
    enum rule_level least = LEVEL_PREFERRED;
    *why = VERDICT_COUNT;
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++) {
        if (!verdict_holds(judgement, verdict) || safe_level_of(verdict) >= least)
            continue;
        least = safe_level_of(verdict);
        *why = verdict;
    }
    return least;
}

enum rule_level safe_level_faults(const struct judgement *judgement) {
    enum rule_level least = LEVEL_PREFERRED;
    for (enum verdict verdict = 0; verdict < VERDICT_COUNT; verdict++)
        if (is_fault(verdict) && verdict_holds(judgement, verdict) &&
            safe_level_of(verdict) < least)
            least = safe_level_of(verdict);
    return least;
}
