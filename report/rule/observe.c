/* Reading a scan for the rule. */
#include "report/rule/observe.h"

#include "report/rule/safe_level.h"
#include "scanner/base/hash.h"

#include <string.h>

enum { TLS13 = 0x0304 };

/* The peer or the network ended it before a ServerHello was accepted. What comes after that depends
 * on certificates and the like, not on the key agreement. */
static bool is_attributable(enum outcome outcome, enum stage stage) {
    if (stage != STAGE_HELLO && stage != STAGE_RETRY)
        return false;
    switch (outcome) {
    case OUTCOME_ALERT:
    case OUTCOME_RESET:
    case OUTCOME_CLOSED:
    case OUTCOME_TIMEOUT:
    case OUTCOME_MALFORMED:
    case OUTCOME_NOT_TLS:
        return true;
    case OUTCOME_OK:
    case OUTCOME_REFUSED:
    case OUTCOME_UNREACHABLE:
    case OUTCOME_DNS_FAILURE:
    case OUTCOME_BLOCKED:
    case OUTCOME_CANCELLED:
    case OUTCOME_COUNT:
        return false;
    }
    return false;
}

/* To the longest hello an alert is no answer. */
static bool is_attributable_end(const struct probe_result *result) {
    return is_attributable(result->outcome, result->stage) ||
           (result->probe == PROBE_PREFERRED_DUAL && probe_result_failed(result));
}

/* What was dialled once more had ended abruptly or in internal_error. If that was behind the ServerHello, it counts as
 * well: so it does with the controls, which meet the same certificates. */
static bool first_try_failed(const struct probe_result *result) {
    return result->attempts > 1 && result->first_stage > STAGE_CONNECT;
}

/* ---- controls ---- */

struct controls {
    const struct probe_result *opening; /* NULL if none worked */
    bool closing_counts;
    bool worked;
};

/* Not cut off: whatever it said, the origin still talks to us. */
static bool still_talks(const struct probe_result *result) {
    return result && result->stage >= STAGE_HELLO && !outcome_is_abrupt(result->outcome) &&
           result->outcome != OUTCOME_CANCELLED;
}

static const struct probe_result *find_opening(const struct scan *scan,
                                               const struct judgement *judgement) {
    const struct probe_result *classical = scan_probe(scan, PROBE_CLASSICAL);
    const struct probe_result *confirm = scan_probe(scan, PROBE_CONFIRM);
    const struct probe_result *preferred = scan_probe(scan, PROBE_PREFERRED);
    const struct probe_result *shared = scan_probe(scan, PROBE_SHARED_P256);
    if (probe_result_worked(classical))
        return classical;
    if (judgement->alpn_refused && !judgement->alpn_alert)
        return scan_probe(scan, PROBE_NO_ALPN);
    if (probe_result_worked(shared) && still_talks(classical))
        return shared;
    if (classical && classical->stage == STAGE_RETRY && probe_result_worked(confirm) &&
        !confirm->retry)
        return confirm;
    return still_talks(classical) && probe_result_worked(preferred) ? preferred : NULL;
}

static struct controls find_controls(const struct scan *scan, const struct judgement *judgement) {
    const struct probe_result *closing = scan_probe(scan, PROBE_CLOSING);
    struct controls out = {
        .opening = find_opening(scan, judgement),
        .closing_counts = closing && judgement->groups[JUDGED_X25519] == TRUTH_TRUE,
    };
    out.worked = out.opening && still_talks(closing);
    return out;
}

static bool we_gave_up(const struct scan *scan) {
    for (size_t i = 0; i < scan->probes_n; i++)
        if (scan->probes[i].outcome == OUTCOME_CANCELLED)
            return true;
    return false;
}

static void count_control(const struct probe_result *result, struct observation *out) {
    if (!result || result->stage < STAGE_HELLO || result->late)
        return;
    out->controls++;
    bool failed = result->attempts > 1 ? outcome_is_abrupt(result->first_outcome)
                                       : outcome_is_abrupt(result->outcome);
    out->controls_failed += failed;
}

static void observe_controls(const struct scan *scan, const struct judgement *judgement,
                             const struct controls *controls, struct observation *out) {
    /* What was seen without ALPN says nothing of a proxy whose protocol is refused. */
    out->conclusive = scan->status == STATUS_COMPLETE && controls->worked && !we_gave_up(scan) &&
                      !judgement->alpn_alert;
    out->tls13 = controls->opening && controls->opening->tls_version == TLS13;
    out->hybrid_known = judgement->groups[JUDGED_HYBRID] == TRUTH_TRUE;
    count_control(controls->opening ? controls->opening : scan_probe(scan, PROBE_CLASSICAL), out);
    if (controls->closing_counts)
        count_control(scan_probe(scan, PROBE_CLOSING), out);
}

