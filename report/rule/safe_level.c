/* Verdicts and what they leave. */
#include "report/rule/safe_level.h"

#include <assert.h>

/* Each verdict says what it leaves: a new one that is forgotten here does not compile. */
#pragma GCC diagnostic error "-Wswitch-enum"
enum rule_level safe_level_of(enum verdict verdict) {
    switch (verdict) {
    /* nothing was learnt of the origin, or nothing works at all */
    case VERDICT_UNREACHABLE:
    case VERDICT_BLOCKED:
    case VERDICT_NOT_TLS:
    case VERDICT_INTERRUPTED:
    case VERDICT_UNSTABLE:
    case VERDICT_HANDSHAKE_REFUSED:
    case VERDICT_NEVER_FINISHES:
        return LEVEL_NONE;
    /* whatever worked once, the hybrid must not be seen */
    case VERDICT_LARGE_HELLO_HANGS_TLS12:
    case VERDICT_VERSION_FALLBACK:
    case VERDICT_UNKNOWN_GROUP:
    case VERDICT_RETRY_THEN_FAIL:
    case VERDICT_RETRY_MALFORMED:
    case VERDICT_RETRY_WRONG_GROUP:
    case VERDICT_RETRY_LOOP:
    case VERDICT_HYBRID_REFUSED:
    case VERDICT_HYBRID_UNUSABLE:
    case VERDICT_TLS12_ONLY:
        return LEVEL_OFF;
    /* the large first hello fails; `supported` if it works */
    case VERDICT_UNKNOWN_SHARE:
    case VERDICT_SPLIT_HELLO:
    case VERDICT_SIZE_LIMIT:
    case VERDICT_LARGE_DROP:
    case VERDICT_PATH_MTU:
    case VERDICT_LARGE_FIRST_ONLY:
    case VERDICT_WRONG_BACKEND:
        return LEVEL_SUPPORTED;
    /* no limit: the modes that work speak for themselves */
    case VERDICT_LARGE_SECOND_ONLY:
    case VERDICT_RESUMPTION_FAILS:
    case VERDICT_OTHER_HYBRID:
    case VERDICT_RECORD_SPLIT:
    case VERDICT_LENGTH_QUIRK:
    case VERDICT_CLIENT_CERTIFICATE:
    case VERDICT_READY:
    case VERDICT_READY_AFTER_RETRY:
    case VERDICT_HYBRID_NOT_CHOSEN:
    case VERDICT_DRAFT_ONLY:
    case VERDICT_CLASSICAL:
    case VERDICT_HYBRID_ONLY_IF_FIRST:
        return LEVEL_PREFERRED;
    case VERDICT_COUNT:
        break;
    }
    assert(verdict < VERDICT_COUNT);
    return LEVEL_NONE;
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
        if (verdict_class(verdict) == VERDICT_CLASS_FAULT && verdict_holds(judgement, verdict) &&
            safe_level_of(verdict) < least)
            least = safe_level_of(verdict);
    return least;
}
