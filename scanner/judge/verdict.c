/* From what the probes of one scan saw to what it means: an ordered table of named rules. */
#include "scanner/judge/verdict.h"

#include "scanner/base/array.h"
#include "scanner/judge/control.h"
#include "scanner/judge/findings.h"
#include "scanner/judge/large_hello.h"
#include "scanner/judge/scan_facts.h"
#include "scanner/words/alert.h"

#include <string.h>

/* ---- how the scan itself ended ---- */

static bool is_unreachable(const struct findings *f) {
    return f->facts->status == STATUS_UNREACHABLE;
}

static bool is_blocked(const struct findings *f) {
    return f->facts->status == STATUS_BLOCKED;
}

static bool not_tls(const struct findings *f) {
    return f->facts->status == STATUS_NOT_TLS;
}

static bool is_interrupted(const struct findings *f) {
    return f->facts->status == STATUS_INTERRUPTED;
}

static bool gave_two_answers(const struct probe_result *result) {
    return result->flapped;
}

static bool is_unstable(const struct findings *f) {
    return findings_any(f, gave_two_answers) || f->facts->contradicts;
}

/* ---- handshakes that do not finish ---- */

static bool is_meant_to_finish(const struct findings *f, const struct probe_result *result) {
    return probe_plan_shape(result->probe, f->scan->hybrid, GROUP_NONE, GROUP_NONE).end ==
           PROBE_END_FINISH;
}

/* It ended behind a ServerHello, or the ServerHello broke the standard; a HelloRetryRequest that does is another
 * matter. */
static bool breaks_off(const struct probe_result *result) {
    bool retry_is_sound = result->hrr.count == (result->retry ? 1 : 0);
    return result->stage == STAGE_SERVER_FLIGHT ||
           (result->outcome == OUTCOME_MALFORMED && retry_is_sound);
}

/* No handshake was finished, although the origin began one. */
static bool breaks_off_always(const struct findings *f) {
    bool any = false;
    for (size_t i = 0; i < f->scan->probes_n; i++) {
        const struct probe_result *result = &f->scan->probes[i];
        if (!is_meant_to_finish(f, result))
            continue;
        if (probe_result_worked(result))
            return false;
        any |= breaks_off(result);
    }
    return any;
}

/* And that without a retry, too: the retry is not what it fails on. */
static bool breaks_off_without_retry(const struct findings *f) {
    for (size_t i = 0; i < f->scan->probes_n; i++) {
        const struct probe_result *result = &f->scan->probes[i];
        if (is_meant_to_finish(f, result) && !result->retry && breaks_off(result))
            return breaks_off_always(f);
    }
    return false;
}

/* ---- retries ---- */

/* A retry to the hybrid came and the second hello with its share got nowhere. */
static bool second_fails(const struct findings *f, enum probe_id id) {
    const struct probe_result *result = f->probes[id];
    return probe_result_failed_at(result, STAGE_RETRY) && result->retry_group == f->scan->hybrid &&
           result->hrr.count == 1;
}

/* A retry to the hybrid, and the handshake dies behind the ServerHello. */
static bool retry_breaks_off(const struct findings *f, enum probe_id id) {
    const struct probe_result *result = f->probes[id];
    return probe_result_failed_at(result, STAGE_SERVER_FLIGHT) &&
           result->retry_group == f->scan->hybrid;
}

/* A first hello of that length passes. */
static bool large_second_only(const struct findings *f) {
    bool fails = second_fails(f, PROBE_SUPPORTED) || retry_breaks_off(f, PROBE_SUPPORTED) ||
                 second_fails(f, PROBE_CHOOSE) || second_fails(f, PROBE_WIDE_RETRY);
    return fails && findings_finished_hybrid(f, PROBE_PREFERRED) && !large_hello_longest_fails(f) &&
           !probe_result_failed(f->probes[PROBE_FORCED_RETRY]);
}

