/* From the store to the numbers of a report: reads every zone, its origins and the changes. Takes about 10 µs of the
 * processor for a zone of one origin. */
#pragma once

#include "report/fleet/fleet_report.h"
#include "store/store.h"

#include <jansson.h>
#include <stdio.h>

/* A report of the store as it is now, with the changes since then; fleet_report_free() ends it. NULL with `err` if the
 * store fails. */
struct fleet_report *fleet_view_read(struct store *store, int64_t now_ms, int64_t since_ms,
                                     struct err *err);

/* The report as this program writes it: a JSON document, whose reference is the caller's, and a page of it. */
json_t *fleet_view_document(const struct fleet_report *report);
void fleet_view_print_json(FILE *to, const struct fleet_report *report);
void fleet_view_print_page(FILE *to, const struct fleet_report *report);

/* What `originscan status` shows of a report, read without the rest: the members freshness, attention, moves,
 * scanner, matrix and the counts of settings are those of a report, all others say nothing. The reference is
 * the caller's; NULL with `err` if the store fails. */
json_t *fleet_view_status_document(struct store *store, int64_t now_ms, struct err *err);

/* The same from a store as it stands now, with the changes of the last FLEET_VIEW_DAYS. False with `err`, and nothing
 * written, if the store fails. */
#define FLEET_VIEW_DAYS 7
bool fleet_view_make_json(struct store *store, FILE *to, struct err *err);
bool fleet_view_make_page(struct store *store, FILE *to, struct err *err);
