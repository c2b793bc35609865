/* Which drill-down probe comes next: what isolates the fault that the daily probes showed. Pure. */
#pragma once

#include "scanner/probe/probe_result.h"

/* Drill-down probes of one scan that was not asked for more (`--plan full`). */
#define DRILL_PROBES_MAX 8

/* What the next one depends on. */
struct drill_plan_view {
    const struct probe_result *results; /* borrowed */
    size_t n;
    enum plan plan;
    uint16_t hybrid;
    uint16_t hello_max; /* the longest hello that a proxy may send */
};

/* The next one after these results, or false where nothing more would be learnt. Healthy origins
 * get none but with PLAN_FULL. */
bool drill_plan_next(const struct drill_plan_view *view, struct probe_shape *out);

/* True if that probe belongs to the drill-down. */
bool drill_plan_is(enum probe_id id);

/* True if a padded hello failed and a longer one passed: it is certain lengths that are disliked,
 * not the size. */
bool drill_plan_only_length(const struct probe_result *results, size_t n);

/* The size limit as far as the results tell: the largest hello that passed, 0 if none did, and the
 * smallest that did not, in bytes on the wire. False where no padded hello failed. */
bool drill_plan_bracket(const struct probe_result *results, size_t n, uint16_t *passed,
                        uint16_t *failed);