/* Handshakes are refused without a retry, too, on groups that the origin has: the retry is not what
 * it fails on. */
static bool refused_without_retry(const struct findings *f) {
    const struct probe_result *classical = f->probes[PROBE_CLASSICAL];
    const struct probe_result *preferred = f->probes[PROBE_PREFERRED];
    if (!control_handshake_refused(f->scan))
        return false;
    const struct probe_result *confirm = f->probes[PROBE_CONFIRM];
    return (confirm && !confirm->retry) ||
           (!classical->retry && f->facts->groups[JUDGED_X25519] == TRUTH_TRUE) ||
           (!preferred->retry && f->facts->groups[JUDGED_HYBRID] == TRUTH_TRUE);
}

static bool sends_ticket(const struct probe_result *result) {
    return result->probe == PROBE_RESUMED || result->probe == PROBE_RESUMED_PREFERRED ||
           result->probe == PROBE_RESUMED_CLASSICAL;
}

/* Any probe that was retried to a classical group and died after its small second hello; not for its ticket. */
static bool retry_then_fail(const struct findings *f) {
    if (refused_without_retry(f) || breaks_off_without_retry(f))
        return false;
    for (size_t i = 0; i < f->scan->probes_n; i++) {
        const struct probe_result *result = &f->scan->probes[i];
        if (probe_result_failed_at(result, STAGE_RETRY) && result->hrr.count == 1 &&
            result->retry_group != f->scan->hybrid && !sends_ticket(result))
            return true;
    }
    return false;
}

/* A HelloRetryRequest that came and was not accepted. */
static bool bad_retry(const struct probe_result *result) {
    return result->outcome == OUTCOME_MALFORMED && result->hrr.count > 0;
}

static bool names_wrong_group(const struct findings *f, const struct probe_result *result) {
    struct probe_shape shape = scan_shape(f->scan, result);
    enum hrr_fault fault = hrr_fault(&result->hrr, shape.shares, shape.shares_n);
    return fault == HRR_GROUP_NOT_OFFERED || fault == HRR_GROUP_SHARED;
}

/* The first retry of a connection was not accepted, for its group or for anything else. */
static bool any_bad_retry(const struct findings *f, bool for_its_group) {
    for (size_t i = 0; i < f->scan->probes_n; i++) {
        const struct probe_result *result = &f->scan->probes[i];
        if (bad_retry(result) && result->hrr.count == 1 && !result->retry &&
            names_wrong_group(f, result) == for_its_group)
            return true;
    }
    return false;
}

static bool second_retry(const struct probe_result *result) {
    return result->hrr.count > 1;
}

static bool retry_malformed(const struct findings *f) {
    return any_bad_retry(f, false);
}

static bool retry_wrong_group(const struct findings *f) {
    return any_bad_retry(f, true);
}

static bool retry_loop(const struct findings *f) {
    return findings_any(f, second_retry);
}

/* ---- the hybrid itself ---- */

/* In whatever way; but a HelloRetryRequest that breaks the standard is another matter. */
static bool is_refusal(const struct probe_result *result) {
    return probe_result_failed(result) && result->hrr.count == 0;
}

/* The origin negotiated the hybrid or asked for it: a list of its own may have it, and something on the way not. */
static bool hybrid_named(const struct findings *f) {
    for (size_t i = 0; i < f->scan->probes_n; i++)
        if (control_group_named(&f->scan->probes[i], f->scan->hybrid))
            return true;
    return false;
}

