/* One visit to one origin: resolve, wait for its turn, dial probe after probe, pause before a
 * redial, end as one scan. */
#pragma once

#include "scanner/visit/scan.h"

#include <stdint.h>

struct event_base;
struct politeness;
struct resolver;
struct scan_task;
struct tls_prober;

/* What a visit is doing. */
enum scan_task_phase {
    SCAN_TASK_RESOLVING,
    SCAN_TASK_WAITING, /* until politeness lets it begin; holds no descriptor */
    SCAN_TASK_PROBING,
    SCAN_TASK_PHASES
};

/* Why a visit ended without a scan. None of it says anything about the origin. */
enum scan_task_reason {
    SCAN_TASK_CROWDED,  /* too many others wait for the same addresses */
    SCAN_TASK_NO_DNS,   /* no name server has said anything to anybody */
    SCAN_TASK_NO_MEANS, /* we have no descriptors, ports or memory */
};

/* Called when the phase changes, from within anything but scan_task_start; may start other visits,
 * but not cancel this one. */
typedef void scan_task_phase_cb(enum scan_task_phase now, void *arg);

/* The visit is over without a scan and may be made `after_ms` later. */
typedef void scan_task_deferred_cb(enum scan_task_reason reason, uint32_t after_ms, void *arg);

struct scan_task_options {
    struct event_base *base; /* all borrowed */
    struct tls_prober *prober;
    struct resolver *resolver;
    struct politeness *politeness; /* NULL: no limits */
    uint16_t hybrid;
    uint32_t resolve_timeout_ms;
    uint32_t pause_min_ms; /* before a redial, drawn evenly from min to max */
    uint32_t pause_max_ms;
    bool all_addresses;              /* scan each address of a name, one after the other */
    scan_task_phase_cb *phase;       /* NULL: nobody counts */
    scan_task_deferred_cb *deferred; /* NULL only without politeness: own trouble is a scan then */
};

/* Whom to visit, and how. */
struct scan_task_visit {
    struct origin origin;
    enum plan plan;
    bool rotate;   /* begin with another address each time, in their order */
    uint32_t turn; /* the number of this visit, for that */
};

/* The scan and what it points to are valid only during the callback. */
typedef void scan_task_cb(const struct scan *scan, void *arg);

/* Starts a visit, which is copied. Exactly one callback follows, `cb` or `deferred`, never before
 * this returns, unless cancelled; with all_addresses `cb` may be called several times, each but the
 * last with scan->more. Options must live as long as the task. At most one connection is open at a
 * time. */
struct scan_task *scan_task_start(const struct scan_task_options *options,
                                  const struct scan_task_visit *visit, scan_task_cb *cb, void *arg);
void scan_task_cancel(struct scan_task *task);
