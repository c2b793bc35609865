/* How things stand, as the members of a JSON document: of a report, and of the daemon's summary. */
#pragma once

#include "report/fleet/fleet_status.h"

#include <jansson.h>

/* Sets `freshness`, `attention`, `moves`, `scanner` and `matrix`. */
void fleet_status_json(json_t *object, const struct fleet_status *status);