/* Listing the hybrid or sending its share is met with a failure; size, unknown groups and unknown shares are not. */
static bool hybrid_refused(const struct findings *f) {
    bool listed = probe_result_failed_at(f->probes[PROBE_SUPPORTED], STAGE_HELLO) &&
                  is_refusal(f->probes[PROBE_SUPPORTED]) &&
                  probe_result_worked(f->probes[PROBE_UNKNOWN_GROUP]);
    bool shared = findings_control13(f) && large_hello_preferred_fails(f) &&
                  is_refusal(f->probes[PROBE_PREFERRED]) &&
                  !findings_finished_hybrid(f, PROBE_SUPPORTED) && large_hello_size_passes(f) &&
                  probe_result_worked(f->probes[PROBE_UNKNOWN_SHARE]) &&
                  !probe_result_failed(f->probes[PROBE_UNKNOWN_GROUP]);
    return !hybrid_named(f) && !large_hello_split(f) &&
           ((findings_control13(f) && listed) || shared);
}

static bool any_finished_hybrid(const struct findings *f) {
    for (size_t i = 0; i < f->scan->probes_n; i++) {
        const struct probe_result *result = &f->scan->probes[i];
        struct probe_shape shape =
            probe_plan_shape(result->probe, f->scan->hybrid, GROUP_NONE, GROUP_NONE);
        if (shape.end == PROBE_END_FINISH && probe_result_worked(result) &&
            result->group == f->scan->hybrid)
            return true;
    }
    return false;
}

/* What else may explain that every large hello fails. */
static bool large_is_explained(const struct findings *f) {
    return large_hello_sized_fails(f) || large_hello_split(f) || large_hello_path_mtu(f) ||
           large_hello_only_length(f) || large_hello_unknown_group(f) ||
           large_hello_unknown_share(f);
}

/* The origin has the hybrid or asks for it, and no handshake with it finishes. */
static bool hybrid_unusable(const struct findings *f) {
    bool tried = probe_result_failed(f->probes[PROBE_PREFERRED]) ||
                 second_fails(f, PROBE_SUPPORTED) || retry_breaks_off(f, PROBE_SUPPORTED);
    return f->facts->groups[JUDGED_HYBRID] == TRUTH_TRUE && tried && !any_finished_hybrid(f) &&
           findings_control13(f) && !large_is_explained(f) && !hybrid_refused(f);
}

static bool breaks_with_ticket(const struct findings *f, enum probe_id resumed,
                               const struct probe_result *fresh) {
    return probe_result_failed(f->probes[resumed]) && probe_result_worked(fresh);
}

static bool resumption_fails(const struct findings *f) {
    return breaks_with_ticket(f, PROBE_RESUMED, f->probes[PROBE_SUPPORTED]) ||
           breaks_with_ticket(f, PROBE_RESUMED_PREFERRED, f->probes[PROBE_PREFERRED]) ||
           breaks_with_ticket(f, PROBE_RESUMED_CLASSICAL, control_find(f->scan));
}

/* ---- versions, names, records ---- */

static bool large_hello_hangs_tls12(const struct findings *f) {
    return findings_control_spoke(f, 0x0303) &&
           (probe_result_failed(f->probes[PROBE_PREFERRED]) || large_hello_longest_fails(f));
}

/* A retry was TLS 1.3: whatever alert follows it is about something else. */
static bool fell_back(const struct probe_result *result) {
    return (probe_result_worked(result) && result->tls_version == 0x0303) ||
           (findings_got_alert(result, ALERT_PROTOCOL_VERSION) && !result->retry);
}

static bool version_fallback(const struct findings *f) {
    return findings_control13(f) && !f->facts->contradicts &&
           (fell_back(f->probes[PROBE_PREFERRED]) || fell_back(f->probes[PROBE_PREFERRED_DUAL]));
}

static bool same_leaf(const struct probe_result *a, const struct probe_result *b) {
    return a->has_leaf && b->has_leaf && memcmp(a->leaf_sha256, b->leaf_sha256, 32) == 0;
}

static bool has_leaf(const struct probe_result *result) {
    return probe_result_worked(result) && result->has_leaf;
}

