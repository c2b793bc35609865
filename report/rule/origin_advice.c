/* What follows from an advice. */
#include "report/rule/origin_advice.h"

bool origin_advice_share_fails(const struct origin_advice *origin, enum classical_group which) {
    bool refused = false;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        refused = refused || origin->shares[i] == SHARE_FAILED;
    return origin->shares[which] == SHARE_FAILED ||
           (refused && origin->shares[which] == SHARE_UNKNOWN);
}
