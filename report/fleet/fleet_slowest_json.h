/* The slowest origins as the member `slowest` of the report's document. */
#pragma once

#include "report/fleet/fleet_slowest.h"

#include <jansson.h>

/* A new reference. Of a list that is finished. */
json_t *fleet_slowest_json(const struct fleet_slowest *slowest);
