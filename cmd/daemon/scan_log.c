/* The log's line about one finished scan. */
#include "cmd/daemon/scan_log.h"

#include "cmd/daemon/log.h"
#include "scanner/judge/verdict.h"

void scan_log_write(const struct scan *scan, const struct judgement *judgement) {
    char group[GROUP_NAME_SIZE];
    const struct probe_result *last = &scan->probes[scan->probes_n - 1];
    bool failed = judgement->status != STATUS_COMPLETE;
    if (!log_wants(LOG_LEVEL_INFO))
        return;
    log_event(LOG_LEVEL_INFO, "scan", log_text("zone", scan->origin.zone),
              log_text("host", scan->origin.host), log_count("port", scan->origin.port),
              log_text("address", scan->address[0] ? scan->address : NULL),
              log_text("status", status_name(judgement->status)),
              log_text("verdict", verdict_name(judgement->verdict)),
              log_text("tls", tls_version_name(judgement->tls_version)),
              log_text("group", judgement->preferred_group
                                    ? group_name(judgement->preferred_group, group)
                                    : NULL),
              log_text("outcome", failed ? outcome_name(last->outcome) : NULL),
              log_text("detail", failed && last->detail[0] ? last->detail : NULL),
              log_count("probes", scan->probes_n), log_count("ms", scan->duration_ms));
}
