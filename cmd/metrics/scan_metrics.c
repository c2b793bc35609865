/* Finished scans as metrics. */
#include "cmd/metrics/scan_metrics.h"

static void count_probe(const struct probe_result *probe) {
    metrics_count(METRIC_PROBES, probe->probe, probe->outcome);
    metrics_count(METRIC_PROBE_STAGES, probe->stage, 0);
    metrics_observe(METRIC_PROBE_DURATION, probe->duration_us);
    if (probe->retry)
        metrics_count(METRIC_PROBE_RETRIES, 0, 0);
    if (probe->attempts > 1)
        metrics_count(METRIC_PROBE_REDIALS, 0, 0);
    if (probe->late)
        metrics_count(METRIC_PROBES_LATE, 0, 0);
    if (probe->group != GROUP_NONE)
        metrics_count(METRIC_GROUPS, metrics_group_place(probe->group), 0);
}

void scan_metrics_count(const struct scan *scan, const struct judgement *judgement) {
    for (size_t i = 0; i < scan->probes_n; i++)
        count_probe(&scan->probes[i]);
    metrics_count(METRIC_SCANS, judgement->status, 0);
    if (judgement->verdict < VERDICT_COUNT)
        metrics_count(METRIC_VERDICTS, judgement->verdict, 0);
    metrics_observe(METRIC_SCAN_DURATION, scan->duration_ms * UINT64_C(1000));
}

void scan_metrics_waited(uint64_t us) {
    metrics_observe(METRIC_LIMITER_WAIT_DURATION, us);
}
