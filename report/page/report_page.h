/* A report as a page: one file that needs nothing but itself, the same from `originscan report --format html` and
 * from the daemon. It shows what the JSON document says (report/fleet/fleet_report_json.h) and nothing else. What
 * needs somebody comes first; of a large fleet it lists the gravest and counts the rest. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Writes the page of a document of schema originscan.report/1. False, with errno, where `to` takes no more. */
bool report_page_write(FILE *to, const json_t *document);
