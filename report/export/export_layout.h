/* How header and body make the file of an export; export_previous.h reads it back.
 *
 * The body is what the renderer writes; the hash is the SHA-256 of the body. The file is
 *
 *   EXPORT_COMMENTS  three comment lines, then the body as it is
 *   EXPORT_DOCUMENT  a first line that ends in `"zones":[`, the body's lines with `,` between, `]}`
 *   EXPORT_LINES     each line of the body, a JSON object, with four more members at its end
 *   EXPORT_TABLE     each line of the body with three more columns
 *
 * so that each says who made it, when, its generation and its hash, and a file that was cut or
 * edited is found out. */
#pragma once

#include "report/export/export_format.h"

/* One line that identifies the export, for comments. */
#define EXPORT_LAYOUT_STAMP_SIZE 320
char *export_layout_stamp(const struct export_options *options,
                          const struct export_summary *summary, char out[EXPORT_LAYOUT_STAMP_SIZE]);

/* "newest scan 2026-…, 5 h before" or "age of the data unknown". */
#define EXPORT_LAYOUT_AGE_SIZE 96
char *export_layout_age(const struct export_options *options, const struct export_summary *summary,
                        char out[EXPORT_LAYOUT_AGE_SIZE]);

/* The SHA-256 of the body in hexadecimal. False if it cannot be read. */
bool export_layout_hash(FILE *body, char out[65]);

/* Writes the file from the body, which is read from its start; the summary's hash is that of the
 * body. False if it cannot be read; errors of `to` are left to ferror(). */
bool export_layout_write(FILE *to, const struct export_options *options,
                         const struct export_summary *summary, FILE *body);
