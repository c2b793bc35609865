/* The feedback reports of one file: which of them repeat one that came before. */
#pragma once

#include "report/zone/zone_feedback.h"

#include <stdbool.h>
#include <stdint.h>

struct seen_reports;

struct seen_reports *seen_reports_new(void);
void seen_reports_free(struct seen_reports *seen); /* NULL is fine */

/* Remembers a report; false if it repeats one. Reports of a period (`until_ms` is not 0) are the
 * same if zone, arm and end are; those without are if their numbers are the same as well. Takes the
 * same time however many were seen. */
bool seen_reports_add(struct seen_reports *seen, const char *zone, int64_t until_ms,
                      const struct feedback *feedback);
