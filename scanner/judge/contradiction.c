/* Answers that cannot both come from one sound server. */
#include "scanner/judge/contradiction.h"

#include "scanner/base/array.h"
#include "scanner/judge/control.h"
#include "scanner/words/alert.h"

/* Larger hellos carry a post-quantum share. */
enum { LARGE_BYTES = 1000 };

static bool tells_version(const struct probe_result *result) {
    bool refused = result->outcome == OUTCOME_MALFORMED && result->stage <= STAGE_HELLO;
    return result->tls_version != 0 && !refused;
}

bool contradiction_of_versions(const struct scan *scan) {
    bool seen[2][2] = {{false}}; /* large, TLS 1.3 */
    for (size_t i = 0; i < scan->probes_n; i++) {
        const struct probe_result *result = &scan->probes[i];
        if (tells_version(result))
            seen[result->hello_bytes > LARGE_BYTES][result->tls_version >= 0x0304] = true;
    }
    return (seen[0][0] && seen[0][1]) || (seen[1][0] && seen[1][1]);
}

/* One answer to the list of the hybrid and the classical groups. */
struct choice {
    struct probe_shape shape;
    uint16_t group;
    bool retry;
};

static bool read_choice(const struct scan *scan, enum probe_id id, struct choice *out) {
    const struct probe_result *result = scan_probe(scan, id);
    if (!result)
        return false;
    out->shape = probe_plan_shape(id, scan->hybrid, GROUP_NONE, GROUP_NONE);
    out->retry = result->retry;
    out->group = result->retry ? result->retry_group : result->group;
    return result->tls_version >= 0x0304 && control_group_named(result, out->group);
}

static bool has_share(const struct choice *choice, uint16_t group) {
    return group_is_among(choice->shape.shares, choice->shape.shares_n, group);
}

/* `a` was retried although the share of what `b` ended with was there, and `b` had a share of what `a` was retried to;
 * or both sent the same shares and got different groups. */
static bool disagree(const struct choice *a, const struct choice *b) {
    if (a->group == b->group)
        return false;
    if (a->retry && has_share(a, b->group) && has_share(b, a->group))
        return true;
    return a->shape.shares_n == b->shape.shares_n && has_share(b, a->shape.shares[0]) &&
           a->shape.shares_n == 1;
}

/* X25519 with its share is refused to one control and taken from the other. */
static bool controls_disagree(const struct scan *scan) {
    const struct probe_result *controls[] = {control_find(scan), scan_probe(scan, PROBE_CLOSING)};
    for (int i = 0; i < 2; i++) {
        const struct probe_result *one = controls[i], *other = controls[1 - i];
        if (one && one->outcome == OUTCOME_ALERT && probe_result_worked(other) && !other->retry &&
            other->group == GROUP_X25519 && other->tls_version >= 0x0304)
            return true;
    }
    return false;
}

bool contradiction_of_choices(const struct scan *scan) {
    if (controls_disagree(scan))
        return true;
    static const enum probe_id ids[] = {PROBE_SUPPORTED, PROBE_PREFERRED, PROBE_PREFERRED_DUAL,
                                        PROBE_WIDE_RETRY};
    enum { COUNT = COUNT_OF(ids) };
    struct choice choices[COUNT];
    bool made[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        made[i] = read_choice(scan, ids[i], &choices[i]);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < COUNT; k++)
            if (made[i] && made[k] && disagree(&choices[i], &choices[k]))
                return true;
    return false;
}
