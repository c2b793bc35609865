/* From what the probes of one scan saw to what it means: an ordered table of named rules. */
#include "scanner/judge/verdict.h"

#include "scanner/base/array.h"
#include "scanner/judge/scan_facts.h"
#include "scanner/visit/drill_plan.h"
#include "scanner/words/alert.h"

#include <string.h>

/* What a rule may look at: the scan, what was already read from it, and the probes by name (NULL
 * where one was not sent). */
struct findings {
    const struct scan *scan;
    const struct judgement *facts;
    const struct probe_result *probes[PROBE_COUNT];
};

static bool got_alert(const struct probe_result *result, enum alert alert) {
    return result && result->outcome == OUTCOME_ALERT && result->alert == (int16_t)alert;
}

/* The opening control worked in TLS 1.3, so what fails beside it fails for its own reason. */
static bool control_spoke_tls13(const struct findings *f) {
    return probe_result_worked(f->probes[PROBE_CLASSICAL]) &&
           f->probes[PROBE_CLASSICAL]->tls_version == 0x0304;
}

static bool is_complete(const struct findings *f) {
    return f->facts->status == STATUS_COMPLETE;
}

static bool reached_hybrid(const struct findings *f, enum mode mode) {
    return f->facts->modes[mode].works == TRUTH_TRUE &&
           f->facts->modes[mode].group == f->scan->hybrid;
}

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

static bool is_unstable(const struct findings *f) {
    for (size_t i = 0; i < f->scan->probes_n; i++)
        if (f->scan->probes[i].flapped)
            return is_complete(f);
    return false;
}

/* ---- faults ---- */

static bool large_hello_hangs_tls12(const struct findings *f) {
    return probe_result_worked(f->probes[PROBE_CLASSICAL]) &&
           f->probes[PROBE_CLASSICAL]->tls_version == 0x0303 &&
           probe_result_failed(f->probes[PROBE_PREFERRED]);
}

static bool version_fallback(const struct findings *f) {
    const struct probe_result *preferred = f->probes[PROBE_PREFERRED];
    return control_spoke_tls13(f) &&
           ((probe_result_worked(preferred) && preferred->tls_version == 0x0303) ||
            got_alert(preferred, ALERT_PROTOCOL_VERSION));
}

/* `supported` sends a small hello whose only news is one more number in a list. Where the list with
 * a number that nobody knows passes, it is not the unknown that hurts; nor is it the number where a
 * hello with the same list and a share of it works. */
static bool unknown_group(const struct findings *f) {
    if (f->probes[PROBE_UNKNOWN_GROUP])
        return control_spoke_tls13(f) && probe_result_failed(f->probes[PROBE_UNKNOWN_GROUP]);
    return control_spoke_tls13(f) &&
           probe_result_failed_at(f->probes[PROBE_SUPPORTED], STAGE_HELLO) &&
           !probe_result_worked(f->probes[PROBE_PREFERRED]) &&
           !probe_result_worked(f->probes[PROBE_PREFERRED_DUAL]);
}

/* One more short share of an unknown group is too much, listing it and size are not. */
static bool unknown_share(const struct findings *f) {
    return control_spoke_tls13(f) && probe_result_failed(f->probes[PROBE_UNKNOWN_SHARE]) &&
           probe_result_worked(f->probes[PROBE_UNKNOWN_GROUP]) &&
           probe_result_worked(f->probes[PROBE_LARGE_CLASSICAL]);
}

/* A large first hello fails. */
static bool large_fails(const struct findings *f) {
    return control_spoke_tls13(f) &&
           probe_result_failed_at(f->probes[PROBE_PREFERRED], STAGE_HELLO);
}

/* A small hello in two pieces fails as a large one does. */
static bool split_hello(const struct findings *f) {
    return large_fails(f) && probe_result_failed(f->probes[PROBE_SPLIT]);
}

static bool sized_fails(const struct findings *f) {
    return large_fails(f) && probe_result_worked(f->probes[PROBE_SPLIT]) &&
           probe_result_failed(f->probes[PROBE_LARGE_CLASSICAL]);
}

/* A padded hello of some length fails, and a longer one passes. */
static bool only_length(const struct findings *f) {
    return control_spoke_tls13(f) && drill_plan_only_length(f->scan->probes, f->scan->probes_n);
}

