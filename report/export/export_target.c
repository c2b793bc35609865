/* Which candidates a target can be told to send. */
#include "report/export/export_target.h"

bool export_target_pairs(const struct export_target *target, uint16_t share) {
    return target->dual && (share == GROUP_X25519 || target->any_dual);
}

bool export_target_says(const void *arg, unsigned which) {
    const struct export_target_filter *filter = arg;
    const struct export_target *target = filter->target;
    struct candidate candidate = candidate_at(which);
    bool own_share = target->share == EXPORT_SHARE_OWN || target->share == EXPORT_SHARE_FIXED_ORDER;
    if (candidate.level >= LEVEL_SUPPORTED && !filter->spells_hybrid)
        return false;
    if (candidate.level == LEVEL_PREFERRED)
        return candidate.share == GROUP_NONE ? target->single
                                             : export_target_pairs(target, candidate.share);
    if (candidate.level == LEVEL_SUPPORTED && !target->supported)
        return false;
    return !own_share || candidate.share == GROUP_X25519;
}
