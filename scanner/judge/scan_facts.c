/* What one scan says about groups, order and modes. */
#include "scanner/judge/scan_facts.h"

#include "scanner/base/array.h"
#include "scanner/judge/contradiction.h"
#include "scanner/judge/control.h"
#include "scanner/judge/group_facts.h"
#include "scanner/visit/drill_plan.h"

#include <string.h>

/* `choose` lists them in this order, our least wanted first. */
static const enum judged_group choose_order[JUDGED_GROUPS] = {
    JUDGED_P521, JUDGED_P384, JUDGED_P256, JUDGED_X25519, JUDGED_DRAFT, JUDGED_HYBRID};

/* ---- groups ---- */

static void read_groups(const struct scan *scan, struct judgement *out) {
    bool without = group_facts_uses_none(scan);
    for (enum judged_group i = 0; i < JUDGED_GROUPS; i++) {
        out->group_ids[i] = judgement_group(i, scan->hybrid);
        out->groups[i] = group_facts_read(scan, out->group_ids[i], &out->contradicts);
        if (out->groups[i] == TRUTH_UNKNOWN && without)
            out->groups[i] = TRUTH_FALSE;
    }
    uint16_t others[PROBE_GROUPS_MAX];
    size_t n = probe_plan_other_groups(scan->hybrid, others);
    for (size_t i = 0; i < n; i++) {
        if (others[i] == GROUP_X25519KYBER768DRAFT00)
            continue;
        enum truth truth = group_facts_read(scan, others[i], &out->contradicts);
        out->other_ids[out->others_n] = others[i];
        out->others[out->others_n++] = truth == TRUTH_UNKNOWN && without ? TRUTH_FALSE : truth;
    }
}

/* Behind that place of `choose_order` the origin has another group, so that there was a choice. */
static bool has_later_group(const struct judgement *judgement, size_t place) {
    for (size_t i = place + 1; i < JUDGED_GROUPS; i++)
        if (judgement->groups[choose_order[i]] == TRUTH_TRUE)
            return true;
    return false;
}

/* A group that the origin has and passed over for a later one: its own order decides. Where one before may be there,
 * nothing can be told. */
static enum group_order order_by(const struct judgement *judgement, uint16_t named) {
    bool unknown = false;
    for (size_t i = 0; i < JUDGED_GROUPS; i++) {
        enum truth has = judgement->groups[choose_order[i]];
        if (judgement->group_ids[choose_order[i]] == named)
            return !unknown && has_later_group(judgement, i) ? ORDER_CLIENT : ORDER_UNKNOWN;
        if (has == TRUTH_TRUE)
            return ORDER_SERVER;
        unknown |= has == TRUTH_UNKNOWN;
    }
    return ORDER_UNKNOWN;
}

/* The classical group to which the origin went by a retry, although it has X25519, which stood before that group and had
 * its share: no order of the client's leads there. GROUP_NONE where there was nothing of the kind. */
static uint16_t preferred_to_x25519(const struct scan *scan, const struct judgement *judgement) {
    static const enum probe_id ids[] = {PROBE_CLASSICAL, PROBE_SUPPORTED};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        const struct probe_result *result = scan_probe(scan, ids[i]);
        if (probe_result_worked(result) && result->retry && result->retry_group != scan->hybrid &&
            judgement->groups[JUDGED_X25519] == TRUTH_TRUE)
            return result->retry_group;
    }
    return GROUP_NONE;
}

static void read_order(const struct scan *scan, struct judgement *out) {
    const struct probe_result *choose = scan_probe(scan, PROBE_CHOOSE);
    const struct probe_result *supported = scan_probe(scan, PROBE_SUPPORTED);
    uint16_t named = !choose || !choose->retry ? GROUP_NONE : choose->retry_group;
    if (!named && probe_result_worked(choose))
        named = choose->group;
    if (named == GROUP_NONE || out->contradicts)
        return;
    out->order = order_by(out, named);
    uint16_t preferred = preferred_to_x25519(scan, out);
    if (out->order == ORDER_CLIENT && preferred != GROUP_NONE)
        out->order = preferred == named ? ORDER_SERVER : ORDER_UNKNOWN;
    if (out->order == ORDER_SERVER)
        out->preferred_group = named;
    else if (probe_result_worked(supported))
        out->preferred_group = supported->group;
}