/* Large segments left and were never acknowledged; smaller ones arrive. */
static bool path_mtu(const struct findings *f) {
    return large_fails(f) && f->probes[PROBE_PREFERRED]->outcome == OUTCOME_TIMEOUT &&
           probe_result_worked(f->probes[PROBE_SMALL_MSS]);
}

/* The peer's kernel took the whole hello, and then nobody answered. */
static bool silently_dropped(const struct probe_result *result) {
    return result && result->outcome == OUTCOME_TIMEOUT && result->tcp.unacked == 0;
}

static bool large_drop(const struct findings *f) {
    return sized_fails(f) && !path_mtu(f) && !only_length(f) &&
           silently_dropped(f->probes[PROBE_PREFERRED]) &&
           silently_dropped(f->probes[PROBE_LARGE_CLASSICAL]);
}

/* Any hello above some size fails, the second one too. */
static bool size_limit(const struct findings *f) {
    return sized_fails(f) && !path_mtu(f) && !only_length(f) && !large_drop(f) &&
           !reached_hybrid(f, MODE_SUPPORTED);
}

static bool large_first_only(const struct findings *f) {
    return large_fails(f) && reached_hybrid(f, MODE_SUPPORTED) && !only_length(f);
}

static bool large_second_only(const struct findings *f) {
    const struct probe_result *supported = f->probes[PROBE_SUPPORTED];
    return reached_hybrid(f, MODE_PREFERRED) && probe_result_failed_at(supported, STAGE_RETRY) &&
           supported->retry_group == f->scan->hybrid && supported->hrr.count == 1 &&
           !probe_result_failed(f->probes[PROBE_FORCED_RETRY]);
}

/* Handshakes are refused without a retry, too, on groups that the origin has: the retry is not what
 * it fails on. */
static bool refused_without_retry(const struct findings *f) {
    const struct probe_result *classical = f->probes[PROBE_CLASSICAL];
    const struct probe_result *preferred = f->probes[PROBE_PREFERRED];
    if (!scan_facts_handshake_refused(f->scan))
        return false;
    const struct probe_result *confirm = f->probes[PROBE_CONFIRM];
    return (confirm && !confirm->retry) ||
           (!classical->retry && f->facts->groups[JUDGED_X25519] == TRUTH_TRUE) ||
           (!preferred->retry && f->facts->groups[JUDGED_HYBRID] == TRUTH_TRUE);
}

/* Any probe that was retried to a classical group and died after its small second hello. */
static bool retry_then_fail(const struct findings *f) {
    if (refused_without_retry(f))
        return false;
    for (size_t i = 0; i < f->scan->probes_n; i++) {
        const struct probe_result *result = &f->scan->probes[i];
        if (probe_result_failed_at(result, STAGE_RETRY) && result->hrr.count == 1 &&
            result->retry_group != f->scan->hybrid)
            return true;
    }
    return false;
}

/* The one HelloRetryRequest that came was not accepted. */
static bool first_retry_refused(const struct probe_result *result) {
    return result->outcome == OUTCOME_MALFORMED && result->hrr.count == 1 && !result->retry;
}

static bool names_wrong_group(const struct scan *scan, const struct probe_result *result) {
    struct probe_shape shape = scan_shape(scan, result);
    enum hrr_fault fault = hrr_fault(&result->hrr, shape.shares, shape.shares_n);
    return fault == HRR_GROUP_NOT_OFFERED || fault == HRR_GROUP_SHARED;
}

/* Any refused retry, with the fault of a wrong group or with another. */
static bool any_refused_retry(const struct findings *f, bool wrong_group) {
    for (size_t i = 0; i < f->scan->probes_n; i++) {
        const struct probe_result *result = &f->scan->probes[i];
        if (first_retry_refused(result) && names_wrong_group(f->scan, result) == wrong_group)
            return true;
    }
    return false;
}

static bool retry_malformed(const struct findings *f) {
    return any_refused_retry(f, false);
}

static bool retry_wrong_group(const struct findings *f) {
    return any_refused_retry(f, true);
}

static bool any_result(const struct findings *f, bool (*holds)(const struct probe_result *)) {
    for (size_t i = 0; i < f->scan->probes_n; i++)
        if (holds(&f->scan->probes[i]))
            return true;
    return false;
}

static bool second_retry(const struct probe_result *result) {
    return result->hrr.count > 1;
}

static bool retry_loop(const struct findings *f) {
    return any_result(f, second_retry);
}

