/* A finished scan. */
#include "scanner/visit/scan.h"

#include "scanner/visit/drill_plan.h"

#include <stddef.h>

const struct probe_result *scan_probe(const struct scan *scan, enum probe_id id) {
    return probe_result_find(scan->probes, scan->probes_n, id, 0);
}

struct probe_shape scan_shape(const struct scan *scan, const struct probe_result *result) {
    const struct probe_result *classical = scan_probe(scan, PROBE_CLASSICAL);
    bool tls12 = probe_result_worked(classical) && classical->tls_version == 0x0303;
    if (drill_plan_is(result->probe))
        return probe_plan_drill(result->probe, scan->hybrid, result->parameter);
    if (result->shape_changed)
        return probe_plan_shape(PROBE_CLASSICAL, scan->hybrid, false, GROUP_NONE);
    /* `confirm` proves the group that `classical` was told to come back with */
    return probe_plan_shape(result->probe, scan->hybrid, tls12,
                            classical ? classical->retry_group : GROUP_NONE);
}
