/* From the store to the numbers of a report: reads every zone, its origins and the changes. Takes about 5 µs an
 * origin and 10 a zone. */
#pragma once

#include "report/view/fleet_report.h"
#include "store/store.h"

#include <stdio.h>

/* Fills a new report and finishes it, also where it fails. */
bool fleet_view_fill(struct fleet_report *report, struct store *store, struct err *err);

/* The report as this program writes it: as a JSON document, and as a page. */
void fleet_view_print_json(FILE *to, const struct fleet_report *report);
void fleet_view_print_page(FILE *to, const struct fleet_report *report);