/* Two small hellos got the certificate of the control. An origin without X25519 refuses `closing`. */
static bool small_hellos_agree(const struct findings *f, const struct probe_result *opening) {
    const struct probe_result *closing = f->probes[PROBE_CLOSING];
    const struct probe_result *supported = f->probes[PROBE_SUPPORTED];
    const struct probe_result *second = has_leaf(closing) ? closing : supported;
    return has_leaf(second) && same_leaf(opening, second);
}

/* Large hellos got one certificate, small ones another: the router read only the first segment. A pool with several
 * certificates does not split along that line each time. */
static bool wrong_backend(const struct findings *f) {
    const struct probe_result *opening = control_find(f->scan);
    const struct probe_result *supported = f->probes[PROBE_SUPPORTED];
    const struct probe_result *preferred = f->probes[PROBE_PREFERRED];
    const struct probe_result *again = f->probes[PROBE_SMALL_MSS];
    if (probe_result_worked(opening) && findings_got_alert(preferred, ALERT_UNRECOGNIZED_NAME) &&
        findings_got_alert(f->probes[PROBE_PREFERRED_DUAL], ALERT_UNRECOGNIZED_NAME))
        return true;
    if (!has_leaf(opening) || !has_leaf(preferred) || !small_hellos_agree(f, opening) ||
        same_leaf(opening, preferred))
        return false;
    return (!has_leaf(supported) || supported->hello2_bytes > 0 || same_leaf(opening, supported)) &&
           (!has_leaf(again) || same_leaf(again, preferred));
}

static bool record_split(const struct findings *f) {
    return findings_control13(f) && probe_result_failed(f->probes[PROBE_RECORD_SPLIT]) &&
           !large_hello_split(f);
}

static bool asked_certificate(const struct probe_result *result) {
    return result->certificate_requested;
}

static bool client_certificate(const struct findings *f) {
    return findings_any(f, asked_certificate);
}

/* ---- what a sound origin can do, or what keeps us from telling ---- */

static bool handshake_refused(const struct findings *f) {
    return control_handshake_refused(f->scan) || f->facts->alpn_alert;
}

/* ServerHellos come, and no handshake ever completes. */
static bool never_finishes(const struct findings *f) {
    return breaks_off_always(f) && !handshake_refused(f);
}

/* TLS 1.2 (or older) in every probe that named a version. Alert 70 names none: what refuses TLS 1.2 and 1.3 alike shows
 * neither. */
static bool tls12_only(const struct findings *f) {
    return f->facts->tls_version != 0 && f->facts->tls_version < 0x0304 && !never_finishes(f);
}

static bool is_ready(const struct findings *f) {
    return findings_finished_hybrid(f, PROBE_PREFERRED) && !f->probes[PROBE_PREFERRED]->retry &&
           !f->facts->alpn_alert;
}

static bool ready_after_retry(const struct findings *f) {
    return !is_ready(f) && !f->facts->alpn_alert &&
           (findings_finished_hybrid(f, PROBE_SUPPORTED) ||
            findings_finished_hybrid(f, PROBE_PREFERRED));
}

static bool hybrid_not_chosen(const struct findings *f) {
    const struct mode_fact *preferred = &f->facts->modes[MODE_PREFERRED];
    return f->facts->groups[JUDGED_HYBRID] == TRUTH_TRUE && preferred->works == TRUTH_TRUE &&
           preferred->retry == TRUTH_TRUE && preferred->group != f->scan->hybrid;
}

static bool has_other_hybrid(const struct findings *f) {
    for (size_t i = 0; i < f->facts->others_n; i++)
        if (f->facts->others[i] == TRUTH_TRUE)
            return true;
    return false;
}

static bool other_hybrid(const struct findings *f) {
    return has_other_hybrid(f) && f->facts->groups[JUDGED_HYBRID] != TRUTH_TRUE;
}

static bool draft_only(const struct findings *f) {
    return f->facts->groups[JUDGED_DRAFT] == TRUTH_TRUE &&
           f->facts->groups[JUDGED_HYBRID] != TRUTH_TRUE;
}

