/* One visit to one origin: resolve, dial probe after probe, pause before a redial, end as one scan.
 */
#pragma once

#include "scanner/scan.h"

#include <stdint.h>

struct event_base;
struct resolver;
struct scan_task;
struct tls_prober;

struct scan_task_options {
    struct event_base *base; /* all borrowed */
    struct tls_prober *prober;
    struct resolver *resolver;
    enum plan plan;
    uint16_t hybrid;
    uint32_t resolve_timeout_ms;
    uint32_t pause_min_ms; /* before a redial, drawn evenly from min to max */
    uint32_t pause_max_ms;
};

/* The scan and what it points to are valid only during the callback. */
typedef void scan_task_cb(const struct scan *scan, void *arg);

/* Starts a visit. Exactly one callback follows, never before this returns, unless cancelled. The
 * origin is copied; options must live as long as the task. At most one connection is open at a
 * time. */
struct scan_task *scan_task_start(const struct scan_task_options *options,
                                  const struct origin *origin, scan_task_cb *cb, void *arg);
void scan_task_cancel(struct scan_task *task);
