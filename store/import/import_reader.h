/* Reads lists of origins: `host[:port]` a line, CSV or NDJSON. Knows no database.
 *
 * Bounded memory whatever the input: a line is at most IMPORT_LINE_MAX bytes, one longer is passed
 * over and reported as bad. A bad line spoils only itself. Lines end with LF or CRLF; a byte order
 * mark at the start, empty lines and, in lists, lines that begin with # are passed over. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/words/origin.h"

#include <stdio.h>

/* auto: NDJSON if the first line begins with {, CSV if it is a CSV header, else a list.
 *
 * list: what origin_parse() reads; the zone is the host.
 * csv: RFC 4180, but a field has no line breaks. The header names the columns in any order: host
 *   and, as wished, zone, port, sni, address, weight. An empty field means the default: the host
 *   for zone and sni, port 443, no fixed address, weight 1; "" in quotes for sni means none.
 * ndjson: an object a line with the same keys; null is the default, sni "" none, port and weight
 *   may be numbers or texts. Other keys are refused: a misspelt `adress` must not be lost. */
enum import_format { IMPORT_AUTO, IMPORT_LIST, IMPORT_CSV, IMPORT_NDJSON };

bool import_reader_format(const char *name, enum import_format *out);

enum import_step {
    IMPORT_ORIGIN, /* `out` is filled */
    IMPORT_BAD,    /* this line is bad, `err` says why; go on */
    IMPORT_END,
    IMPORT_FAILED, /* the input cannot be read, or a CSV has no usable header; `err` says why */
};

struct import_reader;

/* Borrows the stream. */
struct import_reader *import_reader_new(FILE *in, enum import_format format);
void import_reader_free(struct import_reader *reader);

/* The next origin. */
enum import_step import_reader_next(struct import_reader *reader, struct origin *out,
                                    struct err *err);

/* The number of the line that import_reader_next() spoke of, from 1. */
uint64_t import_reader_line(const struct import_reader *reader);
