/* Which drill-down probe comes next. */
#include "scanner/visit/drill_plan.h"

#include "scanner/base/array.h"
#include "scanner/words/alert.h"

#include <stddef.h>

/* The bracket of a size limit is narrow enough to recognise a buffer's size. */
#define BRACKET_BYTES 16

/* The full plan looks for a limit in these steps; a record's largest body is 16,384 bytes. The
 * first is a message of 6 * 256 + 10 bytes in its record: devices are known that fail where the
 * length modulo 256 is 10 (testssl.sh PR#1113). */
static const uint16_t steps[] = {5 + 6 * 256 + 10, 2048, 4096, 8192, 16384};
#define SIZES_MAX_FULL 14 /* enough to bisect from 4096 to 8192 */

static bool is_full(const struct drill_plan_view *view) {
    return view->plan == PLAN_FULL;
}

static const struct probe_result *find_result(const struct drill_plan_view *view, enum probe_id id,
                                              uint16_t parameter) {
    return probe_result_find(view->results, view->n, id, parameter);
}

bool drill_plan_is(enum probe_id id) {
    return id >= PROBE_SPLIT && id != PROBE_ONLY_DRAFT;
}

/* ---- what the daily probes showed ---- */

static const struct probe_result *find_control(const struct drill_plan_view *view) {
    const struct probe_result *without_alpn = find_result(view, PROBE_NO_ALPN, 0);
    return probe_result_worked(without_alpn) ? without_alpn : find_result(view, PROBE_CLASSICAL, 0);
}

static bool control_worked(const struct drill_plan_view *view) {
    const struct probe_result *control = find_control(view);
    return probe_result_worked(control) && control->tls_version == 0x0304;
}

static const struct probe_result *preferred_failure(const struct drill_plan_view *view) {
    const struct probe_result *preferred = find_result(view, PROBE_PREFERRED, 0);
    return probe_result_failed_at(preferred, STAGE_HELLO) ? preferred : NULL;
}

/* The longest hello failed; an alert to it is no answer here. */
static const struct probe_result *longest_failure(const struct drill_plan_view *view) {
    const struct probe_result *longest = find_result(view, PROBE_PREFERRED_DUAL, 0);
    return probe_result_failed(longest) ? longest : NULL;
}

/* The first of the large first hellos that failed. */
static const struct probe_result *large_failure(const struct drill_plan_view *view) {
    const struct probe_result *preferred = preferred_failure(view);
    return preferred ? preferred : longest_failure(view);
}

static bool retry_failed(const struct drill_plan_view *view) {
    for (size_t i = 0; i < view->n; i++)
        if (!drill_plan_is(view->results[i].probe) &&
            probe_result_failed_at(&view->results[i], STAGE_RETRY))
            return true;
    return false;
}

/* ---- which probes that calls for ---- */

static bool wants_split(const struct drill_plan_view *view) {
    return large_failure(view) != NULL;
}

static bool wants_large_classical(const struct drill_plan_view *view) {
    return preferred_failure(view) != NULL;
}

/* The shorter of the two passed: is it the size, the pieces, or the second share? */
static bool only_longest_failed(const struct drill_plan_view *view) {
    return longest_failure(view) && !preferred_failure(view);
}

static bool wants_dual_small(const struct drill_plan_view *view) {
    return only_longest_failed(view) &&
           probe_result_worked(find_result(view, PROBE_SIZE, view->hello_max));
}

static bool wants_unknown_group(const struct drill_plan_view *view) {
    return wants_large_classical(view) ||
           probe_result_failed(find_result(view, PROBE_DUAL_SMALL, 0)) ||
           probe_result_failed_at(find_result(view, PROBE_SUPPORTED, 0), STAGE_HELLO);
}

static bool wants_unknown_share(const struct drill_plan_view *view) {
    return wants_large_classical(view) ||
           probe_result_failed(find_result(view, PROBE_DUAL_SMALL, 0));
}

