/* Comparing the zones of two exports. */
#include "report/output/export_guard.h"

struct guard {
    size_t zones;   /* of the previous export */
    size_t missing; /* of these, not in the new one */
    size_t lowered; /* of these, with a lower setting in the new one, if only for an origin */
};

static struct guard compare_exports(const struct export_previous *previous,
                                    const struct export_previous *next) {
    struct guard guard = {.zones = previous->zones_n};
    size_t at = 0;
    for (size_t i = 0; i < previous->zones_n; i++) {
        const struct export_previous_zone *zone = &previous->zones[i];
        while (at < next->zones_n && next->zones[at].key < zone->key)
            at++;
        if (at == next->zones_n || next->zones[at].key != zone->key)
            guard.missing++;
        else if (next->zones[at].level < zone->level || next->zones[at].lowest < zone->lowest)
            guard.lowered++;
    }
    return guard;
}

static bool is_above(size_t part, size_t whole, size_t percent) {
    return part * 100 > whole * percent;
}

bool export_guard_check(const struct export_previous *previous, const struct export_previous *next,
                        struct err *err) {
    struct guard guard = compare_exports(previous, next);
    if (is_above(guard.missing, guard.zones, EXPORT_GUARD_MISSING_PERCENT))
        return err_set(err, "%zu of the %zu zones in the existing export would be missing",
                       guard.missing, guard.zones);
    if (guard.lowered >= EXPORT_GUARD_LOWERED_ZONES &&
        is_above(guard.lowered, guard.zones, EXPORT_GUARD_LOWERED_PERCENT))
        return err_set(err, "%zu of the %zu zones in the existing export would get a lower setting",
                       guard.lowered, guard.zones);
    return true;
}