/* ---- modes ---- */

/* It finished, and yet a client that says this hello gets less than the control did. */
static bool is_worse_than_control(const struct judgement *judgement, const struct observation *scan,
                                  const struct probe_result *result, enum mode mode) {
    bool large = mode == MODE_PREFERRED || mode == MODE_PREFERRED_DUAL;
    if (large && verdict_holds(judgement, VERDICT_WRONG_BACKEND))
        return true;
    return scan->tls13 && result->tls_version < TLS13;
}

/* The probes that prove a mode besides its own: with the longest hellos of a proxy, in pieces. */
static const struct {
    enum probe_id probes[3];
    size_t n;
} proofs[MODE_COUNT] = {
    [MODE_SUPPORTED] = {{PROBE_CHOOSE, PROBE_WIDE_RETRY, PROBE_RESUMED}, 3},
    [MODE_PREFERRED] = {{PROBE_PREFERRED_DUAL, PROBE_RESUMED_PREFERRED}, 2},
    [MODE_PREFERRED_DUAL] = {{PROBE_RESUMED_PREFERRED}, 1},
};

/* A question that was refused is no failure, but for the longest hello itself. */
static bool is_failed_proof(const struct scan *scan, const struct probe_result *result) {
    if (!result || result->outcome == OUTCOME_CANCELLED)
        return false;
    if (result->probe == PROBE_CHOOSE || result->probe == PROBE_WIDE_RETRY)
        return probe_result_failed_at(result, STAGE_RETRY) && result->retry_group == scan->hybrid;
    return probe_result_failed(result);
}

/* The first try of the proof failed, and the redial worked. The longest first hello is a mode of its own, whose failures
 * are counted there. */
static bool is_flapped_proof(const struct scan *scan, const struct probe_result *result) {
    if (!probe_result_worked(result) || result->late || result->probe == PROBE_PREFERRED_DUAL)
        return false;
    if (result->probe == PROBE_CHOOSE || result->probe == PROBE_WIDE_RETRY)
        return first_try_failed(result) && result->first_stage >= STAGE_RETRY &&
               result->retry_group == scan->hybrid;
    return first_try_failed(result);
}

/* Where only some sessions are resumed, nothing but `resumed` tells of any mode. */
static bool any_proof_flapped(const struct scan *scan, enum mode mode) {
    bool flapped = is_flapped_proof(scan, scan_probe(scan, PROBE_RESUMED));
    for (size_t i = 0; i < proofs[mode].n; i++)
        flapped = flapped || is_flapped_proof(scan, scan_probe(scan, proofs[mode].probes[i]));
    return flapped;
}

/* Adds the failures of what else proves the mode: each was tried twice where it was abrupt. */
static void observe_proofs(const struct scan *scan, const struct judgement *judgement,
                           enum mode mode, struct rule_trial *trial) {
    /* A session that is not resumed in this mode breaks it, too. */
    bool failed =
        judgement->resumed_works == TRUTH_FALSE && judgement->modes[mode].resumes != TRUTH_TRUE;
    for (size_t i = 0; i < proofs[mode].n; i++)
        failed = failed || is_failed_proof(scan, scan_probe(scan, proofs[mode].probes[i]));
    if (trial->failed > 0 || (!failed && !any_proof_flapped(scan, mode)))
        return;
    trial->tries = 2;
    trial->failed = failed ? 2 : 1;
    if (!failed)
        return;
    trial->works = false;
    trial->group = GROUP_NONE;
}

/* A visit that did not show how a proxy's own hello fares shows nothing of the mode. A quick one does not ask for the
 * longest second hello: it counts as a trial beside daily visits, but nothing rests on it alone. */
static bool is_unproven(const struct scan *scan, const struct judgement *judgement, enum mode mode,
                        enum rule_profile profile) {
    bool asked = scan->plan != PLAN_QUICK || mode != MODE_SUPPORTED || profile == PROFILE_FAST;
    return asked && judgement->modes[mode].tolerated == TRUTH_UNKNOWN;
}

/* We ran late while the mode was asked for, or what else proves it. Of such a time only some failures can be told from
 * our own, so nothing of it is counted. */
static bool was_late(const struct scan *scan, enum mode mode) {
    const struct probe_result *result = scan_probe(scan, judgement_mode_probe(mode));
    bool late = result && result->late;
    for (size_t i = 0; i < proofs[mode].n; i++) {
        const struct probe_result *proof = scan_probe(scan, proofs[mode].probes[i]);
        late = late || (proof && proof->late);
    }
    return late;
}

static bool lost_a_trial(const struct scan *scan) {
    for (unsigned mode = MODE_SUPPORTED; mode < MODE_COUNT; mode++)
        if (was_late(scan, (enum mode)mode))
            return true;
    return false;
}

