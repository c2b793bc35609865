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
    struct scan_steps *steps = alloc_zero(1, sizeof *steps);
    steps->plan = plan;
    steps->hybrid = hybrid;
    return steps;
}

void scan_steps_free(struct scan_steps *steps) {
    if (!steps)
        return;
    free(steps->results);
    free(steps);
}

static const struct probe_result *find_result(const struct scan_steps *steps, enum probe_id id) {
    return probe_result_find(steps->results, steps->results_n, id, 0);
}

/* Silence from the first byte on, twice: nobody who answers TLS lives there, and asking ten times
 * more would only keep both sides waiting for the deadline. */
static bool stayed_silent(const struct probe_result *result) {
    return result && result->outcome == OUTCOME_TIMEOUT && result->attempts == 2 &&
           result->bytes_in == 0 && result->stage == STAGE_HELLO &&
           result->first_outcome == OUTCOME_TIMEOUT && result->first_stage == STAGE_HELLO;
}

/* The origin worked and then stopped answering us. */
static bool origin_went_away(const struct scan_steps *steps) {
    const struct probe_result *closing = find_result(steps, PROBE_CLOSING);
    return probe_result_worked(find_result(steps, PROBE_CLASSICAL)) && closing &&
           outcome_is_abrupt(closing->outcome);
}

/* The share that `confirm` has to prove: the group that the origin takes first, where neither
 * X25519 nor the hybrid is taken without a retry. GROUP_NONE where there is nothing to prove. */
static uint16_t share_to_confirm(const struct scan_steps *steps) {
    const struct probe_result *classical = find_result(steps, PROBE_CLASSICAL);
    const struct probe_result *preferred = find_result(steps, PROBE_PREFERRED);
    if (probe_result_worked(preferred) && preferred->group == steps->hybrid && !preferred->retry)
        return GROUP_NONE;
    if (!classical || !classical->retry || classical->retry_group == GROUP_X25519)
        return GROUP_NONE;
    return classical->retry_group;
}

/* What follows when the plan's fixed probes are through. */
static bool next_extra(const struct scan_steps *steps, struct probe_shape *shape) {
    if (steps->plan == PLAN_QUICK || find_result(steps, PROBE_CONFIRM) ||
        stayed_silent(&steps->results[0]) || origin_went_away(steps))
        return false;
    uint16_t share = share_to_confirm(steps);
    if (share == GROUP_NONE)
        return false;
    *shape = probe_plan_shape(PROBE_CONFIRM, steps->hybrid, false, share);
    return true;
}

static bool spoke_tls12(const struct scan_steps *steps) {
    const struct probe_result *classical = find_result(steps, PROBE_CLASSICAL);
    return probe_result_worked(classical) && classical->tls_version == 0x0303;
}

static bool next_probe(const struct scan_steps *steps, struct probe_shape *shape) {
    size_t count;
    const enum probe_id *probes = plan_probes(steps->plan, &count);
    for (size_t i = 0; i < count; i++) {
        bool skipped =
            steps->results_n > 0 && stayed_silent(&steps->results[0]) && probes[i] != PROBE_CLOSING;
        if (find_result(steps, probes[i]) || skipped)
            continue;
        /* The closing control comes after the drill-down: did that get us banned? */
        if (probes[i] == PROBE_CLOSING && !stayed_silent(&steps->results[0]) &&
            drill_plan_next(steps->results, steps->results_n, steps->plan, steps->hybrid, shape))
            return true;
        *shape = probe_plan_shape(probes[i], steps->hybrid, spoke_tls12(steps), GROUP_NONE);
        return true;
    }
    return next_extra(steps, shape);
}

/* The same probe again; only `closing` comes back in another shape: X25519 alone may be what the
 * origin dislikes, and the question of the control is whether it still answers us. */
static struct probe_shape redial_shape(const struct scan_steps *steps) {
    const struct probe_result *last = &steps->results[steps->results_n - 1];
    if (last->probe == PROBE_CLOSING) {
        struct probe_shape shape =
            probe_plan_shape(PROBE_CLASSICAL, steps->hybrid, false, GROUP_NONE);
        shape.id = PROBE_CLOSING;
        return shape;
    }
    if (drill_plan_is(last->probe))
        return probe_plan_drill(last->probe, steps->hybrid, last->parameter);
    return probe_plan_shape(last->probe, steps->hybrid, spoke_tls12(steps),
                            share_to_confirm(steps));
}