static bool wants_small_mss(const struct drill_plan_view *view) {
    const struct probe_result *large = large_failure(view);
    return large && large->outcome == OUTCOME_TIMEOUT;
}

static bool wants_nothing(const struct drill_plan_view *view) {
    (void)view;
    return false;
}

/* Every hello without shares was refused, although the name, the version and the protocol are not what is disliked:
 * the groups are asked for with a share. */
static bool refuses_empty_shares(const struct drill_plan_view *view) {
    static const enum probe_id empty[] = {PROBE_ONLY_P256,   PROBE_ONLY_P384,  PROBE_ONLY_P521,
                                          PROBE_ONLY_HYBRID, PROBE_ONLY_OTHER, PROBE_CHOOSE};
    for (size_t i = 0; i < COUNT_OF(empty); i++) {
        const struct probe_result *result = find_result(view, empty[i], 0);
        if (!result || probe_result_worked(result) || result->retry)
            return false;
    }
    const struct probe_result *control = find_control(view);
    bool for_its_groups = control && control->outcome == OUTCOME_ALERT &&
                          (alert_refuses_group(control->alert) ||
                           control->alert == ALERT_INTERNAL_ERROR); /* said by some instead */
    return control_worked(view) || for_its_groups;
}

/* In the order in which they are sent; what needs no control says so. */
static const struct {
    enum probe_id id;
    bool (*wanted)(const struct drill_plan_view *view);
    bool without_control;
} rows[] = {
    {PROBE_SPLIT, wants_split, false},
    {PROBE_LARGE_CLASSICAL, wants_large_classical, false},
    {PROBE_DUAL_SMALL, wants_dual_small, false},
    {PROBE_UNKNOWN_GROUP, wants_unknown_group, false},
    {PROBE_UNKNOWN_SHARE, wants_unknown_share, false},
    {PROBE_FORCED_RETRY, retry_failed, false},
    {PROBE_SMALL_MSS, wants_small_mss, false},
    {PROBE_SHARED_P256, refuses_empty_shares, true},
    {PROBE_SHARED_P384, refuses_empty_shares, true},
    {PROBE_SHARED_P521, refuses_empty_shares, true},
    {PROBE_RECORD_SPLIT, wants_nothing, false},
    {PROBE_SHAPE_OPENSSL, wants_nothing, false},
    {PROBE_SHAPE_GO, wants_nothing, false},
    {PROBE_SHAPE_BORINGSSL, wants_nothing, false},
    {PROBE_MLDSA, wants_nothing, false},
};

/* The size of `large-classical`: that of `preferred`. */
static uint16_t large_bytes(const struct drill_plan_view *view) {
    const struct probe_result *preferred = find_result(view, PROBE_PREFERRED, 0);
    return preferred ? (uint16_t)preferred->hello_bytes : 0;
}

