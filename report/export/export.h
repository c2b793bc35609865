/* Hands the settings of zones over in the form that each proxy or CDN takes.
 *
 *   source --zones--> one renderer a format --body--> layout (header, hash) --> stream or file
 *
 * Nothing here knows where zones come from: a source function gives them, by name, one at a time.
 * Memory does not grow with the number of zones but in the guard of export_file.h, which needs
 * about 40 bytes for each. All text that comes from outside passes export_text.h. */
#pragma once

#include "report/export/export_zone.h"

/* The row of that name ("nginx", …), or NULL. */
const struct export_format *export_find(const char *name);

/* All rows in the order of the documentation. */
const struct export_format *const *export_formats(size_t *n);
const char *export_name(const struct export_format *format);
const char *export_help(const struct export_format *format);

/* Whether it has a place for a client certificate. */
bool export_shows_certificates(const struct export_format *format);

/* Whether it tells what origins can do, whatever zone they are in. */
bool export_tells_of_origins(const struct export_format *format);

/* Options with every default but format and times. */
struct export_options export_defaults(void);

/* False with the reason if the options do not fit together (a snippet of several zones, …). */
bool export_check(const struct export_options *options, struct err *err);

/* Renders all zones into a temporary file, the body, and sums them up; close it with fclose. NULL
 * with the reason if the source fails, there is no room, or one of options.zones is not there. */
FILE *export_body(const struct export_options *options, export_source *source, void *source_arg,
                  struct export_summary *summary, struct err *err);

/* Writes the export of a body. False with the reason if the stream fails; what was written is then
 * of no use. */
bool export_write(FILE *to, const struct export_options *options,
                  const struct export_summary *summary, FILE *body, struct err *err);