static bool lacks_all_post_quantum(const struct findings *f) {
    for (size_t i = 0; i < f->facts->others_n; i++)
        if (f->facts->others[i] != TRUTH_FALSE)
            return false;
    return f->facts->groups[JUDGED_HYBRID] == TRUTH_FALSE &&
           f->facts->groups[JUDGED_DRAFT] == TRUTH_FALSE;
}

/* A handshake of TLS 1.3 finished, and no post-quantum group is there. */
static bool is_classical(const struct findings *f) {
    for (size_t i = 0; i < f->scan->probes_n; i++) {
        const struct probe_result *result = &f->scan->probes[i];
        if (is_meant_to_finish(f, result) && probe_result_worked(result) &&
            result->tls_version >= 0x0304)
            return lacks_all_post_quantum(f);
    }
    return false;
}

static bool hybrid_only_if_first(const struct findings *f) {
    const struct mode_fact *supported = &f->facts->modes[MODE_SUPPORTED];
    return is_ready(f) && supported->works == TRUTH_TRUE && supported->retry == TRUTH_FALSE &&
           supported->group != f->scan->hybrid;
}

/* ---- the table ---- */

enum needs {
    NEEDS_NOTHING,
    NEEDS_COMPLETE, /* holds only for a complete scan */
};

/* In the order in which the main verdict is chosen. */
static const struct {
    enum needs needs;
    bool (*holds)(const struct findings *);
} rules[VERDICT_COUNT] = {
    [VERDICT_UNREACHABLE] = {NEEDS_NOTHING, is_unreachable},
    [VERDICT_BLOCKED] = {NEEDS_NOTHING, is_blocked},
    [VERDICT_NOT_TLS] = {NEEDS_NOTHING, not_tls},
    [VERDICT_INTERRUPTED] = {NEEDS_NOTHING, is_interrupted},
    [VERDICT_UNSTABLE] = {NEEDS_COMPLETE, is_unstable},
    [VERDICT_LARGE_HELLO_HANGS_TLS12] = {NEEDS_COMPLETE, large_hello_hangs_tls12},
    [VERDICT_VERSION_FALLBACK] = {NEEDS_COMPLETE, version_fallback},
    [VERDICT_UNKNOWN_GROUP] = {NEEDS_COMPLETE, large_hello_unknown_group},
    [VERDICT_UNKNOWN_SHARE] = {NEEDS_COMPLETE, large_hello_unknown_share},
    [VERDICT_SPLIT_HELLO] = {NEEDS_COMPLETE, large_hello_split},
    [VERDICT_SIZE_LIMIT] = {NEEDS_COMPLETE, large_hello_size_limit},
    [VERDICT_LARGE_DROP] = {NEEDS_COMPLETE, large_hello_dropped},
    [VERDICT_PATH_MTU] = {NEEDS_COMPLETE, large_hello_path_mtu},
    [VERDICT_LARGE_FIRST_ONLY] = {NEEDS_COMPLETE, large_hello_first_only},
    [VERDICT_LARGE_SECOND_ONLY] = {NEEDS_COMPLETE, large_second_only},
    [VERDICT_RETRY_THEN_FAIL] = {NEEDS_COMPLETE, retry_then_fail},
    [VERDICT_RETRY_MALFORMED] = {NEEDS_COMPLETE, retry_malformed},
    [VERDICT_RETRY_WRONG_GROUP] = {NEEDS_COMPLETE, retry_wrong_group},
    [VERDICT_RETRY_LOOP] = {NEEDS_COMPLETE, retry_loop},
    [VERDICT_HYBRID_REFUSED] = {NEEDS_COMPLETE, hybrid_refused},
    [VERDICT_HYBRID_UNUSABLE] = {NEEDS_COMPLETE, hybrid_unusable},
    [VERDICT_RESUMPTION_FAILS] = {NEEDS_COMPLETE, resumption_fails},
    [VERDICT_WRONG_BACKEND] = {NEEDS_COMPLETE, wrong_backend},
    [VERDICT_HANDSHAKE_REFUSED] = {NEEDS_COMPLETE, handshake_refused},
    [VERDICT_NEVER_FINISHES] = {NEEDS_COMPLETE, never_finishes},
    [VERDICT_TLS12_ONLY] = {NEEDS_COMPLETE, tls12_only},
    [VERDICT_READY] = {NEEDS_COMPLETE, is_ready},
    [VERDICT_READY_AFTER_RETRY] = {NEEDS_COMPLETE, ready_after_retry},
    [VERDICT_HYBRID_NOT_CHOSEN] = {NEEDS_COMPLETE, hybrid_not_chosen},
    [VERDICT_OTHER_HYBRID] = {NEEDS_COMPLETE, other_hybrid},
    [VERDICT_DRAFT_ONLY] = {NEEDS_COMPLETE, draft_only},
    [VERDICT_CLASSICAL] = {NEEDS_COMPLETE, is_classical},
    [VERDICT_HYBRID_ONLY_IF_FIRST] = {NEEDS_COMPLETE, hybrid_only_if_first},
    [VERDICT_CLIENT_CERTIFICATE] = {NEEDS_COMPLETE, client_certificate},
    [VERDICT_RECORD_SPLIT] = {NEEDS_COMPLETE, record_split},
    [VERDICT_LENGTH_QUIRK] = {NEEDS_COMPLETE, large_hello_only_length},
};

