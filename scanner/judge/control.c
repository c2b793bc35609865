/* The opening control, and what refuses every handshake alike. */
#include "scanner/judge/control.h"

#include "scanner/base/array.h"
#include "scanner/words/words.h"

/* The probes whose handshakes are meant to finish in every scan. */
static const enum probe_id finishing[] = {PROBE_CLASSICAL, PROBE_SUPPORTED, PROBE_PREFERRED,
                                          PROBE_CLOSING};
/* And those that finish at times. */
static const enum probe_id finishing_at_times[] = {PROBE_CONFIRM, PROBE_NO_ALPN, PROBE_SHARED_P256,
                                                   PROBE_SHARED_P384, PROBE_SHARED_P521};

const struct probe_result *control_find(const struct scan *scan) {
    const struct probe_result *without_alpn = scan_probe(scan, PROBE_NO_ALPN);
    return probe_result_worked(without_alpn) ? without_alpn : scan_probe(scan, PROBE_CLASSICAL);
}

static bool is_post_quantum(uint16_t id) {
    const struct group *group = group_find(id);
    return group && group->post_quantum;
}

bool control_group_named(const struct probe_result *result, uint16_t group) {
    if (!result || group == GROUP_NONE)
        return false;
    bool negotiated = result->group == group && result->stage >= STAGE_SERVER_FLIGHT;
    bool asked = result->retry && result->retry_group == group;
    return asked || (negotiated && (result->tls_version >= 0x0304 || !is_post_quantum(group)));
}

/* ---- refused handshakes ---- */

/* A question's answer or a retry named a group that the finishing probes offered, so that they had
 * one in common: an origin with nothing but the draft refuses them for a good reason. */
static bool common_group_named(const struct scan *scan) {
    uint16_t others[PROBE_GROUPS_MAX];
    size_t others_n = probe_plan_other_groups(scan->hybrid, others);
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        uint16_t named = result->retry                 ? result->retry_group
                         : probe_result_worked(result) ? result->group
                                                       : GROUP_NONE;
        if (named != GROUP_NONE && !group_is_among(others, others_n, named))
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

static bool any_finished_at_times(const struct scan *scan) {
    for (size_t i = 0; i < COUNT_OF(finishing_at_times); i++)
        if (probe_result_worked(scan_probe(scan, finishing_at_times[i])))
            return true;
    return false;
}

bool control_handshake_refused(const struct scan *scan) {
    int alert = -1;
    for (size_t i = 0; i < COUNT_OF(finishing); i++) {
        const struct probe_result *result = scan_probe(scan, finishing[i]);
        if (!result || result->outcome != OUTCOME_ALERT || (alert >= 0 && result->alert != alert))
            return false;
        alert = result->alert;
    }
    return !any_finished_at_times(scan) && (common_group_named(scan) || refused_by_all(scan));
}
