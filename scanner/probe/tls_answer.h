/* What the server's first answer means for an answer probe. Pure. */
#pragma once

#include "scanner/hello/first_flight.h"
#include "scanner/probe/probe_result.h"

/* Writes a decided answer into the result (group, retry, version, alert, detail, …) and returns how
 * the probe ended. `shape` is what we offered: an answer that it does not allow is malformed. */
enum outcome tls_answer_read(const struct first_flight_answer *answer,
                             const struct probe_shape *shape, struct probe_result *result);