/* Both large hellos got one certificate, both small ones another: the router read only the first
 * segment. A pool with several certificates does not split along that line twice. */
static bool wrong_backend(const struct findings *f) {
    const struct probe_result *small[] = {f->probes[PROBE_CLASSICAL], f->probes[PROBE_CLOSING]};
    const struct probe_result *large[] = {f->probes[PROBE_PREFERRED],
                                          f->probes[PROBE_PREFERRED_DUAL]};
    if (probe_result_worked(small[0]) && got_alert(large[0], ALERT_UNRECOGNIZED_NAME) &&
        got_alert(large[1], ALERT_UNRECOGNIZED_NAME))
        return true;
    for (int i = 0; i < 2; i++)
        if (!probe_result_worked(small[i]) || !probe_result_worked(large[i]) ||
            !small[i]->has_leaf || !large[i]->has_leaf)
            return false;
    return memcmp(small[0]->leaf_sha256, small[1]->leaf_sha256, 32) == 0 &&
           memcmp(large[0]->leaf_sha256, large[1]->leaf_sha256, 32) == 0 &&
           memcmp(small[0]->leaf_sha256, large[0]->leaf_sha256, 32) != 0;
}

/* Neither size nor an unknown group or share is the matter: it is this group. */
static bool hybrid_refused(const struct findings *f) {
    const struct probe_result *preferred = f->probes[PROBE_PREFERRED];
    return control_spoke_tls13(f) && probe_result_failed_at(preferred, STAGE_HELLO) &&
           (got_alert(preferred, ALERT_HANDSHAKE_FAILURE) ||
            got_alert(preferred, ALERT_ILLEGAL_PARAMETER) ||
            got_alert(preferred, ALERT_INSUFFICIENT_SECURITY)) &&
           probe_result_worked(f->probes[PROBE_LARGE_CLASSICAL]) &&
           probe_result_worked(f->probes[PROBE_UNKNOWN_SHARE]);
}

static bool record_split(const struct findings *f) {
    return control_spoke_tls13(f) && probe_result_failed(f->probes[PROBE_RECORD_SPLIT]) &&
           !split_hello(f);
}

static bool asked_certificate(const struct probe_result *result) {
    return result->certificate_requested;
}

static bool client_certificate(const struct findings *f) {
    return any_result(f, asked_certificate);
}

/* ---- what a sound origin can do ---- */

static bool handshake_refused(const struct findings *f) {
    return scan_facts_handshake_refused(f->scan);
}

/* TLS 1.2 (or older) in every probe that named a version, or protocol_version in every probe. */
static bool tls12_only(const struct findings *f) {
    if (f->facts->tls_version)
        return f->facts->tls_version < 0x0304;
    for (size_t i = 0; i < f->scan->probes_n; i++)
        if (!got_alert(&f->scan->probes[i], ALERT_PROTOCOL_VERSION))
            return false;
    return f->scan->probes_n > 0;
}

static bool is_ready(const struct findings *f) {
    return reached_hybrid(f, MODE_PREFERRED) &&
           f->facts->modes[MODE_PREFERRED].retry == TRUTH_FALSE;
}

static bool ready_after_retry(const struct findings *f) {
    return !is_ready(f) && (reached_hybrid(f, MODE_SUPPORTED) || reached_hybrid(f, MODE_PREFERRED));
}

static bool hybrid_not_chosen(const struct findings *f) {
    const struct mode_fact *preferred = &f->facts->modes[MODE_PREFERRED];
    return f->facts->groups[JUDGED_HYBRID] == TRUTH_TRUE && preferred->works == TRUTH_TRUE &&
           preferred->retry == TRUTH_TRUE && preferred->group != f->scan->hybrid;
}

static bool draft_only(const struct findings *f) {
    return f->facts->groups[JUDGED_DRAFT] == TRUTH_TRUE &&
           f->facts->groups[JUDGED_HYBRID] != TRUTH_TRUE;
}

