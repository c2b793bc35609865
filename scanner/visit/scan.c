/* A finished scan. */
#include "scanner/visit/scan.h"

#include "scanner/visit/drill_plan.h"

#include <stddef.h>

const struct probe_result *scan_probe(const struct scan *scan, enum probe_id id) {
    return probe_result_find(scan->probes, scan->probes_n, id, 0);
}

bool scan_ran_late(const struct scan *scan) {
    for (size_t i = 0; i < scan->probes_n; i++)
        if (scan->probes[i].late)
            return true;
    return false;
}

/* `only-other` leaves out what it was told before. */
static void drop_named_groups(const struct scan *scan, const struct probe_result *until,
                              struct probe_shape *shape) {
    for (size_t i = 0; i < scan->probes_n && &scan->probes[i] != until; i++)
        if (scan->probes[i].probe == PROBE_ONLY_OTHER && scan->probes[i].retry)
            probe_plan_drop_group(shape, scan->probes[i].retry_group);
}

struct probe_shape scan_shape(const struct scan *scan, const struct probe_result *result) {
    const struct probe_result *classical = scan_probe(scan, PROBE_CLASSICAL);
    /* `confirm` proves the group that `classical` was told to come back with */
    uint16_t confirmed = classical ? classical->retry_group : GROUP_NONE;
    uint16_t curve = probe_result_worked(classical) ? classical->leaf_curve : GROUP_NONE;
    if (drill_plan_is(result->probe))
        return probe_plan_drill(result->probe, scan->hybrid, result->parameter);
    struct probe_shape shape = probe_plan_shape(
        result->shape_changed ? PROBE_CLASSICAL : result->probe, scan->hybrid, curve, confirmed);
    if (result->probe == PROBE_ONLY_OTHER)
        drop_named_groups(scan, result, &shape);
    return shape;
}

static bool is_first_handshake(const struct scan *scan, const struct probe_result *result) {
    return probe_result_worked(result) && !result->resumed && !drill_plan_is(result->probe) &&
           scan_shape(scan, result).end == PROBE_END_FINISH &&
           probe_result_handshake_us(result) > 0;
}

const struct probe_result *scan_median_handshake(const struct scan *scan) {
    const struct probe_result *sorted[SCAN_PROBES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < scan->probes_n && n < SCAN_PROBES_MAX; i++) {
        const struct probe_result *result = &scan->probes[i];
        if (!is_first_handshake(scan, result))
            continue;
        size_t at = n++;
        for (; at > 0 &&
               probe_result_handshake_us(sorted[at - 1]) > probe_result_handshake_us(result);
             at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = result;
    }
    return n > 0 ? sorted[(n - 1) / 2] : NULL;
}