/* ---- modes ---- */

static void read_mode(const struct probe_result *result, struct mode_fact *out) {
    if (!result || result->stage < STAGE_HELLO || result->outcome == OUTCOME_CANCELLED)
        return;
    bool worked = probe_result_worked(result);
    out->works = worked ? TRUTH_TRUE : TRUTH_FALSE;
    out->retry = result->retry ? TRUTH_TRUE : TRUTH_FALSE;
    out->group = !worked         ? GROUP_NONE
                 : result->group ? result->group
                                 : result->retry_group; /* an answer probe ends at the retry */
}

/* A handshake with that group was finished; any, where none is named. */
static bool any_finished_with(const struct scan *scan, uint16_t group) {
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        struct probe_shape shape =
            probe_plan_shape(result->probe, scan->hybrid, GROUP_NONE, GROUP_NONE);
        if (shape.end == PROBE_END_FINISH && probe_result_worked(result) &&
            (group == GROUP_NONE || result->group == group))
            return true;
    }
    return false;
}

/* `preferred` got the same answer, and broke off behind it. */
static bool preferred_breaks_off(const struct scan *scan, const struct mode_fact *dual) {
    const struct probe_result *preferred = scan_probe(scan, PROBE_PREFERRED);
    return probe_result_failed_at(preferred, STAGE_SERVER_FLIGHT) &&
           preferred->group == dual->group && preferred->retry == (dual->retry == TRUTH_TRUE);
}

/* `preferred-dual` ends at the answer. Where no handshake with the group of that answer finishes, the mode was not seen
 * to work. */
static void doubt_dual(const struct scan *scan, struct mode_fact *dual) {
    if (dual->works == TRUTH_TRUE &&
        (!any_finished_with(scan, dual->group) || preferred_breaks_off(scan, dual)))
        *dual = (struct mode_fact){.works = TRUTH_UNKNOWN};
}

static void read_modes(const struct scan *scan, struct judgement *out) {
    for (enum mode mode = 0; mode < MODE_COUNT; mode++)
        read_mode(mode == MODE_OFF && !out->alpn_alert
                      ? control_find(scan)
                      : scan_probe(scan, judgement_mode_probe(mode)),
                  &out->modes[mode]);
    doubt_dual(scan, &out->modes[MODE_PREFERRED_DUAL]);
    for (enum mode mode = MODE_SUPPORTED; out->alpn_alert && mode < MODE_COUNT; mode++)
        out->modes[mode] = (struct mode_fact){0}; /* a proxy with that protocol was not tried */
}

/* ---- what a proxy's own hello meets ---- */

static bool sends_share(const struct scan *scan, const struct probe_result *result,
                        uint16_t group) {
    struct probe_shape shape =
        probe_plan_shape(result->probe, scan->hybrid, GROUP_NONE, GROUP_NONE);
    return group_is_among(shape.shares, shape.shares_n, group);
}

/* A ServerHello came, whatever became of the handshake then. */
static bool got_server_hello(const struct probe_result *result) {
    return result->group != GROUP_NONE && result->stage >= STAGE_SERVER_FLIGHT;
}

static void read_largest(const struct scan *scan, struct judgement *out) {
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        if (!got_server_hello(result))
            continue;
        if (!result->retry && sends_share(scan, result, scan->hybrid) &&
            result->hello_bytes > out->largest_first)
            out->largest_first = (uint16_t)result->hello_bytes;
        if (result->retry && result->retry_group == scan->hybrid &&
            result->hello2_bytes > out->largest_second)
            out->largest_second = (uint16_t)result->hello2_bytes;
    }
    uint16_t passed, failed;
    if (drill_plan_bracket(scan->probes, scan->probes_n, &passed, &failed)) {
        out->size_passed = passed;
        out->size_failed = failed;
    }
}

