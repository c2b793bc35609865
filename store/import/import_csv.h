/* CSV: RFC 4180, but a field has no line breaks, and commas, semicolons, tabs or bars separate.
 *
 * The header names the columns in any order; those that give nothing are passed over and named once.
 * An empty field means the default; "" in quotes for sni means none. */
#pragma once

#include "store/import/import_form.h"

/* True if a line is a header with a column for the host, whatever separates. */
bool import_csv_is_header(const struct import_map *map, const char *text, size_t n);
