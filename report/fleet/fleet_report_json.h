/* A report as a document of schema `originscan.report/1`. */
#pragma once

#include "report/fleet/fleet_report.h"

#include <jansson.h>
#include <stdio.h>

/* A new reference. `generator` is "originscan 0.1.0". */
json_t *fleet_report_json(const struct fleet_report *report, const char *generator);

/* Writes it, a member a line. */
void fleet_report_json_write(FILE *to, const struct fleet_report *report, const char *generator);
