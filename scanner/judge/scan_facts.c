/* What one scan says about groups, order and modes. */
#include "scanner/judge/scan_facts.h"

#include "scanner/base/array.h"
#include "scanner/words/alert.h"

#include <string.h>

/* The probes whose handshakes are meant to finish. */
static const enum probe_id finishing[] = {PROBE_CLASSICAL,      PROBE_SUPPORTED, PROBE_PREFERRED,
                                          PROBE_PREFERRED_DUAL, PROBE_CLOSING,   PROBE_CONFIRM};

/* The probe that asks for each judged group alone. */
static const enum probe_id alone[JUDGED_GROUPS] = {
    [JUDGED_X25519] = PROBE_CLOSING,     [JUDGED_P256] = PROBE_ONLY_P256,
    [JUDGED_P384] = PROBE_ONLY_P384,     [JUDGED_P521] = PROBE_ONLY_P521,
    [JUDGED_HYBRID] = PROBE_ONLY_HYBRID, [JUDGED_DRAFT] = PROBE_ONLY_DRAFT,
};

/* `choose` lists them in this order, our least wanted first. */
static const enum judged_group choose_order[JUDGED_GROUPS] = {
    JUDGED_P521, JUDGED_P384, JUDGED_P256, JUDGED_X25519, JUDGED_DRAFT, JUDGED_HYBRID};

/* A question's answer or a retry named a group that the finishing probes offered, so that they had
 * one in common: an origin with nothing but the draft refuses them for a good reason. */
static bool common_group_named(const struct scan *scan) {
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        uint16_t named = result->retry                 ? result->retry_group
                         : probe_result_worked(result) ? result->group
                                                       : GROUP_NONE;
        if (named != GROUP_NONE && named != GROUP_X25519KYBER768DRAFT00)
            return true;
    }
    return false;
}

/* Not one probe got anything but an alert. */
static bool refused_by_all(const struct scan *scan) {
    for (size_t i = 0; i < scan->probes_n; i++)
        if (scan->probes[i].outcome != OUTCOME_ALERT)
            return false;
    return true;
}

/* `confirm` is sent only where there is a share to prove. */
static bool always_sent(const struct scan *scan, enum probe_id id) {
    return id != PROBE_CONFIRM && !(scan->plan == PLAN_QUICK && id == PROBE_PREFERRED_DUAL);
}

bool scan_facts_handshake_refused(const struct scan *scan) {
    int alert = -1;
    for (size_t i = 0; i < COUNT_OF(finishing); i++) {
        const struct probe_result *result = scan_probe(scan, finishing[i]);
        if (!result && !always_sent(scan, finishing[i]))
            continue;
        if (!result || result->outcome != OUTCOME_ALERT || (alert >= 0 && result->alert != alert))
            return false;
        alert = result->alert;
    }
    return alert != ALERT_PROTOCOL_VERSION && (common_group_named(scan) || refused_by_all(scan));
}

/* Any probe that negotiated the group, or was told to come back with it. A ServerHello that was not
 * accepted negotiates nothing. */
static bool group_seen(const struct scan *scan, uint16_t group) {
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        bool negotiated = result->group == group && result->stage >= STAGE_SERVER_FLIGHT;
        if (negotiated || (result->retry && result->retry_group == group))
            return true;
    }
    return false;
}

/* Some servers refuse without an alert: they close, and do it again. Only a scan whose controls
 * worked tells that from a network that closes on everybody. */
static bool closed_twice(const struct scan *scan, const struct probe_result *result) {
    bool controls = probe_result_worked(scan_probe(scan, PROBE_CLASSICAL)) &&
                    probe_result_worked(scan_probe(scan, PROBE_CLOSING));
    bool closes = result->outcome == OUTCOME_CLOSED || result->outcome == OUTCOME_RESET;
    return controls && closes && result->attempts == 2 && result->first_outcome != OUTCOME_TIMEOUT;
}

/* Asked for one group, the origin named another that was not offered: against the standard, but an
 * answer to the question. */
