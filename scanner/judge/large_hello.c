/* How large, divided and strange first hellos fail. */
#include "scanner/judge/large_hello.h"

#include "scanner/visit/drill_plan.h"

/* ---- the large hellos ---- */

bool large_hello_preferred_fails(const struct findings *f) {
    return probe_result_failed_at(f->probes[PROBE_PREFERRED], STAGE_HELLO);
}

/* The longest hello that a proxy may send; an alert to it is a failure. */
bool large_hello_longest_fails(const struct findings *f) {
    return probe_result_failed(f->probes[PROBE_PREFERRED_DUAL]);
}

/* A large first hello fails, in whatever way. */
static bool large_hello_fails(const struct findings *f) {
    return findings_control13(f) &&
           (large_hello_preferred_fails(f) || large_hello_longest_fails(f));
}

static bool sized_and_failed(const struct probe_result *result) {
    return probe_result_is_sized(result) && probe_result_failed(result);
}

/* A classical hello as large as the one that failed passes: size is not the matter. */
bool large_hello_size_passes(const struct findings *f) {
    const struct probe_result *failed =
        f->probes[large_hello_preferred_fails(f) ? PROBE_PREFERRED : PROBE_PREFERRED_DUAL];
    for (size_t i = 0; i < f->scan->probes_n; i++) {
        const struct probe_result *result = &f->scan->probes[i];
        if (probe_result_is_sized(result) && probe_result_worked(result) && failed &&
            result->hello_bytes >= failed->hello_bytes)
            return true;
    }
    return false;
}

/* A padded hello of some length fails, and a longer one passes. */
bool large_hello_only_length(const struct findings *f) {
    return findings_control13(f) && drill_plan_only_length(f->scan->probes, f->scan->probes_n);
}

/* Any hello above some size fails, however it is written. */
bool large_hello_sized_fails(const struct findings *f) {
    return large_hello_fails(f) && !probe_result_failed(f->probes[PROBE_SPLIT]) &&
           findings_any(f, sized_and_failed) && !large_hello_only_length(f);
}

static bool timed_out(const struct probe_result *result) {
    return result && result->outcome == OUTCOME_TIMEOUT;
}

/* The peer's kernel took the whole hello, and then nobody answered. */
static bool silently_dropped(const struct probe_result *result) {
    return timed_out(result) && result->tcp.unacked == 0;
}

static bool never_acknowledged(const struct probe_result *result) {
    return timed_out(result) && result->tcp.unacked > 0;
}

/* A hello arrived; what never came back is the answer to the hybrid's share, which fills a segment as well. */
static bool large_answers_are_lost(const struct findings *f) {
    return silently_dropped(f->probes[PROBE_PREFERRED]) &&
           timed_out(f->probes[PROBE_PREFERRED_DUAL]) &&
           findings_finished_hybrid(f, PROBE_SMALL_MSS);
}

/* Large segments are lost, on the way there or back; the same hello in smaller ones is answered. */
bool large_hello_path_mtu(const struct findings *f) {
    bool lost = never_acknowledged(f->probes[PROBE_PREFERRED]) ||
                never_acknowledged(f->probes[PROBE_PREFERRED_DUAL]);
    return large_hello_fails(f) && probe_result_worked(f->probes[PROBE_SMALL_MSS]) &&
           ((lost && !probe_result_worked(f->probes[PROBE_LARGE_CLASSICAL])) ||
            large_answers_are_lost(f));
}

static bool sized_and_answered(const struct probe_result *result) {
    return probe_result_is_sized(result) && probe_result_failed(result) &&
           !silently_dropped(result);
}

bool large_hello_dropped(const struct findings *f) {
    return large_hello_sized_fails(f) && !large_hello_path_mtu(f) &&
           !findings_any(f, sized_and_answered) &&
           (silently_dropped(f->probes[PROBE_PREFERRED]) ||
            silently_dropped(f->probes[PROBE_PREFERRED_DUAL]));
}

static bool finishes_second_only(const struct findings *f) {
    return findings_control13(f) && findings_finished_hybrid(f, PROBE_SUPPORTED) &&
           !large_hello_only_length(f);
}

/* No ServerHello came, or one without a retry and nothing that finishes behind it. */
bool large_hello_first_only(const struct findings *f) {
    const struct probe_result *preferred = f->probes[PROBE_PREFERRED];
    bool breaks_off = probe_result_failed_at(preferred, STAGE_SERVER_FLIGHT) && !preferred->retry;
    return finishes_second_only(f) && (large_hello_preferred_fails(f) || breaks_off);
}

/* What breaks off behind the answer explains no hello that is not answered. */
bool large_hello_size_limit(const struct findings *f) {
    bool first_only = finishes_second_only(f) && large_hello_preferred_fails(f);
    return large_hello_sized_fails(f) && !large_hello_path_mtu(f) && !large_hello_dropped(f) &&
           !first_only;
}

/* A small hello in two pieces fails, or the longest one in pieces although its size, its shares and its small pieces
 * are all taken in one. */
bool large_hello_split(const struct findings *f) {
    if (findings_control13(f) && probe_result_failed(f->probes[PROBE_SPLIT]))
        return true;
    return large_hello_fails(f) && !large_hello_preferred_fails(f) && large_hello_size_passes(f) &&
           !large_hello_path_mtu(f) && !probe_result_failed(f->probes[PROBE_DUAL_SMALL]);
}

/* ---- unknown numbers ---- */

/* `supported` sends a small hello whose only news is one more number in a list. Where the list with
 * a number that nobody knows passes, it is not the unknown that hurts; nor is it the number where a
 * hello with the same list and a share of it works. */
bool large_hello_unknown_group(const struct findings *f) {
    if (!findings_control13(f) || findings_finished_hybrid(f, PROBE_PREFERRED))
        return false;
    if (f->probes[PROBE_UNKNOWN_GROUP])
        return probe_result_failed(f->probes[PROBE_UNKNOWN_GROUP]);
    return probe_result_failed_at(f->probes[PROBE_SUPPORTED], STAGE_HELLO) &&
           !probe_result_worked(f->probes[PROBE_PREFERRED]) &&
           !probe_result_worked(f->probes[PROBE_PREFERRED_DUAL]);
}

/* One more short share of an unknown group is too much, listing it and size are not; or a second share of groups that
 * the origin knows is. */
bool large_hello_unknown_share(const struct findings *f) {
    if (!findings_control13(f) || probe_result_failed(f->probes[PROBE_UNKNOWN_GROUP]))
        return false;
    if (probe_result_failed(f->probes[PROBE_UNKNOWN_SHARE]))
        return probe_result_worked(f->probes[PROBE_UNKNOWN_GROUP]) && large_hello_size_passes(f);
    return probe_result_failed(f->probes[PROBE_DUAL_SMALL]) && !large_hello_preferred_fails(f) &&
           large_hello_size_passes(f);
}
