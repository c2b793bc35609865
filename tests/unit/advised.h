/* An origin's advice as tests write it, by level and a few flags, with what follows from them: what it
 * tolerates, gains and costs. */
#pragma once

#include "report/rule/origin_advice.h"

/* `level` is what it tolerates: `preferred` reaches the hybrid, by one round trip and by a retry, and
 * nothing else does; where `dual_ok`, with X25519 or P-256 beside it too. */
static inline struct origin_advice advised(struct origin_advice advice) {
    advice.standing = advice.level;
    advice.tolerates[LEVEL_OFF] = advice.level >= LEVEL_OFF;
    advice.tolerates[LEVEL_SUPPORTED] = advice.level >= LEVEL_SUPPORTED && advice.supported_ok;
    advice.tolerates[LEVEL_PREFERRED] = advice.level == LEVEL_PREFERRED;
    for (unsigned level = LEVEL_OFF; level < LEVEL_COUNT; level++)
        advice.bars[level] = advice.tolerates[level] ? REASON_NONE : REASON_REPRODUCIBLE_FAILURE;
    advice.gains[MODE_SUPPORTED] = advice.gains[MODE_PREFERRED] = advice.level == LEVEL_PREFERRED;
    for (unsigned share = CLASSICAL_X25519; share <= CLASSICAL_P256; share++)
        advice.duals[share] = (struct dual_evidence){.proven = advice.dual_ok,
                                                     .gains = advice.level == LEVEL_PREFERRED};
    return advice;
}
