/* Expectations of what is exported. */
#include "report/export/export_expect.h"

static bool is_classical(uint16_t group) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (observation_classical_group((enum classical_group)i) == group)
            return true;
    }
    return false;
}

/* The classical share that is sent, first or beside the hybrid's. */
static uint16_t classical_share_of(const struct export_choice *choice) {
    for (unsigned i = 0; i < choice->groups_n; i++) {
        if (choice->shares[i] && is_classical(choice->groups[i]))
            return choice->groups[i];
    }
    return GROUP_NONE;
}

void export_expect_zone(const struct export_zone *zone, const struct export_choice *choice,
                        struct export_expectation *out) {
    const struct zone_target *target = zone->target;
    *out = (struct export_expectation){.sent = CANDIDATE_NONE, .possible = CANDIDATE_NONE};
    if (!target || !target->measured)
        return;
    if (choice->level != LEVEL_NONE)
        out->sent = candidate_find(choice->level, classical_share_of(choice));
    if (out->sent != CANDIDATE_NONE)
        out->expected = target->candidates[out->sent].sum;
    out->possible = target->possible;
    if (out->possible == CANDIDATE_NONE)
        return;
    const struct zone_candidate *candidate = &target->candidates[out->possible];
    out->possible_sum = zone_target_possible_sum(target);
    if (candidate->barred_by < zone->origins_n) {
        out->held_back_by = &zone->origins[candidate->barred_by];
        out->reason = candidate->reason;
    }
}

bool export_expect_origin(const struct export_origin *origin, struct candidate_sum *out) {
    unsigned sent = zone_setting_candidate(&origin->setting);
    if (sent == CANDIDATE_NONE || !origin->advice)
        return false;
    struct candidate_outcome outcome = candidate_try(origin->advice, sent);
    *out =
        (struct candidate_sum){.hybrid = outcome.gains ? 1 : 0, .retry = outcome.retries ? 1 : 0};
    return true;
}
