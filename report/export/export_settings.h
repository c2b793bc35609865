/* A zone as an object of `originscan.settings/1`, for the formats that are JSON themselves. */
#pragma once

#include "report/export/export_format.h"

/* A new reference. Begins with "zone" and "setting". */
json_t *export_settings_zone(const struct export_zone *zone, const struct export_choice *choice);

/* Counts the zone's setting and those of its exceptions, as that object has them. */
void export_settings_count(const struct export_render *render, const struct export_zone *zone,
                           const struct export_choice *choice);

/* Writes the object as one compact line. */
void export_settings_line(FILE *to, json_t *object);
