/* What the log says of visits. */
#include "cmd/daemon/visit_log.h"

#include "cmd/daemon/log.h"
#include "scanner/judge/verdict.h"
#include "scanner/visit/visit.h"

enum { TROUBLE_EVERY_MS = 60000 };

void visit_log_scan(const struct scan *scan, const struct judgement *judgement) {
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

static const char *const reasons[] = {[VISIT_CROWDED] = "crowded",
                                      [VISIT_NO_DNS] = "no_dns",
                                      [VISIT_NO_MEANS] = "no_resources",
                                      [VISIT_NO_TIME] = "no_processor_time"};

void visit_log_deferral(enum visit_reason reason, uint64_t after_ms, int64_t origin_id) {
    log_event(LOG_LEVEL_DEBUG, "visit_deferred", log_count("origin", origin_id),
              log_text("reason", reasons[reason]), log_count("after_ms", (int64_t)after_ms));
}

void visit_log_trouble(struct visit_log *log, enum visit_reason reason, uint64_t now_us) {
    log->troubled++;
    if (log->told_us && now_us < log->told_us + TROUBLE_EVERY_MS * UINT64_C(1000))
        return;
    log->told_us = now_us;
    log_event(LOG_LEVEL_WARNING, "local_trouble", log_text("reason", reasons[reason]),
              log_count("visits_deferred", (int64_t)log->troubled));
}