bool scan_steps_next(const struct scan_steps *steps, struct scan_steps_step *out) {
    if (steps->ended)
        return false;
    *out = (struct scan_steps_step){.redial = steps->redial};
    if (steps->redial)
        out->shape = redial_shape(steps);
    return steps->redial || next_probe(steps, &out->shape);
}

static struct probe_result *append_result(struct scan_steps *steps,
                                          const struct probe_result *result) {
    assert(steps->results_n < SCAN_PROBES_MAX);
    steps->results = array_reserve(steps->results, steps->results_n + 1, &steps->results_room,
                                   sizeof *steps->results);
    steps->results[steps->results_n] = *result;
    return &steps->results[steps->results_n++];
}

/* Two attempts become one result: what the second saw, and that there was a first. */
static void merge_attempts(struct probe_result *first, const struct probe_result *second) {
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
static bool ends_scan(const struct scan_steps *steps, const struct probe_result *result) {
    if (result->outcome == OUTCOME_CANCELLED || result->stage == STAGE_RESOLVE ||
        result->stage == STAGE_CONNECT)
        return true;
    return steps->results_n == 1 && result->outcome == OUTCOME_NOT_TLS;
}

void scan_steps_record(struct scan_steps *steps, const struct probe_result *attempt) {
    struct probe_result *result;
    if (steps->redial) {
        result = &steps->results[steps->results_n - 1];
        merge_attempts(result, attempt);
        steps->redial = false;
    } else {
        result = append_result(steps, attempt);
        steps->redial = outcome_is_abrupt(attempt->outcome);
    }
    steps->ended = !steps->redial && ends_scan(steps, result);
}

void scan_steps_give_up(struct scan_steps *steps, enum outcome outcome, enum stage stage,
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
    append_result(steps, &result);
    steps->redial = false;
    steps->ended = true;
}

bool scan_steps_may_change_address(const struct scan_steps *steps) {
    return steps->results_n == 1 && steps->results[0].stage == STAGE_CONNECT &&
           steps->results[0].outcome != OUTCOME_CANCELLED;
}

void scan_steps_restart(struct scan_steps *steps) {
    steps->results_n = 0;
    steps->redial = steps->ended = false;
}

const struct probe_result *scan_steps_results(const struct scan_steps *steps, size_t *count) {
    *count = steps->results_n;
    return steps->results;
}

/* An answer that came to nothing is one too: a refused HelloRetryRequest, a ServerHello. But an
 * alert to a question about a group is a refusal: if all else is met with silence, it does not say
 * what the origin is. A tarpit's alerts are short enough to arrive. */
static bool answered_tls(const struct probe_result *result) {
    struct probe_shape shape = probe_plan_shape(result->probe, GROUP_NONE, false, GROUP_NONE);
    return result->outcome == OUTCOME_OK || result->hrr.count > 0 ||
           (result->stage == STAGE_SERVER_FLIGHT && result->outcome != OUTCOME_MALFORMED) ||
           (result->alert >= 0 && shape.end == PROBE_END_FINISH);
}

/* What an origin is whose every probe ended without an answer: bytes that break TLS are no TLS. */
static enum scan_status status_by_answers(const struct scan_steps *steps) {
    enum scan_status status = STATUS_UNREACHABLE;
    for (size_t i = 0; i < steps->results_n; i++) {
        const struct probe_result *result = &steps->results[i];
        if (answered_tls(result))
            return STATUS_COMPLETE;
        if (result->outcome == OUTCOME_MALFORMED || result->outcome == OUTCOME_NOT_TLS)
            status = STATUS_NOT_TLS;
    }
    return status;
}

enum scan_status scan_steps_status(const struct scan_steps *steps) {
    const struct probe_result *first = &steps->results[0];
    const struct probe_result *last = &steps->results[steps->results_n - 1];
    if (first->outcome == OUTCOME_BLOCKED)
        return STATUS_BLOCKED;
    if (first->outcome == OUTCOME_NOT_TLS)
        return STATUS_NOT_TLS;
    if (steps->results_n == 1)
        return last->outcome == OUTCOME_CANCELLED ? STATUS_INTERRUPTED : STATUS_UNREACHABLE;
    if (last->outcome == OUTCOME_CANCELLED || last->stage == STAGE_CONNECT ||
        origin_went_away(steps))
        return STATUS_INTERRUPTED;
    return status_by_answers(steps);
}
