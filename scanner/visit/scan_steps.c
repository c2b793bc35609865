/* What to probe next for one origin, what to dial once more, when to stop. */
#include "scanner/visit/scan_steps.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/visit/drill_plan.h"
#include "scanner/words/alert.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct scan_steps {
    struct scan_steps_options options;
    bool ended;
    bool redial; /* the last result was abrupt and is to be dialled once more */
    uint8_t results_n;
    size_t results_room;
    struct probe_result *results;
};

struct scan_steps *scan_steps_new(const struct scan_steps_options *options) {
    struct scan_steps *steps = alloc_zero(1, sizeof *steps);
    steps->options = *options;
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

/* Both attempts waited for an answer that did not come. */
static bool timed_out_twice(const struct probe_result *result) {
    return result->outcome == OUTCOME_TIMEOUT && result->attempts == 2 &&
           result->first_outcome == OUTCOME_TIMEOUT;
}

/* No answer to the hello, twice, be it silence or a byte now and then: nobody who answers TLS lives there, and asking
 * ten times more would only keep both sides waiting for the deadline. */
static bool stayed_silent(const struct probe_result *result) {
    return result && timed_out_twice(result) && result->stage == STAGE_HELLO &&
           result->first_stage == STAGE_HELLO;
}

/* The origin worked and then stopped answering us. */
static bool origin_went_away(const struct scan_steps *steps) {
    const struct probe_result *closing = find_result(steps, PROBE_CLOSING);
    return probe_result_worked(find_result(steps, PROBE_CLASSICAL)) && closing &&
           outcome_is_abrupt(closing->outcome);
}

static bool worked_without_retry(const struct probe_result *result) {
    return probe_result_worked(result) && !result->retry;
}

/* The share that `confirm` has to prove: the group that the origin takes first, where neither X25519 nor the hybrid
 * is taken without a retry. GROUP_NONE where there is nothing to prove. */
static uint16_t share_to_confirm(const struct scan_steps *steps) {
    const struct probe_result *classical = find_result(steps, PROBE_CLASSICAL);
    const struct probe_result *preferred = find_result(steps, PROBE_PREFERRED);
    if (worked_without_retry(preferred) && preferred->group == steps->options.hybrid)
        return GROUP_NONE;
    if (!classical || !classical->retry || classical->retry_group == GROUP_X25519)
        return GROUP_NONE;
    return classical->retry_group;
}

/* ---- ALPN ---- */

/* No handshake with our protocols: the origin wants another one (RFC 7301 3.2), or chose what we did not offer. */
static bool alpn_is_in_the_way(const struct probe_result *classical) {
    return classical && ((classical->outcome == OUTCOME_ALERT &&
                          classical->alert == ALERT_NO_APPLICATION_PROTOCOL) ||
                         classical->alpn_answer_refused);
}

/* The same handshake works without: the scan goes on so. */
static bool goes_on_without_alpn(const struct scan_steps *steps) {
    return probe_result_worked(find_result(steps, PROBE_NO_ALPN));
}

/* ---- shapes that depend on what was seen ---- */

static uint16_t certificate_curve(const struct scan_steps *steps) {
    const struct probe_result *control =
        find_result(steps, goes_on_without_alpn(steps) ? PROBE_NO_ALPN : PROBE_CLASSICAL);
    return probe_result_worked(control) && control->tls_version == 0x0303 ? control->leaf_curve
                                                                          : GROUP_NONE;
}

/* `only-other` again, without the groups that were named before. */
static void drop_named_groups(const struct scan_steps *steps, struct probe_shape *shape) {
    for (size_t i = 0; i < steps->results_n; i++) {
        const struct probe_result *result = &steps->results[i];
        if (result->probe == PROBE_ONLY_OTHER && result->parameter < shape->parameter &&
            result->retry)
            probe_plan_drop_group(shape, result->retry_group);
    }
}

static struct probe_shape shape_of(const struct scan_steps *steps, enum probe_id id,
                                   uint16_t parameter) {
    const struct scan_steps_options *options = &steps->options;
    struct probe_shape shape = drill_plan_is(id) || id == PROBE_ONLY_OTHER
                                   ? probe_plan_drill(id, options->hybrid, parameter)
                                   : probe_plan_shape(id, options->hybrid, certificate_curve(steps),
                                                      share_to_confirm(steps));
    if (id == PROBE_CONFIRM_DUAL || (id == PROBE_CONFIRM && parameter != GROUP_NONE)) {
        shape = probe_plan_shape(id, options->hybrid, GROUP_NONE, parameter);
        shape.parameter = parameter;
    }
    if (id == PROBE_ONLY_OTHER)
        drop_named_groups(steps, &shape);
    shape.wait_for_ticket = id == PROBE_SUPPORTED && options->resume;
    shape.no_alpn = shape.no_alpn || goes_on_without_alpn(steps);
    return shape;
}

/* ---- how long to wait ---- */

/* Long enough for a hello that was lost: Linux sends it again after 0.2, 0.6 and 1.4 s on a near path. */
#define PATIENCE_MS 2000
/* The same once an answer failed to come twice: what is lost by chance is lost seldom. */
#define PATIENCE_AGAIN_MS 1000
/* A control that waited in vain for as long as there is need not wait as long again. */
#define PATIENCE_CONTROL_MS 5000
/* A slow origin is given four times what its slowest answer took; a very slow one, twice that and a second: a retry
 * is two answers. */
#define PATIENCE_TIMES 4
#define PATIENCE_RETRY_TIMES 2
#define PATIENCE_MORE_MS 1000

static bool is_opening_control(enum probe_id id) {
    return id == PROBE_CLASSICAL || id == PROBE_NO_ALPN;
}

/* What is dialled now comes after silence: the same probe, once more. */
static bool last_timed_out(const struct scan_steps *steps) {
    return steps->redial && steps->results[steps->results_n - 1].outcome == OUTCOME_TIMEOUT;
}

/* The opening control shows how fast the origin answers, so it has all the time there is, and so has `closing` where
 * there is an answer to compare it with. What comes between need not wait as long for an answer that does not come. */
static uint32_t choose_patience(const struct scan_steps *steps, enum probe_id id) {
    uint32_t slowest_us = 0, least_ms = PATIENCE_MS;
    bool controlled = false;
    for (size_t i = 0; i < steps->results_n; i++) {
        const struct probe_result *result = &steps->results[i];
        if (result->outcome != OUTCOME_TIMEOUT && result->duration_us > slowest_us)
            slowest_us = result->duration_us;
        if (timed_out_twice(result))
            least_ms = PATIENCE_AGAIN_MS;
        controlled =
            controlled || (is_opening_control(result->probe) && result->outcome != OUTCOME_TIMEOUT);
    }
    if (is_opening_control(id) || (id == PROBE_CLOSING && controlled))
        return last_timed_out(steps) ? PATIENCE_CONTROL_MS : 0;
    uint64_t slowest_ms = slowest_us / 1000;
    uint64_t patience_ms = slowest_ms * PATIENCE_TIMES;
    if (patience_ms > slowest_ms * PATIENCE_RETRY_TIMES + PATIENCE_MORE_MS)
        patience_ms = slowest_ms * PATIENCE_RETRY_TIMES + PATIENCE_MORE_MS;
    return patience_ms < least_ms ? least_ms : (uint32_t)patience_ms;
}

/* ---- what follows ---- */

/* `only-other` is asked again as long as it names a group, three times more. */
static bool next_other(const struct scan_steps *steps, struct probe_shape *shape) {
    enum { REPEATS_MAX = 3 };
    const struct probe_result *last = NULL;
    uint16_t asked = 0;
    for (size_t i = 0; i < steps->results_n; i++)
        if (steps->results[i].probe == PROBE_ONLY_OTHER) {
            last = &steps->results[i];
            asked++;
        }
    if (!last || !last->retry || !probe_result_worked(last) || asked > REPEATS_MAX)
        return false;
    *shape = shape_of(steps, PROBE_ONLY_OTHER, (uint16_t)(asked + 1));
    return shape->groups_n > 0;
}

/* `supported` was retried to the hybrid, but `choose` did not get to send its second hello. */
static bool wants_wide_retry(const struct scan_steps *steps) {
    const struct probe_result *supported = find_result(steps, PROBE_SUPPORTED);
    const struct probe_result *choose = find_result(steps, PROBE_CHOOSE);
    return choose && choose->hello2_bytes == 0 && supported && supported->retry &&
           supported->retry_group == steps->options.hybrid;
}

static bool wants_resumed(const struct scan_steps *steps) {
    const struct probe_result *supported = find_result(steps, PROBE_SUPPORTED);
    return steps->options.resume && probe_result_worked(supported) && supported->ticket;
}

/* Where `resumed` breaks; the full plan asks even where it does not. */
static bool wants_other_resumed(const struct scan_steps *steps) {
    const struct probe_result *resumed = find_result(steps, PROBE_RESUMED);
    return probe_result_failed(resumed) ||
           (steps->options.plan == PLAN_FULL && probe_result_worked(resumed));
}

/* Probes that follow the fixed ones in their order, each at most once. */
static const struct {
    enum probe_id id;
    bool (*wanted)(const struct scan_steps *steps);
} at_times[] = {
    {PROBE_WIDE_RETRY, wants_wide_retry},
    {PROBE_RESUMED, wants_resumed},
    {PROBE_RESUMED_PREFERRED, wants_other_resumed},
    {PROBE_RESUMED_CLASSICAL, wants_other_resumed},
};

/* What comes before the closing control: it then tells, too, whether one of these got us banned. */
static bool next_before_closing(const struct scan_steps *steps, struct probe_shape *shape) {
    const struct scan_steps_options *options = &steps->options;
    for (size_t i = 0; i < COUNT_OF(at_times); i++) {
        if (find_result(steps, at_times[i].id) || !at_times[i].wanted(steps))
            continue;
        *shape = shape_of(steps, at_times[i].id, 0);
        return true;
    }
    if (!drill_plan_next(&(struct drill_plan_view){.results = steps->results,
                                                   .n = steps->results_n,
                                                   .plan = options->plan,
                                                   .hybrid = options->hybrid,
                                                   .hello_max = options->hello_max},
                         shape))
        return false;
    *shape = shape_of(steps, shape->id, shape->parameter);
    return true;
}

/* The share that a zone asks for, alone or beside the hybrid's, goes before the origin's own. */
static bool next_proof(const struct scan_steps *steps, struct probe_shape *shape) {
    const struct scan_steps_options *options = &steps->options;
    enum probe_id id = options->proof_dual ? PROBE_CONFIRM_DUAL : PROBE_CONFIRM;
    if (options->proof_share == GROUP_NONE || find_result(steps, id) ||
        (options->plan == PLAN_QUICK && !options->proof_dual))
        return false;
    *shape = shape_of(steps, id, options->proof_share);
    return true;
}

/* What follows when the plan's fixed probes are through. */
static bool next_extra(const struct scan_steps *steps, struct probe_shape *shape) {
    if (stayed_silent(&steps->results[0]) || origin_went_away(steps))
        return false;
    if (next_proof(steps, shape))
        return true;
    uint16_t share = share_to_confirm(steps);
    const struct probe_result *dual = find_result(steps, PROBE_CONFIRM_DUAL);
    if (steps->options.plan == PLAN_QUICK || find_result(steps, PROBE_CONFIRM) ||
        share == GROUP_NONE || (worked_without_retry(dual) && dual->group == share))
        return false;
    *shape = shape_of(steps, PROBE_CONFIRM, 0);
    return true;
}

static bool next_probe(const struct scan_steps *steps, struct probe_shape *shape) {
    size_t count;
    const enum probe_id *probes = plan_probes(steps->options.plan, &count);
    if (alpn_is_in_the_way(find_result(steps, PROBE_CLASSICAL)) &&
        !find_result(steps, PROBE_NO_ALPN)) {
        *shape = shape_of(steps, PROBE_NO_ALPN, 0);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        bool silent = steps->results_n > 0 && stayed_silent(&steps->results[0]);
        if (find_result(steps, probes[i]) || (silent && probes[i] != PROBE_CLOSING))
            continue;
        if (probes[i] == PROBE_CHOOSE && next_other(steps, shape))
            return true;
        if (probes[i] == PROBE_CLOSING && !silent && next_before_closing(steps, shape))
            return true;
        *shape = shape_of(steps, probes[i], 0);
        return true;
    }
    return next_extra(steps, shape);
}

/* The same probe again; only `closing` comes back in another shape: X25519 alone may be what the
 * origin dislikes, and the question of the control is whether it still answers us. */
static struct probe_shape redial_shape(const struct scan_steps *steps) {
    const struct probe_result *last = &steps->results[steps->results_n - 1];
    bool closing = last->probe == PROBE_CLOSING;
    struct probe_shape shape =
        shape_of(steps, closing ? PROBE_CLASSICAL : last->probe, last->parameter);
    shape.id = last->probe;
    return shape;
}

bool scan_steps_next(const struct scan_steps *steps, struct scan_steps_step *out) {
    if (steps->ended)
        return false;
    *out = (struct scan_steps_step){.redial = steps->redial};
    if (steps->redial)
        out->shape = redial_shape(steps);
    else if (!next_probe(steps, &out->shape))
        return false;
    out->shape.patience_ms = choose_patience(steps, out->shape.id);
    return true;
}

static struct probe_result *append_result(struct scan_steps *steps,
                                          const struct probe_result *result) {
    assert(steps->results_n < SCAN_PROBES_MAX);
    steps->results = array_reserve(steps->results, steps->results_n + 1, &steps->results_room,
                                   sizeof *steps->results);
    steps->results[steps->results_n] = *result;
    return &steps->results[steps->results_n++];
}

/* Dialled once more: a failure without an answer, or an answer that is one (RFC 8446 6.2: internal_error). */
static bool is_trouble(const struct probe_result *attempt) {
    return outcome_is_abrupt(attempt->outcome) ||
           (attempt->outcome == OUTCOME_ALERT && attempt->alert == ALERT_INTERNAL_ERROR);
}

/* Two attempts become one result: what the second saw, and that there was a first. */
static void merge_attempts(struct probe_result *first, const struct probe_result *second) {
    struct probe_result merged = *second;
    merged.attempts = 2;
    merged.first_outcome = first->outcome;
    merged.first_stage = first->stage;
    merged.late = first->late || second->late;
    merged.shape_changed = first->probe == PROBE_CLOSING;
    /* A closing control that comes back in another shape asked another question, and our own giving
     * up answers none. */
    merged.flapped =
        !merged.shape_changed && !is_trouble(second) && second->outcome != OUTCOME_CANCELLED;
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
        steps->redial = is_trouble(attempt);
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
 * what the origin is; nor does a flight that breaks off before it names a group. A tarpit's alerts
 * are short enough to arrive. */
static bool answered(const struct probe_result *result) {
    struct probe_shape shape = probe_plan_shape(result->probe, GROUP_NONE, GROUP_NONE, GROUP_NONE);
    bool asks_for_group =
        shape.end == PROBE_END_ANSWER || (shape.groups_n == 1 && result->probe != PROBE_CLOSING);
    return result->outcome == OUTCOME_OK || result->hrr.count > 0 ||
           (result->stage == STAGE_SERVER_FLIGHT &&
            (result->outcome != OUTCOME_MALFORMED || result->group != GROUP_NONE)) ||
           (result->outcome == OUTCOME_ALERT && !asks_for_group);
}

/* What an origin is whose every probe ended without an answer: bytes that break TLS are no TLS. */
static enum scan_status status_by_answers(const struct scan_steps *steps) {
    enum scan_status status = STATUS_UNREACHABLE;
    for (size_t i = 0; i < steps->results_n; i++) {
        const struct probe_result *result = &steps->results[i];
        if (answered(result))
            return STATUS_COMPLETE;
        if (result->outcome == OUTCOME_MALFORMED || result->outcome == OUTCOME_NOT_TLS)
            status = STATUS_NOT_TLS;
    }
    return status;
}

enum scan_status scan_steps_status(const struct scan_steps *steps) {
    const struct probe_result *first = &steps->results[0];
    const struct probe_result *last = &steps->results[steps->results_n - 1];
    if (last->outcome == OUTCOME_BLOCKED) /* perhaps since the policy was read again */
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
