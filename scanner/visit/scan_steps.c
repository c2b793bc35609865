/* What to probe next for one origin, what to dial once more, when to stop. */
#include "scanner/visit/scan_steps.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/visit/drill_plan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct scan_steps {
    enum plan plan;
    uint16_t hybrid;
    bool ended;
    bool redial; /* the last result was abrupt and is to be dialled once more */
    uint8_t results_n;
    size_t results_room;
    struct probe_result *results;
};

struct scan_steps *scan_steps_new(enum plan plan, uint16_t hybrid) {
    struct scan_steps *scan = alloc_zero(1, sizeof *scan);
    scan->plan = plan;
    scan->hybrid = hybrid;
    return scan;
}

void scan_steps_free(struct scan_steps *scan) {
    if (!scan)
        return;
    free(scan->results);
    free(scan);
}

static const struct probe_result *find_result(const struct scan_steps *scan, enum probe_id id) {
    return probe_result_find(scan->results, scan->results_n, id, 0);
}

/* Silence from the first byte on, twice: nobody who answers TLS lives there, and asking ten times
 * more would only keep both sides waiting for the deadline. */
static bool silent(const struct probe_result *result) {
    return result && result->outcome == OUTCOME_TIMEOUT && result->attempts == 2 &&
           result->bytes_in == 0 && result->stage == STAGE_HELLO &&
           result->first_outcome == OUTCOME_TIMEOUT && result->first_stage == STAGE_HELLO;
}

/* The origin worked and then stopped answering us. */
static bool lost(const struct scan_steps *scan) {
    const struct probe_result *closing = find_result(scan, PROBE_CLOSING);
    return probe_result_worked(find_result(scan, PROBE_CLASSICAL)) && closing &&
           outcome_is_abrupt(closing->outcome);
}

/* The share that `confirm` has to prove: the group that the origin takes first, where neither
 * X25519 nor the hybrid is taken without a retry. GROUP_NONE where there is nothing to prove. */
static uint16_t share_to_confirm(const struct scan_steps *scan) {
    const struct probe_result *classical = find_result(scan, PROBE_CLASSICAL);
    const struct probe_result *preferred = find_result(scan, PROBE_PREFERRED);
    if (probe_result_worked(preferred) && preferred->group == scan->hybrid && !preferred->retry)
        return GROUP_NONE;
    if (!classical || !classical->retry || classical->retry_group == GROUP_X25519)
        return GROUP_NONE;
    return classical->retry_group;
}

/* What follows when the plan's fixed probes are through. */
static bool next_extra(const struct scan_steps *scan, struct probe_shape *shape) {
    if (scan->plan == PLAN_QUICK || find_result(scan, PROBE_CONFIRM) || silent(&scan->results[0]) ||
        lost(scan))
        return false;
    uint16_t share = share_to_confirm(scan);
    if (share == GROUP_NONE)
        return false;
    *shape = probe_plan_shape(PROBE_CONFIRM, scan->hybrid, false, share);
    return true;
}

static bool tls12(const struct scan_steps *scan) {
    const struct probe_result *classical = find_result(scan, PROBE_CLASSICAL);
    return probe_result_worked(classical) && classical->tls_version == 0x0303;
}

static bool next_probe(const struct scan_steps *scan, struct probe_shape *shape) {
    size_t count;
    const enum probe_id *probes = plan_probes(scan->plan, &count);
    for (size_t i = 0; i < count; i++) {
        bool skipped =
            scan->results_n > 0 && silent(&scan->results[0]) && probes[i] != PROBE_CLOSING;
        if (find_result(scan, probes[i]) || skipped)
            continue;
        /* The closing control comes after the drill-down: did that get us banned? */
        if (probes[i] == PROBE_CLOSING && !silent(&scan->results[0]) &&
            drill_plan_next(scan->results, scan->results_n, scan->plan, scan->hybrid, shape))
            return true;
        *shape = probe_plan_shape(probes[i], scan->hybrid, tls12(scan), GROUP_NONE);
        return true;
    }
    return next_extra(scan, shape);
}

/* The same probe again; only `closing` comes back in another shape: X25519 alone may be what the
 * origin dislikes, and the question of the control is whether it still answers us. */
static struct probe_shape redial_shape(const struct scan_steps *scan) {
    const struct probe_result *last = &scan->results[scan->results_n - 1];
    if (last->probe == PROBE_CLOSING) {
        struct probe_shape shape =
            probe_plan_shape(PROBE_CLASSICAL, scan->hybrid, false, GROUP_NONE);
        shape.id = PROBE_CLOSING;
        return shape;
    }
    if (drill_plan_is(last->probe))
        return probe_plan_drill(last->probe, scan->hybrid, last->parameter);
    return probe_plan_shape(last->probe, scan->hybrid, tls12(scan), share_to_confirm(scan));
}

bool scan_steps_next(const struct scan_steps *scan, struct scan_steps_step *out) {
    if (scan->ended)
        return false;
    *out = (struct scan_steps_step){.redial = scan->redial};
    if (scan->redial)
        out->shape = redial_shape(scan);
    return scan->redial || next_probe(scan, &out->shape);
}

