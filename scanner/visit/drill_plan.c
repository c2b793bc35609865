/* Which drill-down probe comes next. */
#include "scanner/visit/drill_plan.h"

#include "scanner/base/array.h"

#include <stddef.h>

/* The bracket of a size limit is narrow enough to recognise a buffer's size. */
#define BRACKET_BYTES 16

/* The full plan looks for a limit in these steps; a record's largest body is 16,384 bytes. The
 * first is a message of 6 * 256 + 10 bytes in its record: devices are known that fail where the
 * length modulo 256 is 10 (testssl.sh PR#1113). */
static const uint16_t steps[] = {5 + 6 * 256 + 10, 2048, 4096, 8192, 16384};
#define SIZES_MAX_FULL 14 /* enough to bisect from 4096 to 8192 */

struct view {
    const struct probe_result *results;
    size_t n;
    uint16_t hybrid;
    bool full;
};

static const struct probe_result *find_result(const struct view *view, enum probe_id id,
                                              uint16_t parameter) {
    return probe_result_find(view->results, view->n, id, parameter);
}

bool drill_plan_is(enum probe_id id) {
    return id >= PROBE_SPLIT;
}

/* ---- what the daily probes showed ---- */

static bool control_worked(const struct view *view) {
    const struct probe_result *classical = find_result(view, PROBE_CLASSICAL, 0);
    return probe_result_worked(classical) && classical->tls_version == 0x0304;
}

/* The first of the large first hellos that failed. */
static const struct probe_result *large_failure(const struct view *view) {
    static const enum probe_id large[] = {PROBE_PREFERRED, PROBE_PREFERRED_DUAL};
    for (size_t i = 0; i < COUNT_OF(large); i++) {
        const struct probe_result *result = find_result(view, large[i], 0);
        if (probe_result_failed_at(result, STAGE_HELLO))
            return result;
    }
    return NULL;
}

static bool retry_failed(const struct view *view) {
    for (size_t i = 0; i < view->n; i++)
        if (!drill_plan_is(view->results[i].probe) &&
            probe_result_failed_at(&view->results[i], STAGE_RETRY))
            return true;
    return false;
}

/* ---- which probes that calls for ---- */

static bool wants_size_probes(const struct view *view) {
    return large_failure(view) != NULL;
}

static bool wants_unknown_group(const struct view *view) {
    return wants_size_probes(view) ||
           probe_result_failed_at(find_result(view, PROBE_SUPPORTED, 0), STAGE_HELLO);
}

static bool wants_small_mss(const struct view *view) {
    const struct probe_result *large = large_failure(view);
    return large && large->outcome == OUTCOME_TIMEOUT;
}

static bool never(const struct view *view) {
    (void)view;
    return false;
}

/* In the order in which they are sent. */
static const struct {
    enum probe_id id;
    bool (*wanted)(const struct view *view);
} rows[] = {
    {PROBE_SPLIT, wants_size_probes},
    {PROBE_LARGE_CLASSICAL, wants_size_probes},
    {PROBE_UNKNOWN_GROUP, wants_unknown_group},
    {PROBE_UNKNOWN_SHARE, wants_size_probes},
    {PROBE_FORCED_RETRY, retry_failed},
    {PROBE_SMALL_MSS, wants_small_mss},
    {PROBE_RECORD_SPLIT, never},
    {PROBE_MLDSA, never},
};

/* The size of `large-classical`: that of the large hello that failed, else of any large one. */
static uint16_t large_bytes(const struct view *view) {
    const struct probe_result *large = large_failure(view);
    if (!large)
        large = find_result(view, PROBE_PREFERRED, 0);
    return large ? (uint16_t)large->hello_bytes : 0;
}

static bool next_named(const struct view *view, struct probe_shape *out) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint16_t parameter = rows[i].id == PROBE_LARGE_CLASSICAL ? large_bytes(view) : 0;
        bool wanted = view->full || (control_worked(view) && rows[i].wanted(view));
        if (!wanted || find_result(view, rows[i].id, 0) ||
            (rows[i].id == PROBE_LARGE_CLASSICAL && parameter == 0))
            continue;
        *out = probe_plan_drill(rows[i].id, view->hybrid, parameter);
        return true;
    }
    return false;
}

/* ---- the size limit ---- */