/* TLS 1.3, and nothing post-quantum that it is known to have. */
static bool is_classical(const struct findings *f) {
    return !handshake_refused(f) && !tls12_only(f) && !draft_only(f) &&
           f->facts->groups[JUDGED_HYBRID] != TRUTH_TRUE;
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
    [VERDICT_UNKNOWN_GROUP] = {NEEDS_COMPLETE, unknown_group},
    [VERDICT_UNKNOWN_SHARE] = {NEEDS_COMPLETE, unknown_share},
    [VERDICT_SPLIT_HELLO] = {NEEDS_COMPLETE, split_hello},
    [VERDICT_SIZE_LIMIT] = {NEEDS_COMPLETE, size_limit},
    [VERDICT_LARGE_DROP] = {NEEDS_COMPLETE, large_drop},
    [VERDICT_PATH_MTU] = {NEEDS_COMPLETE, path_mtu},
    [VERDICT_LARGE_FIRST_ONLY] = {NEEDS_COMPLETE, large_first_only},
    [VERDICT_LARGE_SECOND_ONLY] = {NEEDS_COMPLETE, large_second_only},
    [VERDICT_RETRY_THEN_FAIL] = {NEEDS_COMPLETE, retry_then_fail},
    [VERDICT_RETRY_MALFORMED] = {NEEDS_COMPLETE, retry_malformed},
    [VERDICT_RETRY_WRONG_GROUP] = {NEEDS_COMPLETE, retry_wrong_group},
    [VERDICT_RETRY_LOOP] = {NEEDS_COMPLETE, retry_loop},
    [VERDICT_HYBRID_REFUSED] = {NEEDS_COMPLETE, hybrid_refused},
    [VERDICT_WRONG_BACKEND] = {NEEDS_COMPLETE, wrong_backend},
    [VERDICT_RECORD_SPLIT] = {NEEDS_COMPLETE, record_split},
    [VERDICT_LENGTH_QUIRK] = {NEEDS_COMPLETE, only_length},
    [VERDICT_CLIENT_CERTIFICATE] = {NEEDS_COMPLETE, client_certificate},
    [VERDICT_HANDSHAKE_REFUSED] = {NEEDS_COMPLETE, handshake_refused},
    [VERDICT_TLS12_ONLY] = {NEEDS_COMPLETE, tls12_only},
    [VERDICT_READY] = {NEEDS_COMPLETE, is_ready},
    [VERDICT_READY_AFTER_RETRY] = {NEEDS_COMPLETE, ready_after_retry},
    [VERDICT_HYBRID_NOT_CHOSEN] = {NEEDS_COMPLETE, hybrid_not_chosen},
    [VERDICT_DRAFT_ONLY] = {NEEDS_COMPLETE, draft_only},
    [VERDICT_CLASSICAL] = {NEEDS_COMPLETE, is_classical},
    [VERDICT_HYBRID_ONLY_IF_FIRST] = {NEEDS_COMPLETE, hybrid_only_if_first},
};

static bool rule_holds(const struct findings *f, enum verdict verdict) {
    bool complete = rules[verdict].needs == NEEDS_NOTHING || is_complete(f);
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

static void set_flags(struct judgement *out) {
    static const enum verdict hrr[] = {VERDICT_RETRY_THEN_FAIL, VERDICT_RETRY_MALFORMED,
                                       VERDICT_RETRY_WRONG_GROUP, VERDICT_RETRY_LOOP};
    static const enum verdict split[] = {VERDICT_SPLIT_HELLO, VERDICT_SIZE_LIMIT,
                                         VERDICT_LARGE_DROP, VERDICT_LARGE_FIRST_ONLY};
    static const enum verdict unknown[] = {VERDICT_UNKNOWN_SHARE, VERDICT_UNKNOWN_GROUP};
    out->hrr_failure = holds_any(out, hrr, COUNT_OF(hrr));
    out->split_client_hello = holds_any(out, split, COUNT_OF(split));
    out->unknown_keyshare = holds_any(out, unknown, COUNT_OF(unknown));
}

void verdict_judge(const struct scan *scan, struct judgement *out) {
    *out = (struct judgement){.status = scan->status};
    scan_facts_read(scan, out);
    struct findings findings = {.scan = scan, .facts = out};
    for (enum probe_id id = 0; id < PROBE_COUNT; id++)
        findings.probes[id] = scan_probe(scan, id);
    for (enum verdict verdict = VERDICT_COUNT; verdict-- > 0;) {
        if (!rule_holds(&findings, verdict))
            continue;
        out->verdicts |= UINT64_C(1) << verdict;
        out->verdict = verdict; /* counted down, so the last one set is the first that holds */
    }
    if (out->verdicts == 0) { /* the hybrid is there, no way to it works, and no rule knows why */
        out->verdict = VERDICT_CLASSICAL;
        out->verdicts = UINT64_C(1) << VERDICT_CLASSICAL;
    }
    set_flags(out);
}