static struct probe_result *append(struct scan_steps *scan, const struct probe_result *result) {
    assert(scan->results_n < SCAN_PROBES_MAX);
    scan->results = array_reserve(scan->results, scan->results_n + 1, &scan->results_room,
                                  sizeof *scan->results);
    scan->results[scan->results_n] = *result;
    return &scan->results[scan->results_n++];
}

/* Two attempts become one result: what the second saw, and that there was a first. */
static void merge(struct probe_result *first, const struct probe_result *second) {
    struct probe_result merged = *second;
    merged.attempts = 2;
    merged.first_outcome = first->outcome;
    merged.first_stage = first->stage;
    merged.shape_changed = first->probe == PROBE_CLOSING;
    /* A closing control that comes back in another shape asked another question, and our own giving
     * up answers none. */
    merged.flapped = !merged.shape_changed && !outcome_is_abrupt(second->outcome) &&
                     second->outcome != OUTCOME_CANCELLED;
    *first = merged;
}

/* The outcomes after which nothing more can be learnt from this address. */
static bool ends_scan(const struct scan_steps *scan, const struct probe_result *result) {
    if (result->outcome == OUTCOME_CANCELLED || result->stage == STAGE_RESOLVE ||
        result->stage == STAGE_CONNECT)
        return true;
    return scan->results_n == 1 && result->outcome == OUTCOME_NOT_TLS;
}

void scan_steps_record(struct scan_steps *scan, const struct probe_result *attempt) {
    struct probe_result *result;
    if (scan->redial) {
        result = &scan->results[scan->results_n - 1];
        merge(result, attempt);
        scan->redial = false;
    } else {
        result = append(scan, attempt);
        scan->redial = outcome_is_abrupt(attempt->outcome);
    }
    scan->ended = !scan->redial && ends_scan(scan, result);
}

void scan_steps_give_up(struct scan_steps *scan, enum outcome outcome, enum stage stage,
                        const char *why) {
    struct probe_result result = {
        .probe = PROBE_CLASSICAL,
        .outcome = outcome,
        .stage = stage,
        .first_outcome = outcome,
        .first_stage = stage,
        .alert = -1,
        .own_alert = -1,
        .attempts = 1,
    };
    snprintf(result.detail, sizeof result.detail, "%s", why ? why : "");
    append(scan, &result);
    scan->redial = false;
    scan->ended = true;
}

bool scan_steps_may_change_address(const struct scan_steps *scan) {
    return scan->results_n == 1 && scan->results[0].stage == STAGE_CONNECT &&
           scan->results[0].outcome != OUTCOME_CANCELLED;
}

void scan_steps_restart(struct scan_steps *scan) {
    scan->results_n = 0;
    scan->redial = scan->ended = false;
}

const struct probe_result *scan_steps_results(const struct scan_steps *scan, size_t *count) {
    *count = scan->results_n;
    return scan->results;
}

/* An answer that came to nothing is one too: a refused HelloRetryRequest, a ServerHello. But an
 * alert to a question about a group is a refusal: if all else is met with silence, it does not say
 * what the origin is. A tarpit's alerts are short enough to arrive. */
static bool answered(const struct probe_result *result) {
    struct probe_shape shape = probe_plan_shape(result->probe, GROUP_NONE, false, GROUP_NONE);
    return result->outcome == OUTCOME_OK || result->hrr.count > 0 ||
           (result->stage == STAGE_SERVER_FLIGHT && result->outcome != OUTCOME_MALFORMED) ||
           (result->alert >= 0 && shape.end == PROBE_END_FINISH);
}

/* What an origin is whose every probe ended without an answer: bytes that break TLS are no TLS. */
static enum scan_status status_by_answers(const struct scan_steps *scan) {
    enum scan_status status = STATUS_UNREACHABLE;
    for (size_t i = 0; i < scan->results_n; i++) {
        const struct probe_result *result = &scan->results[i];
        if (answered(result))
            return STATUS_COMPLETE;
        if (result->outcome == OUTCOME_MALFORMED || result->outcome == OUTCOME_NOT_TLS)
            status = STATUS_NOT_TLS;
    }
    return status;
}

enum scan_status scan_steps_status(const struct scan_steps *scan) {
    const struct probe_result *first = &scan->results[0];
    const struct probe_result *last = &scan->results[scan->results_n - 1];
    if (first->outcome == OUTCOME_BLOCKED)
        return STATUS_BLOCKED;
    if (first->outcome == OUTCOME_NOT_TLS)
        return STATUS_NOT_TLS;
    if (scan->results_n == 1)
        return last->outcome == OUTCOME_CANCELLED ? STATUS_INTERRUPTED : STATUS_UNREACHABLE;
    if (last->outcome == OUTCOME_CANCELLED || last->stage == STAGE_CONNECT || lost(scan))
        return STATUS_INTERRUPTED;
    return status_by_answers(scan);
}