/* The longest first hello, in pieces: scans of before had a shorter one, which proves nothing. */
static enum truth longest_tolerated(const struct scan *scan) {
    const struct probe_result *longest = scan_probe(scan, PROBE_PREFERRED_DUAL);
    const struct probe_result *proof = scan_probe(scan, PROBE_CONFIRM_DUAL);
    if (!longest || longest->stage < STAGE_HELLO || longest->outcome == OUTCOME_CANCELLED)
        return TRUTH_UNKNOWN;
    if (!probe_result_worked(longest))
        return TRUTH_FALSE;
    if (longest->retry && proof)
        longest = proof; /* the same with another classical share, which the origin may accept */
    return probe_result_worked(longest) && longest->in_pieces && !longest->retry ? TRUTH_TRUE
                                                                                 : TRUTH_UNKNOWN;
}

static bool retried_to_hybrid(const struct scan *scan, const struct probe_result *result) {
    return result && result->retry && result->retry_group == scan->hybrid;
}

/* The longest second hello, or none is ever asked for. */
static enum truth second_tolerated(const struct scan *scan) {
    static const enum probe_id ids[] = {PROBE_CHOOSE, PROBE_WIDE_RETRY};
    const struct probe_result *supported = scan_probe(scan, PROBE_SUPPORTED);
    enum truth shown = TRUTH_UNKNOWN;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        const struct probe_result *result = scan_probe(scan, ids[i]);
        if (!retried_to_hybrid(scan, result) || result->hello2_bytes == 0 ||
            result->outcome == OUTCOME_CANCELLED)
            continue;
        if (!probe_result_worked(result))
            return TRUTH_FALSE;
        shown = TRUTH_TRUE;
    }
    if (!supported || supported->outcome == OUTCOME_CANCELLED || supported->stage < STAGE_HELLO)
        return TRUTH_UNKNOWN;
    if (!probe_result_worked(supported))
        return TRUTH_FALSE;
    return retried_to_hybrid(scan, supported) ? shown : TRUTH_TRUE;
}

static enum truth truth_of_resumed(const struct probe_result *result) {
    if (!result || result->outcome == OUTCOME_CANCELLED || result->stage < STAGE_HELLO)
        return TRUTH_UNKNOWN;
    return probe_result_worked(result) ? TRUTH_TRUE : TRUTH_FALSE;
}

static void read_resumption(const struct scan *scan, struct judgement *out) {
    static const enum probe_id ids[MODE_COUNT] = {
        [MODE_OFF] = PROBE_RESUMED_CLASSICAL,
        [MODE_SUPPORTED] = PROBE_RESUMED,
        [MODE_PREFERRED] = PROBE_RESUMED_PREFERRED,
        [MODE_PREFERRED_DUAL] = PROBE_RESUMED_PREFERRED,
    };
    const struct probe_result *resumed = scan_probe(scan, PROBE_RESUMED);
    out->resumed_works = truth_of_resumed(resumed);
    if (probe_result_worked(resumed))
        out->resumes = resumed->resumed ? TRUTH_TRUE : TRUTH_FALSE;
    for (enum mode mode = 0; mode < MODE_COUNT; mode++)
        out->modes[mode].resumes = truth_of_resumed(scan_probe(scan, ids[mode]));
    /* Where the same hello fails without a ticket, it is not the ticket that breaks it. */
    for (enum mode mode = MODE_OFF; mode <= MODE_PREFERRED; mode++)
        if (out->modes[mode].resumes == TRUTH_FALSE && out->modes[mode].works == TRUTH_TRUE)
            out->resumed_works = TRUTH_FALSE;
    /* What the hello of `supported` may, the others may as long as nothing breaks. */
    for (enum mode mode = 0; mode < MODE_COUNT && out->resumed_works != TRUTH_FALSE; mode++)
        if (out->modes[mode].resumes == TRUTH_UNKNOWN)
            out->modes[mode].resumes = out->resumed_works;
}

static enum truth tolerated_if_resumed(enum truth tolerated, enum truth resumes,
                                       bool resumption_breaks) {
    if (resumes == TRUTH_FALSE || (resumption_breaks && resumes != TRUTH_TRUE))
        return TRUTH_FALSE;
    return tolerated;
}

