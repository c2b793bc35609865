/* Is a new export much worse than the one before? */
#include "report/export/export_guard.h"

#include "report/export/export_file.h"

#include <inttypes.h>

struct export_guard export_guard_compare(const struct export_previous *previous,
                                         const struct export_previous *next) {
    struct export_guard guard = {.zones = previous->zones_n};
    size_t at = 0;
    for (size_t i = 0; i < previous->zones_n; i++) {
        const struct export_previous_zone *zone = &previous->zones[i];
        while (at < next->zones_n && next->zones[at].key < zone->key)
            at++;
        if (at == next->zones_n || next->zones[at].key != zone->key)
            guard.missing++;
        else if (next->zones[at].level < zone->level)
            guard.lowered++;
    }
    return guard;
}

static bool above(size_t part, size_t whole, size_t percent) {
    return part * 100 > whole * percent;
}

bool export_guard_check(const struct export_previous *previous, int64_t previous_bytes,
                        const struct export_previous *next, int64_t next_bytes, struct err *err) {
    if (previous_bytes == 0)
        return true;
    if (!previous->ours)
        return err_set(err, "the file there is no export of this format");
    if (!previous->whole && next_bytes < previous_bytes)
        return err_set(err,
                       "the export there is damaged or was edited, and the new one is smaller "
                       "(%" PRId64 " instead of %" PRId64 " bytes)",
                       next_bytes, previous_bytes);
    struct export_guard guard = export_guard_compare(previous, next);
    if (above(guard.missing, guard.zones, EXPORT_FILE_MISSING_PERCENT))
        return err_set(err, "%zu of the %zu zones in the export there would be missing",
                       guard.missing, guard.zones);
    if (guard.lowered >= EXPORT_FILE_LOWERED_ZONES &&
        above(guard.lowered, guard.zones, EXPORT_FILE_LOWERED_PERCENT))
        return err_set(err, "%zu of the %zu zones in the export there would get a lower setting",
                       guard.lowered, guard.zones);
    return true;
}
