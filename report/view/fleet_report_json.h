/* A report as a document of schema `originscan.report/1`. */
#pragma once

#include "report/view/fleet_report.h"

#include <jansson.h>

/* A new reference. `generator` is "originscan 0.1.0". */
json_t *fleet_report_json(const struct fleet_report *report, const char *generator);