static void observe_trial(const struct scan *scan, const struct judgement *judgement,
                          enum mode mode, enum rule_profile profile, struct observation *out) {
    const struct probe_result *result = scan_probe(scan, judgement_mode_probe(mode));
    struct rule_trial *trial = &out->trials[mode];
    if (!result || result->stage < STAGE_HELLO || result->outcome == OUTCOME_CANCELLED ||
        was_late(scan, mode) || is_unproven(scan, judgement, mode, profile))
        return;
    bool finished = probe_result_worked(result);
    bool worse = finished && is_worse_than_control(judgement, out, result, mode);
    bool first = first_try_failed(result);
    /* A first try that ended in another way is no trial; the redial is the first one then. */
    trial->tries = first ? 2 : 1;
    trial->failed = (uint8_t)(first + (worse || is_attributable_end(result) ? 1 : 0));
    trial->works = finished && !worse;
    trial->retry = result->retry;
    trial->group = !trial->works ? GROUP_NONE : result->group ? result->group : result->retry_group;
    observe_proofs(scan, judgement, mode, trial);
}

/* ---- first shares ---- */

/* Abrupt ends count where they were seen twice. */
static bool share_failed_twice(const struct probe_result *result) {
    bool failed = is_attributable(result->outcome, result->stage);
    return failed && (result->attempts > 1 || !outcome_is_abrupt(result->outcome));
}

static enum share_answer answer_to_share(const struct probe_result *result) {
    if (result->late)
        return SHARE_UNKNOWN;
    if (probe_result_worked(result))
        return result->retry ? SHARE_RETRIED : SHARE_ACCEPTED;
    return share_failed_twice(result) ? SHARE_FAILED : SHARE_UNKNOWN;
}

static bool find_classical(uint16_t group, enum classical_group *out) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        *out = (enum classical_group)i;
        if (observation_classical_group(*out) == group)
            return true;
    }
    return false;
}

/* Groups that were asked for alone with their share. Where the list of `classical` was answered or retried, its answer
 * says more; where it was refused and several groups are taken, nobody knows which share the origin wants first. */
static void observe_shared(const struct scan *scan, const struct probe_result *classical,
                           struct observation *out) {
    static const enum probe_id probes[CLASSICAL_COUNT] = {[CLASSICAL_P256] = PROBE_SHARED_P256,
                                                          [CLASSICAL_P384] = PROBE_SHARED_P384,
                                                          [CLASSICAL_P521] = PROBE_SHARED_P521};
    unsigned taken = 0;
    if (probe_result_worked(classical) || classical->retry)
        return;
    for (unsigned i = CLASSICAL_P256; i < CLASSICAL_COUNT; i++)
        taken += probe_result_worked(scan_probe(scan, probes[i]));
    for (unsigned i = CLASSICAL_P256; i < CLASSICAL_COUNT; i++) {
        const struct probe_result *shared = scan_probe(scan, probes[i]);
        if (shared && out->shares[i] == SHARE_UNKNOWN &&
            (taken == 1 || !probe_result_worked(shared)))
            out->shares[i] = answer_to_share(shared);
    }
}

/* Sessions cannot be resumed with the share that `classical` sends; nor with any other, where not even the first hello
 * with a ticket is answered. */
static void observe_resumed_shares(const struct scan *scan, struct observation *out) {
    const struct probe_result *resumed = scan_probe(scan, PROBE_RESUMED_CLASSICAL);
    if (!probe_result_failed(resumed) || resumed->late)
        return;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        if (i == CLASSICAL_X25519 || !resumed->retry)
            out->shares[i] = SHARE_FAILED;
}

/* What the hybrid's share with a classical one beside it came to. Where the classical one was used, it
 * shows how that share fares. */
static void observe_dual(const struct scan *scan, struct observation *out) {
    const struct probe_result *dual = scan_probe(scan, PROBE_CONFIRM_DUAL);
    enum classical_group which;
    if (!dual || !find_classical(dual->parameter, &which) || dual->stage < STAGE_HELLO ||
        dual->outcome == OUTCOME_CANCELLED || dual->late)
        return;
    bool answered = probe_result_worked(dual);
    if (!answered || (out->tls13 && dual->tls_version < TLS13)) { /* an alert is no answer */
        bool twice = dual->attempts > 1 || !outcome_is_abrupt(dual->outcome);
        out->duals[which] = answered || twice ? DUAL_FAILED : DUAL_UNKNOWN;
        return;
    }
    bool hybrid = dual->group == scan->hybrid;
    if (!dual->retry) /* a hello of that length is tolerated where a ServerHello follows it */
        out->duals[which] = hybrid ? DUAL_HYBRID : DUAL_CLASSICAL;
    if (!hybrid && out->shares[which] == SHARE_UNKNOWN)
        out->shares[which] = answer_to_share(dual);
}