static bool forced_another(const struct probe_result *result, uint16_t group) {
    uint16_t named = result->group != GROUP_NONE ? result->group : result->hrr.group;
    return result->outcome == OUTCOME_MALFORMED && named != GROUP_NONE && named != group;
}

static enum truth group_truth(const struct scan *scan, enum judged_group which, uint16_t group,
                              bool refused_by_name) {
    const struct probe_result *result = scan_probe(scan, alone[which]);
    if (group_seen(scan, group))
        return TRUTH_TRUE;
    if (!result || result->flapped)
        return TRUTH_UNKNOWN;
    if (result->no_key_exchange)
        return TRUTH_FALSE;
    /* A closing control in the shape of `classical` offered other groups as well. */
    if (result->shape_changed)
        return TRUTH_UNKNOWN;
    if (result->outcome == OUTCOME_ALERT)
        return which == JUDGED_X25519 && refused_by_name ? TRUTH_UNKNOWN : TRUTH_FALSE;
    if (result->outcome != OUTCOME_OK)
        return forced_another(result, group) || closed_twice(scan, result) ? TRUTH_FALSE
                                                                           : TRUTH_UNKNOWN;
    /* Answered, but on another group. P-256 was offered beside P-384 and P-521 for the sake of the
     * certificate, so naming it refuses nothing. */
    return result->group == GROUP_P256 ? TRUTH_UNKNOWN : TRUTH_FALSE;
}

/* Static RSA and finite-field DHE use no group at all. */
static bool uses_no_group(const struct scan *scan) {
    const struct probe_result *classical = scan_probe(scan, PROBE_CLASSICAL);
    return probe_result_worked(classical) && classical->no_key_exchange;
}

static void read_groups(const struct scan *scan, struct judgement *out) {
    bool refused_by_name = common_group_named(scan) && scan_facts_handshake_refused(scan);
    for (enum judged_group i = 0; i < JUDGED_GROUPS; i++) {
        out->group_ids[i] = judgement_group(i, scan->hybrid);
        out->groups[i] = group_truth(scan, i, out->group_ids[i], refused_by_name);
        if (out->groups[i] == TRUTH_UNKNOWN && uses_no_group(scan))
            out->groups[i] = TRUTH_FALSE;
    }
}

static void read_order(const struct scan *scan, struct judgement *out) {
    const struct probe_result *choose = scan_probe(scan, PROBE_CHOOSE);
    if (!probe_result_worked(choose))
        return;
    uint16_t named = choose->retry ? choose->retry_group : choose->group;
    if (named == GROUP_NONE)
        return;
    for (size_t i = 0; i < JUDGED_GROUPS; i++) {
        if (out->groups[choose_order[i]] != TRUTH_TRUE)
            continue;
        out->order = out->group_ids[choose_order[i]] == named ? ORDER_CLIENT : ORDER_SERVER;
        break;
    }
    const struct probe_result *supported = scan_probe(scan, PROBE_SUPPORTED);
    if (out->order == ORDER_SERVER)
        out->preferred_group = named;
    else if (probe_result_worked(supported))
        out->preferred_group = supported->group;
}

static void read_modes(const struct scan *scan, struct judgement *out) {
    for (enum mode mode = 0; mode < MODE_COUNT; mode++) {
        const struct probe_result *result = scan_probe(scan, judgement_mode_probe(mode));
        if (!result || result->stage < STAGE_HELLO || result->outcome == OUTCOME_CANCELLED)
            continue;
        out->modes[mode].works = probe_result_worked(result) ? TRUTH_TRUE : TRUTH_FALSE;
        out->modes[mode].group = probe_result_worked(result) ? result->group : GROUP_NONE;
        out->modes[mode].retry = result->retry ? TRUTH_TRUE : TRUTH_FALSE;
    }
}

/* A hello that was refused does not say which version it is. */
static uint16_t version_of(const struct probe_result *result) {
    bool refused = result->outcome == OUTCOME_MALFORMED && result->stage <= STAGE_HELLO;
    return refused ? 0 : result->tls_version;
}

void scan_facts_read(const struct scan *scan, struct judgement *out) {
    read_groups(scan, out);
    read_order(scan, out);
    read_modes(scan, out);
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
