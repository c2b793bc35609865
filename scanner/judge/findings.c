/* What the rules behind the verdicts look at. */
#include "scanner/judge/findings.h"

#include "scanner/judge/control.h"

void findings_init(struct findings *f, const struct scan *scan, const struct judgement *facts) {
    *f = (struct findings){.scan = scan, .facts = facts};
    for (enum probe_id id = 0; id < PROBE_COUNT; id++)
        f->probes[id] = scan_probe(scan, id);
}

bool findings_got_alert(const struct probe_result *result, int alert) {
    return result && result->outcome == OUTCOME_ALERT && result->alert == alert;
}

bool findings_control_spoke(const struct findings *f, uint16_t version) {
    const struct probe_result *control = control_find(f->scan);
    return probe_result_worked(control) && control->tls_version == version;
}

bool findings_control13(const struct findings *f) {
    return findings_control_spoke(f, 0x0304);
}

bool findings_is_complete(const struct findings *f) {
    return f->facts->status == STATUS_COMPLETE;
}

bool findings_finished_hybrid(const struct findings *f, enum probe_id id) {
    const struct probe_result *result = f->probes[id];
    return probe_result_worked(result) && result->group == f->scan->hybrid;
}

bool findings_any(const struct findings *f, bool (*holds)(const struct probe_result *)) {
    for (size_t i = 0; i < f->scan->probes_n; i++)
        if (holds(&f->scan->probes[i]))
            return true;
    return false;
}