/* `confirm` sends the share that it was asked for, else that of the group that `classical` was told to
 * come back with. */
static void observe_confirm(const struct scan *scan, const struct probe_result *classical,
                            struct observation *out) {
    const struct probe_result *confirm = scan_probe(scan, PROBE_CONFIRM);
    enum classical_group which;
    if (confirm &&
        find_classical(confirm->parameter ? confirm->parameter : classical->retry_group, &which))
        out->shares[which] = answer_to_share(confirm);
}

static void observe_shares(const struct scan *scan, struct observation *out) {
    const struct probe_result *classical = scan_probe(scan, PROBE_CLASSICAL);
    if (!classical)
        return;
    out->shares[CLASSICAL_X25519] = answer_to_share(classical);
    observe_confirm(scan, classical, out);
    observe_dual(scan, out);
    observe_shared(scan, classical, out);
    observe_resumed_shares(scan, out);
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        out->confirmed[i] = out->shares[i] == SHARE_ACCEPTED;
}

/* ---- groups that must be listed ---- */

static bool is_certificate_curve(const struct scan *scan, uint16_t group) {
    for (size_t i = 0; i < scan->probes_n; i++)
        if (scan->probes[i].leaf_curve == group)
            return true;
    return false;
}

/* A quick visit does not ask for single groups: that it knows nothing of them says nothing. */
static void observe_needed(const struct scan *scan, const struct judgement *judgement,
                           struct observation *out) {
    unsigned had = 0;
    for (enum judged_group i = JUDGED_X25519; i <= JUDGED_P521; i++)
        had += judgement->groups[i] == TRUTH_TRUE;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        enum truth truth = judgement->groups[JUDGED_X25519 + i];
        bool unknown = truth == TRUTH_UNKNOWN && scan->plan != PLAN_QUICK;
        out->needed[i] =
            unknown || (truth == TRUTH_TRUE && had == 1) ||
            is_certificate_curve(scan, observation_classical_group((enum classical_group)i));
    }
}

/* ---- all ---- */

void observe(const struct scan *scan, const struct judgement *judgement, enum rule_profile profile,
             struct observation *out) {
    bool unstable = verdict_holds(judgement, VERDICT_UNSTABLE);
    memset(out, 0, sizeof *out);
    struct controls controls = find_controls(scan, judgement);
    out->time_ms = scan->started_ms;
    out->address = hash_text_32(scan->address);
    out->kind = scan->plan == PLAN_QUICK ? KIND_EXTRA : KIND_DAILY;
    observe_controls(scan, judgement, &controls, out);
    if (scan->status == STATUS_INTERRUPTED && !we_gave_up(scan))
        out->silence = judgement->dark_after_large ? SILENCE_AFTER_LARGE : SILENCE_ELSEWHERE;
    /* A pool with one bad node makes any fault of it; the trials say how often. */
    out->ceiling = unstable ? LEVEL_PREFERRED : safe_level_faults(judgement);
    if (unstable && profile == PROFILE_FAST)
        out->conclusive = false;
    /* Days on which a mode could not be tried would keep its setting alive, or lower it, without evidence. */
    if (lost_a_trial(scan) && out->ceiling >= LEVEL_PREFERRED)
        out->conclusive = false;
    for (unsigned mode = MODE_SUPPORTED; mode < MODE_COUNT; mode++)
        observe_trial(scan, judgement, (enum mode)mode, profile, out);
    observe_shares(scan, out);
    observe_needed(scan, judgement, out);
}

void observe_quick_alone(const struct judgement *judgement, struct observation *out) {
    if (judgement->modes[MODE_SUPPORTED].tolerated == TRUTH_UNKNOWN)
        out->trials[MODE_SUPPORTED] = (struct rule_trial){.tries = 0};
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        out->needed[i] |= judgement->groups[JUDGED_X25519 + i] == TRUTH_UNKNOWN;
}

/* ---- again ---- */

/* Every complete scan since the plan's second version has the longest hello in pieces. */
static bool is_of_first_plan(const struct scan *scan) {
    const struct probe_result *longest = scan_probe(scan, PROBE_PREFERRED_DUAL);
    return scan->status == STATUS_COMPLETE && !(longest && longest->in_pieces);
}

void observe_keep_unasked(const struct scan *scan, const struct observation *before,
                          struct observation *out) {
    if (!is_of_first_plan(scan))
        return;
    for (unsigned mode = MODE_SUPPORTED; mode < MODE_COUNT; mode++)
        if (out->trials[mode].tries == 0)
            out->trials[mode] = before->trials[mode];
}
