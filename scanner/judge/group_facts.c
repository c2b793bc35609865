/* Which groups an origin has. */
#include "scanner/judge/group_facts.h"

#include "scanner/judge/control.h"
#include "scanner/words/alert.h"

/* How a question was put. */
enum manner { WITHOUT_SHARE, WITH_ONE_SHARE, WITH_MORE };

static enum manner manner_of(const struct probe_shape *shape) {
    return shape->shares_n == 0 ? WITHOUT_SHARE : shape->shares_n == 1 ? WITH_ONE_SHARE : WITH_MORE;
}

static bool asks_alone(enum probe_id id) {
    return (id >= PROBE_ONLY_P256 && id <= PROBE_ONLY_HYBRID) || id == PROBE_CLOSING;
}

/* The question was about this group only; for `only-other`, about this among groups that are all refused together. A
 * closing control in the shape of `classical` offered other groups as well. */
static bool asks_for(const struct probe_result *result, const struct probe_shape *shape,
                     uint16_t group) {
    if (result->probe == PROBE_ONLY_OTHER)
        return group_is_among(shape->groups, shape->groups_n, group);
    /* The curve of a TLS 1.2 certificate may stand beside it. */
    return shape->groups[0] == group && !result->shape_changed &&
           (shape->groups_n == 1 || asks_alone(result->probe));
}

/* ---- how a question ended ---- */

/* Some servers refuse without an alert: they close, and do it again. Only a scan whose controls
 * worked tells that from a network that closes on everybody. */
static bool closed_twice(const struct scan *scan, const struct probe_result *result) {
    bool controls = probe_result_worked(control_find(scan)) &&
                    probe_result_worked(scan_probe(scan, PROBE_CLOSING));
    bool closes = result->outcome == OUTCOME_CLOSED || result->outcome == OUTCOME_RESET;
    return controls && closes && result->attempts == 2 && result->first_outcome != OUTCOME_TIMEOUT;
}

/* Where every handshake is refused alike, it is not for the group. */
static bool is_refused(const struct scan *scan, const struct probe_result *result,
                       enum manner manner) {
    if (result->flapped || (manner != WITHOUT_SHARE && control_handshake_refused(scan)))
        return false;
    return (result->outcome == OUTCOME_ALERT && alert_refuses_group(result->alert)) ||
           closed_twice(scan, result);
}

static uint16_t named_group(const struct probe_result *result) {
    uint16_t group = result->retry ? result->retry_group : result->group;
    return control_group_named(result, group) ? group : GROUP_NONE;
}

/* A hello of that manner for another group was answered: it is not the manner that is refused. */
static bool manner_is_good(const struct scan *scan, const struct probe_result *asked,
                           enum manner manner, uint16_t group) {
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        struct probe_shape shape = scan_shape(scan, result);
        uint16_t named = named_group(result);
        if (manner_of(&shape) == manner && result->no_alpn == asked->no_alpn &&
            named != GROUP_NONE && named != group)
            return true;
    }
    return false;
}

/* ---- what is known ---- */

struct findings {
    bool named;   /* negotiated or asked for */
    bool listed;  /* in the origin's own list */
    bool missing; /* the origin's own list lacks it */
    bool refused; /* by a question whose manner is good */
    bool without; /* TLS 1.2 without any group in answer to the question */
};

static void read_list(const struct probe_result *result, uint16_t group, struct findings *out) {
    if (result->server_groups_n == 0)
        return;
    bool listed = group_is_among(result->server_groups, result->server_groups_n, group);
    out->listed |= listed;
    out->missing |= !listed && result->server_groups_n < PROBE_SERVER_GROUPS;
}

static void read_question(const struct scan *scan, const struct probe_result *result,
                          uint16_t group, struct findings *out) {
    struct probe_shape shape = scan_shape(scan, result);
    enum manner manner = manner_of(&shape);
    if (!asks_for(result, &shape, group))
        return;
    out->without |= result->no_key_exchange;
    if (is_refused(scan, result, manner) && manner_is_good(scan, result, manner, group))
        out->refused = true;
}

/* In TLS 1.2 an ECDSA certificate may be what was refused. */
static bool certificate_is_in_the_way(const struct scan *scan) {
    const struct probe_result *control = control_find(scan);
    return probe_result_worked(control) && control->tls_version == 0x0303 &&
           control->leaf_curve != GROUP_NONE;
}

/* A list may leave out groups that the server takes all the same (RFC 8446 4.2.7 says "should"), and some leave out
 * classical ones. Of a server that has a post-quantum group it is what the list is there to tell. */
static bool list_denies(uint16_t group) {
    const struct group *known = group_find(group);
    return known && known->post_quantum;
}

/* Nothing that lists the group gets an answer, and the same without it does: something on the way kills it, and the
 * origin's own list may be right all the same. */
static bool is_killed_on_the_way(const struct scan *scan, uint16_t group) {
    const struct probe_result *supported = scan_probe(scan, PROBE_SUPPORTED);
    if (!supported || !probe_result_worked(scan_probe(scan, PROBE_UNKNOWN_GROUP)))
        return false;
    for (size_t i = 0; i < scan->probes_n; i++) {
        struct probe_shape shape = scan_shape(scan, &scan->probes[i]);
        if (group_is_among(shape.groups, shape.groups_n, group) &&
            !probe_result_failed_at(&scan->probes[i], STAGE_HELLO) &&
            scan->probes[i].outcome != OUTCOME_ALERT)
            return false;
    }
    return true;
}

enum truth group_facts_read(const struct scan *scan, uint16_t group, bool *contradicts) {
    struct findings found = {0};
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        found.named |= control_group_named(result, group);
        read_list(result, group, &found);
        read_question(scan, result, group, &found);
    }
    bool denied = found.refused || (found.missing && !found.listed && list_denies(group));
    bool explained = certificate_is_in_the_way(scan) ||
                     (!found.named && found.refused && is_killed_on_the_way(scan, group));
    if ((found.named || found.listed) && denied && !explained) {
        *contradicts = true;
        return TRUTH_UNKNOWN;
    }
    if (found.named || found.listed)
        return TRUTH_TRUE;
    return found.refused || found.missing || found.without ? TRUTH_FALSE : TRUTH_UNKNOWN;
}

bool group_facts_uses_none(const struct scan *scan) {
    const struct probe_result *control = control_find(scan);
    return probe_result_worked(control) && control->no_key_exchange;
}
