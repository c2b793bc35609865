/* What the server's first answer means for an answer probe. Pure. */
#pragma once

#include "scanner/hello/first_flight.h"
#include "scanner/probe/probe_result.h"

/* Writes a decided answer into the result (group, retry, version, alert, detail, …) and returns how
 * the probe ended. `shape` is what we offered: an answer that it does not allow is malformed. After a retry that
 * was answered by a second hello the answer is that to it: only a ServerHello on the group of the retry will do. */
enum outcome tls_answer_read(const struct first_flight_answer *answer,
                             const struct probe_shape *shape, struct probe_result *result);
