/* Reads lists of origins in the forms that they have in practice. Knows no database.
 *
 * Bounded memory for all forms that are lines: a line is at most IMPORT_LINE_MAX bytes, one longer
 * is passed over and reported as bad. Forms that are one document (nginx, the YAML and JSON of
 * Ansible, file_sd) are read whole, up to IMPORT_DOCUMENT_MAX bytes. A bad line spoils only itself.
 * Lines end with LF or CRLF; a byte order mark at the start, empty lines and comments are passed
 * over. */
#pragma once

#include "store/import/import_fields.h"
#include "store/import/import_guess.h"

#include <stdio.h>

#define IMPORT_DOCUMENT_MAX ((size_t)64 << 20)

/* auto: found out from the first lines.
 *
 * list: host[:port], as origin_parse() reads it, or a URL per line; the zone is the host.
 * csv: a header names the columns, in any order; host is needed, others give nothing and are named
 *   in a note. Commas, semicolons, tabs or bars separate; a row with line breaks in quotation marks
 *   has at most 100 lines.
 * ndjson: one object per line with the same keys and no other.
 * hosts: hosts(5); each full name at its address.
 * haproxy: servers of `backend` and `listen`, whose name is the zone, with weight, port and the name
 *   of `sni str()`. nginx: servers of `upstream`, and what `proxy_pass https://` or
 *   `grpc_pass grpcs://` reaches without one.
 * ansible: hosts of an inventory, INI, YAML or JSON; the zone is the group. The INI is kept in memory
 *   to its end, for a group's variables may stand anywhere (import_collection.h).
 * file_sd: targets of Prometheus, JSON or YAML; the zone is the host. */
bool import_reader_format(const char *name, enum import_format *out);
const char *import_reader_format_name(enum import_format format);

enum import_step {
    IMPORT_ORIGIN, /* `out` is filled */
    IMPORT_BAD,    /* this line is bad, `err` says why; go on */
    IMPORT_END,
    IMPORT_FAILED, /* the input cannot be read, or not as this format; `err` says why */
};

struct import_reader;

/* Borrows the stream and the map; a NULL map is one without names. */
struct import_reader *import_reader_new(FILE *in, enum import_format format,
                                        const struct import_map *map);
void import_reader_free(struct import_reader *reader);

/* The next origin. */
enum import_step import_reader_next(struct import_reader *reader, struct origin *out,
                                    struct err *err);

/* The number of the line that import_reader_next() spoke of, from 1. */
uint64_t import_reader_line(const struct import_reader *reader);

/* The format: what was found out, once something was read. */
enum import_format import_reader_found(const struct import_reader *reader);

/* What is to be said of the list as a whole, one line per note: ignored columns, servers that
 * were passed over. NULL after the last; valid until the next call. */
const char *import_reader_note(struct import_reader *reader, size_t i);