static bool next_named(const struct drill_plan_view *view, struct probe_shape *out) {
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint16_t parameter = rows[i].id == PROBE_LARGE_CLASSICAL ? large_bytes(view) : 0;
        bool wanted = is_full(view) ||
                      ((rows[i].without_control || control_worked(view)) && rows[i].wanted(view));
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
        bool small = probe_result_is_sized(&results[i]) || results[i].probe == PROBE_CLASSICAL ||
                     results[i].probe == PROBE_PREFERRED;
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

static bool ask_size(const struct drill_plan_view *view, uint16_t bytes, struct probe_shape *out) {
    *out = probe_plan_drill(PROBE_SIZE, view->hybrid, bytes);
    return true;
}

/* A size that failed was tried with one byte more. */
static bool neighbour_tried(const struct drill_plan_view *view) {
    for (size_t i = 0; i < view->n; i++)
        if (probe_result_is_sized(&view->results[i]) && probe_result_failed(&view->results[i]) &&
            find_result(view, PROBE_SIZE, (uint16_t)(view->results[i].parameter + 1)))
            return true;
    return false;
}

/* The path does not carry large segments: the hello's size is not what is disliked. `small-mss` is of the size of
 * `preferred`; if that passed, too, a longer one may have been disliked by whom it reached. */
static bool small_segments_pass(const struct drill_plan_view *view) {
    const struct probe_result *large = large_failure(view);
    return large && (preferred_failure(view) || large->tcp.unacked > 0) &&
           probe_result_worked(find_result(view, PROBE_SMALL_MSS, 0));
}

static bool bisect_size(const struct drill_plan_view *view, uint16_t passed, uint16_t limit,
                        struct probe_shape *out) {
    /* One byte more first: if that passes, it is the length that is disliked, not the size. */
    if (passed > 0 && find_result(view, PROBE_LARGE_CLASSICAL, 0) && !neighbour_tried(view))
        return ask_size(view, (uint16_t)(limit + 1), out);
    if (passed == 0 || drill_plan_only_length(view->results, view->n) ||
        small_segments_pass(view) || limit - passed <= BRACKET_BYTES)
        return false;
    return ask_size(view, (uint16_t)(passed + (limit - passed) / 2), out);
}

static bool next_size(const struct drill_plan_view *view, struct probe_shape *out) {
    uint16_t passed, limit;
    bool longest = control_worked(view) && only_longest_failed(view);
    if (longest && !small_segments_pass(view) && !find_result(view, PROBE_SIZE, view->hello_max))
        return ask_size(view, view->hello_max, out);
    if (!longest && !find_result(view, PROBE_LARGE_CLASSICAL, 0))
        return false;
    if (drill_plan_bracket(view->results, view->n, &passed, &limit))
        return bisect_size(view, passed, limit, out);
    for (size_t i = 0; is_full(view) && i < COUNT_OF(steps); i++)
        if (!find_result(view, PROBE_SIZE, steps[i]))
            return ask_size(view, steps[i], out);
    return false;
}

/* ---- every other group, by number ---- */

static bool next_group(const struct drill_plan_view *view, struct probe_shape *out) {
    size_t count, others_n;
    uint16_t others[PROBE_GROUPS_MAX];
    const struct group *groups = group_table(&count);
    others_n = probe_plan_other_groups(view->hybrid, others);
    for (size_t i = 0; i < count; i++) {
        uint16_t id = groups[i].id;
        bool daily = id == GROUP_X25519 || id == GROUP_P256 || id == GROUP_P384 ||
                     id == GROUP_P521 || id == view->hybrid || group_is_among(others, others_n, id);
        if (daily || find_result(view, PROBE_GROUP, id))
            continue;
        *out = probe_plan_drill(PROBE_GROUP, view->hybrid, id);
        return true;
    }
    return false;
}

static size_t count_results(const struct drill_plan_view *view, bool sizes_only) {
    size_t count = 0;
    for (size_t i = 0; i < view->n; i++)
        count += sizes_only ? view->results[i].probe == PROBE_SIZE
                            : drill_plan_is(view->results[i].probe);
    return count;
}

bool drill_plan_next(const struct drill_plan_view *view, struct probe_shape *out) {
    if (view->plan == PLAN_QUICK ||
        (!is_full(view) && count_results(view, false) >= DRILL_PROBES_MAX))
        return false;
    /* Where only the longest hello failed, its size comes first: what else is asked depends on it. */
    bool size_first = control_worked(view) && only_longest_failed(view) &&
                      find_result(view, PROBE_SPLIT, 0) && !wants_small_mss(view);
    bool size_allowed = !is_full(view) || count_results(view, true) < SIZES_MAX_FULL;
    if (size_first && size_allowed && next_size(view, out))
        return true;
    if (next_named(view, out) || (size_allowed && next_size(view, out)))
        return true;
    return is_full(view) && next_group(view, out);
}