static bool rule_holds(const struct findings *f, enum verdict verdict) {
    bool complete = rules[verdict].needs == NEEDS_NOTHING || findings_is_complete(f);
    return complete && rules[verdict].holds(f);
}

bool verdict_holds(const struct judgement *judgement, enum verdict verdict) {
    return judgement->verdicts >> verdict & 1;
}

static bool holds_any(const struct judgement *judgement, const enum verdict *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (verdict_holds(judgement, list[i]))
            return true;
    return false;
}

static void set_flags(struct judgement *out, bool retry_to_hybrid_failed) {
    static const enum verdict hrr[] = {VERDICT_RETRY_THEN_FAIL, VERDICT_RETRY_MALFORMED,
                                       VERDICT_RETRY_WRONG_GROUP, VERDICT_RETRY_LOOP,
                                       VERDICT_LARGE_SECOND_ONLY};
    static const enum verdict split[] = {VERDICT_SPLIT_HELLO, VERDICT_SIZE_LIMIT,
                                         VERDICT_LARGE_DROP, VERDICT_LARGE_FIRST_ONLY};
    static const enum verdict unknown[] = {VERDICT_UNKNOWN_SHARE, VERDICT_UNKNOWN_GROUP};
    out->hrr_failure = holds_any(out, hrr, COUNT_OF(hrr)) ||
                       (verdict_holds(out, VERDICT_HYBRID_UNUSABLE) && retry_to_hybrid_failed);
    out->split_client_hello = holds_any(out, split, COUNT_OF(split));
    out->unknown_keyshare = holds_any(out, unknown, COUNT_OF(unknown));
}

/* Only ever beside another one. */
static bool may_be_main(enum verdict verdict) {
    return verdict < VERDICT_HYBRID_ONLY_IF_FIRST;
}

void verdict_judge(const struct scan *scan, struct judgement *out) {
    *out = (struct judgement){.status = scan->status, .verdict = VERDICT_COUNT};
    scan_facts_read(scan, out);
    struct findings findings;
    findings_init(&findings, scan, out);
    for (enum verdict verdict = VERDICT_COUNT; verdict-- > 0;) {
        if (!rule_holds(&findings, verdict))
            continue;
        out->verdicts |= UINT64_C(1) << verdict;
        if (may_be_main(verdict))
            out->verdict = verdict; /* counted down, so the last one set is the first that holds */
    }
    set_flags(out, second_fails(&findings, PROBE_SUPPORTED));
}
