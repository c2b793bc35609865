/* What the log says of visits: a line for each finished scan, one a minute for our own trouble. */
#pragma once

#include "scanner/visit/visit.h"

#include <stdint.h>

struct judgement;

/* Starts as {0}. */
struct visit_log {
    uint64_t troubled; /* visits that our own trouble deferred, ever */
    uint64_t told_us;  /* when a line said so last */
};

void visit_log_scan(const struct scan *scan, const struct judgement *judgement);

/* For debugging: one visit was deferred. */
void visit_log_deferral(enum visit_reason reason, uint64_t after_ms, int64_t origin_id);

/* Counts a visit that was deferred for another reason than crowded addresses, and says so, but at
 * most once a minute; `now_us` is monotonic. */
void visit_log_trouble(struct visit_log *log, enum visit_reason reason, uint64_t now_us);
