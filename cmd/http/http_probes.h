/* What machines ask often: metrics, and whether the process is alive and ready. Never asks the
 * database. */
#pragma once

#include "cmd/http/http_site.h"

/* All metrics: text 0.0.4, or OpenMetrics where the request prefers it. */
void http_probes_metrics(struct http_site *site, const struct http_asked *asked,
                         struct http_reply *reply);

/* "ok", or 503 with each check that failed; with `?verbose` all checks, one per line, as Kubernetes
 * writes them. */
void http_probes_live(struct http_site *site, const struct http_asked *asked,
                      struct http_reply *reply);
void http_probes_ready(struct http_site *site, const struct http_asked *asked,
                       struct http_reply *reply);
