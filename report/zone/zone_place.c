/* Settings at a place of the ramp, and the origins that need one of their own there. */
#include "report/zone/zone_place.h"

static bool is_none_below(const struct zone_place *at) {
    return at->off_fails && at->advice->reason != REASON_OPERATOR_PIN;
}

struct zone_setting zone_place_setting(const struct zone_place *at) {
    const struct recommendation *advice = at->advice;
    const struct zone_setting nothing = {.level = LEVEL_NONE};
    if (advice->not_after_ms != 0 && at->now_ms >= advice->not_after_ms)
        return nothing;
    bool whole = is_none_below(at) && advice->setting.level == LEVEL_PREFERRED;
    struct zone_setting setting =
        at->place < advice->stage_percent || whole ? advice->setting : advice->previous;
    return setting.level == LEVEL_OFF && is_none_below(at) ? nothing : setting;
}

struct zone_setting zone_place_written(const struct zone_place *at) {
    struct zone_setting setting = zone_place_setting(at);
    if (setting.level == LEVEL_NONE && at->off_stands)
        setting = zone_setting_make(at->params, at->compliance, LEVEL_OFF, at->classical_share,
                                    at->needed);
    return setting;
}

bool zone_place_off_stands(bool measured, bool off_fails) {
    return measured && !off_fails;
}

/* Whether the origin, which alone could have `own`, takes the zone's setting. */
static bool origin_tolerates(const struct zone_target *own, const struct zone_setting *zone) {
    unsigned which = zone_setting_candidate(zone);
    return which == CANDIDATE_NONE || own->candidates[which].tolerated;
}

static bool settings_differ(const struct zone_setting *a, const struct zone_setting *b) {
    return a->level != b->level || a->first_share != b->first_share ||
           a->dual_share != b->dual_share;
}

/* Whether its own best setting does more for it than the zone's, given what is known of both: an
 * unknown share of the zone's counts as a retry, and its own is proven. */
static bool origin_gains(const struct zone_target *own, const struct zone_setting *best,
                         const struct zone_setting *zone) {
    struct candidate_sum of_best = zone_target_expect(own, best);
    struct candidate_sum of_zone = zone_target_expect(own, zone);
    of_best.missed = of_zone.missed = 0; /* a share that is not used is no reason */
    unsigned of = zone_setting_candidate(best), zones = zone_setting_candidate(zone);
    return of != CANDIDATE_NONE && zones != CANDIDATE_NONE &&
           candidate_is_better(of, &of_best, zones, &of_zone, own->retry_price);
}

bool zone_place_exception(const struct zone_place *at, const struct origin_advice *origin,
                          struct zone_setting *out) {
    struct zone_origin alone = {.weight = 1, .advice = origin};
    struct zone_target own;
    if (origin->last_ms == 0 || at->advice->reason == REASON_OPERATOR_PIN)
        return false;
    struct zone_setting zone = zone_place_written(at);
    bool advised = zone_place_setting(at).level != LEVEL_NONE;
    zone_target_choose(at->params, at->compliance, &alone, 1, &own);
    if (zone.groups_n == 0 || (!advised && own.setting.level == LEVEL_NONE))
        return false;
    *out = zone_target_at_most(at->params, at->compliance, &own, at->deny, zone.level, NULL, NULL);
    bool only_if_safer = at->kept || !advised;
    if (origin_tolerates(&own, &zone) && (only_if_safer || !origin_gains(&own, out, &zone)))
        return false;
    return settings_differ(out, &zone);
}

bool zone_place_exception_of_both(const struct zone_place *at, const struct origin_advice *origin,
                                  struct zone_setting *out) {
    struct zone_place sides[] = {*at, *at};
    struct zone_setting own[2];
    sides[0].place = 0;
    sides[1].place = ZONE_PLACE_LAST;
    if (at->advice->stage_percent < ZONE_WHOLE) /* a retry that one side saves is not worth it */
        sides[0].kept = sides[1].kept = true;
    bool exception[2];
    for (unsigned i = 0; i < 2; i++) {
        exception[i] = zone_place_exception(&sides[i], origin, &own[i]);
        if (!exception[i])
            own[i] = zone_place_written(&sides[i]);
    }
    *out = own[1].level < own[0].level ? own[1] : own[0];
    return exception[0] || exception[1];
}
