/* Finished scans as metrics. */
#pragma once

#include "cmd/metrics/metrics.h"
#include "scanner/judge/verdict.h"
#include "scanner/visit/scan.h"

/* Counts a scan and its probes. */
void scan_metrics_count(const struct scan *scan, const struct judgement *judgement);

/* Counts a visit's wait for a limit, as visit_waited_cb. */
void scan_metrics_waited(uint64_t us);
