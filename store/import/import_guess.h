/* Finds out of the beginning of a list which form it has. */
#pragma once

#include "store/import/import_fields.h"

#include <stdbool.h>
#include <stddef.h>

/* How a list may be written; the names are those of `--format`. */
enum import_format {
    IMPORT_AUTO,
    IMPORT_LIST,
    IMPORT_CSV,
    IMPORT_NDJSON,
    IMPORT_HOSTS,
    IMPORT_HAPROXY,
    IMPORT_NGINX,
    IMPORT_ANSIBLE,
    IMPORT_FILE_SD
};

/* The first `n` bytes of a list, which may be cut anywhere; never IMPORT_AUTO. */
enum import_format import_guess(const char *text, size_t n, const struct import_map *map);

/* Whether an inventory is YAML or JSON, not INI. */
bool import_guess_is_document(const char *text, size_t n);

/* What the first bytes give away of a text that is not UTF-8: its name, and the command that
 * converts it. NULL if nothing speaks for one. */
struct import_encoding {
    const char *name;
    const char *command;
};
const struct import_encoding *import_guess_encoding(const char *text, size_t n);
