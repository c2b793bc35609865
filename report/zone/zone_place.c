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
        setting = zone_target_setting(at->params, at->compliance, LEVEL_OFF, at->classical_share,
                                      at->needed);
    return setting;
}

bool zone_place_off_stands(bool measured, bool off_fails) {
    return measured && !off_fails;
}

static enum share_answer answer_to(const struct origin_advice *origin, uint16_t share) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (observation_classical_group((enum classical_group)i) == share)
            return origin->shares[i];
    }
    return SHARE_UNKNOWN; /* the hybrid: the origin's level says it */
}

/* Whether the origin fails on that share, as the target of it alone has it. */
static bool share_fails(const struct zone_target *own, uint16_t share) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (observation_classical_group((enum classical_group)i) == share)
            return own->share_fails[i];
    }
    return false; /* the hybrid: the origin's level says it */
}

/* Whether the origin, which alone could have `own`, takes the zone's setting. */
static bool origin_tolerates(const struct zone_target *own, const struct zone_setting *zone) {
    if (own->setting.level < zone->level)
        return false;
    if (zone->level == LEVEL_SUPPORTED && !own->supported_ok)
        return false;
    return !share_fails(own, zone->first_share);
}

/* Whether another classical share is proven where the zone's is not: it may save a retry. */
static bool prefers_other_share(const struct origin_advice *origin, const struct zone_target *own,
                                const struct zone_setting *zone) {
    return zone->level < LEVEL_PREFERRED && own->classical_share != zone->first_share &&
           answer_to(origin, own->classical_share) == SHARE_ACCEPTED &&
           answer_to(origin, zone->first_share) != SHARE_ACCEPTED;
}

static bool settings_differ(const struct zone_setting *a, const struct zone_setting *b) {
    return a->level != b->level || a->first_share != b->first_share;
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
    bool only_if_safer = at->kept || !advised;
    if (origin_tolerates(&own, &zone) &&
        (only_if_safer || !prefers_other_share(origin, &own, &zone)))
        return false;
    *out = zone_target_at_most(at->params, at->compliance, &own, at->deny, zone.level);
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