static void read_tolerance(const struct scan *scan, struct judgement *out) {
    bool breaks = out->resumed_works == TRUTH_FALSE;
    struct mode_fact *modes = out->modes;
    modes[MODE_OFF].tolerated =
        modes[MODE_OFF].resumes == TRUTH_FALSE ? TRUTH_FALSE : modes[MODE_OFF].works;
    modes[MODE_SUPPORTED].tolerated =
        tolerated_if_resumed(second_tolerated(scan), modes[MODE_SUPPORTED].resumes, breaks);
    modes[MODE_PREFERRED].tolerated = tolerated_if_resumed(
        modes[MODE_PREFERRED].works == TRUTH_FALSE ? TRUTH_FALSE : longest_tolerated(scan),
        modes[MODE_PREFERRED].resumes, breaks);
    modes[MODE_PREFERRED_DUAL].tolerated = tolerated_if_resumed(
        modes[MODE_PREFERRED_DUAL].works == TRUTH_TRUE ? longest_tolerated(scan)
                                                       : modes[MODE_PREFERRED_DUAL].works,
        modes[MODE_PREFERRED].resumes, breaks);
}

/* ---- the scan as a whole ---- */

static void read_alpn(const struct scan *scan, struct judgement *out) {
    const struct probe_result *classical = scan_probe(scan, PROBE_CLASSICAL);
    out->alpn_refused = probe_result_worked(scan_probe(scan, PROBE_NO_ALPN));
    out->alpn_alert = out->alpn_refused && classical && classical->outcome == OUTCOME_ALERT;
}

static void forget_groups(struct judgement *out) {
    out->order = ORDER_UNKNOWN;
    out->preferred_group = GROUP_NONE;
    for (size_t i = 0; i < JUDGED_GROUPS; i++)
        out->groups[i] = TRUTH_UNKNOWN;
    for (size_t i = 0; i < out->others_n; i++)
        out->others[i] = TRUTH_UNKNOWN;
}

/* A hello that was refused does not say which version it is. */
static uint16_t version_of(const struct probe_result *result) {
    bool refused = result->outcome == OUTCOME_MALFORMED && result->stage <= STAGE_HELLO;
    return refused ? 0 : result->tls_version;
}

bool scan_facts_is_large(const struct probe_result *result) {
    enum { LARGE_BYTES = 1000 };
    return result->hello_bytes > LARGE_BYTES || result->hello2_bytes > LARGE_BYTES;
}

size_t scan_facts_first_dark(const struct scan *scan) {
    size_t dark = scan->probes_n;
    while (dark > 0 && (outcome_is_abrupt(scan->probes[dark - 1].outcome) ||
                        scan->probes[dark - 1].stage == STAGE_CONNECT))
        dark--;
    return dark;
}

/* The first probe without an answer, or the one before it, was large. */
static bool went_dark_after_large(const struct scan *scan) {
    size_t dark = scan_facts_first_dark(scan);
    if (scan->status != STATUS_INTERRUPTED || dark == 0 || dark == scan->probes_n)
        return false;
    return scan_facts_is_large(&scan->probes[dark - 1]) || scan_facts_is_large(&scan->probes[dark]);
}

void scan_facts_read(const struct scan *scan, struct judgement *out) {
    read_alpn(scan, out);
    read_groups(scan, out);
    out->contradicts |= contradiction_of_versions(scan) || contradiction_of_choices(scan);
    read_order(scan, out);
    read_modes(scan, out);
    read_largest(scan, out);
    read_resumption(scan, out);
    read_tolerance(scan, out);
    if (out->alpn_alert)
        forget_groups(out);
    out->dark_after_large = went_dark_after_large(scan);
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        if (version_of(result) > out->tls_version)
            out->tls_version = version_of(result);
        if (result->server_groups_n > 0 && out->server_groups_n == 0) {
            out->server_groups_n = result->server_groups_n;
            memcpy(out->server_groups, result->server_groups, sizeof out->server_groups);
        }
    }
}