bool drill_plan_bracket(const struct probe_result *results, size_t n, uint16_t *passed,
                        uint16_t *limit) {
    bool any = false;
    *passed = 0;
    *limit = UINT16_MAX;
    for (size_t i = 0; i < n; i++) {
        if (!probe_result_is_sized(&results[i]) || !probe_result_failed(&results[i]))
            continue;
        any = true;
        if (results[i].parameter < *limit)
            *limit = results[i].parameter;
    }
    for (size_t i = 0; i < n; i++) {
        bool small = probe_result_is_sized(&results[i]) || results[i].probe == PROBE_CLASSICAL;
        uint32_t bytes = results[i].hello_bytes;
        if (small && probe_result_worked(&results[i]) && bytes > *passed && bytes < *limit)
            *passed = (uint16_t)bytes;
    }
    return any;
}

bool drill_plan_only_length(const struct probe_result *results, size_t n) {
    uint16_t passed, limit;
    if (!drill_plan_bracket(results, n, &passed, &limit))
        return false;
    for (size_t i = 0; i < n; i++)
        if (probe_result_is_sized(&results[i]) && probe_result_worked(&results[i]) &&
            results[i].parameter > limit)
            return true;
    return false;
}

static bool size_probe(const struct view *view, uint16_t bytes, struct probe_shape *out) {
    *out = probe_plan_drill(PROBE_SIZE, view->hybrid, bytes);
    return true;
}

/* A size that failed was tried with one byte more. */
static bool neighbour_tried(const struct view *view) {
    for (size_t i = 0; i < view->n; i++)
        if (probe_result_is_sized(&view->results[i]) && probe_result_failed(&view->results[i]) &&
            find_result(view, PROBE_SIZE, (uint16_t)(view->results[i].parameter + 1)))
            return true;
    return false;
}

static bool next_size(const struct view *view, struct probe_shape *out) {
    uint16_t passed, limit;
    if (!find_result(view, PROBE_LARGE_CLASSICAL, 0))
        return false;
    if (drill_plan_bracket(view->results, view->n, &passed, &limit)) {
        /* One byte more first: if that passes, it is the length that is disliked, not the size. */
        if (passed > 0 && !neighbour_tried(view))
            return size_probe(view, (uint16_t)(limit + 1), out);
        if (passed == 0 || drill_plan_only_length(view->results, view->n) ||
            limit - passed <= BRACKET_BYTES)
            return false;
        return size_probe(view, (uint16_t)(passed + (limit - passed) / 2), out);
    }
    for (size_t i = 0; view->full && i < COUNT_OF(steps); i++)
        if (!find_result(view, PROBE_SIZE, steps[i]))
            return size_probe(view, steps[i], out);
    return false;
}

/* ---- every other group, by number ---- */

static bool next_group(const struct view *view, struct probe_shape *out) {
    size_t count;
    const struct group *groups = group_table(&count);
    for (size_t i = 0; i < count; i++) {
        uint16_t id = groups[i].id;
        bool daily = id == GROUP_X25519 || id == GROUP_P256 || id == GROUP_P384 ||
                     id == GROUP_P521 || id == GROUP_X25519KYBER768DRAFT00 || id == view->hybrid;
        if (daily || find_result(view, PROBE_GROUP, id))
            continue;
        *out = probe_plan_drill(PROBE_GROUP, view->hybrid, id);
        return true;
    }
    return false;
}

static size_t count_of(const struct view *view, bool sizes_only) {
    size_t count = 0;
    for (size_t i = 0; i < view->n; i++)
        count += sizes_only ? view->results[i].probe == PROBE_SIZE
                            : drill_plan_is(view->results[i].probe);
    return count;
}

bool drill_plan_next(const struct probe_result *results, size_t n, enum plan plan, uint16_t hybrid,
                     struct probe_shape *out) {
    struct view view = {.results = results, .n = n, .hybrid = hybrid, .full = plan == PLAN_FULL};
    if (plan == PLAN_QUICK || (!view.full && count_of(&view, false) >= DRILL_PROBES_MAX))
        return false;
    if (next_named(&view, out))
        return true;
    if ((!view.full || count_of(&view, true) < SIZES_MAX_FULL) && next_size(&view, out))
        return true;
    return view.full && next_group(&view, out);
}
