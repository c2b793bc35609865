/* What a line of any list says of one origin, still as text, and how it becomes an origin. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/words/origin.h"

#include <stdbool.h>
#include <stdint.h>

enum import_key {
    IMPORT_ZONE,
    IMPORT_HOST,
    IMPORT_PORT,
    IMPORT_SNI,
    IMPORT_ADDRESS,
    IMPORT_WEIGHT
};
enum { IMPORT_KEYS = IMPORT_WEIGHT + 1, IMPORT_PORT_DEFAULT = 443 };

/* The name of a key in headers and objects: "zone" and so on. */
const char *import_fields_key(enum import_key key);

/* How the columns, keys or variables of a list are called, where they are not called as the keys.
 * Borrowed; NULL: as the key. All zero for a list that follows the names. */
struct import_map {
    const char *column[IMPORT_KEYS];
};

/* The key that a column of that name gives, in any case of letters. False if none. */
bool import_fields_find(const struct import_map *map, const char *column, enum import_key *out);

/* Notes that a key comes from a column, "host=hostname". */
bool import_fields_map(struct import_map *map, const char *text, struct err *err);

/* NULL means the default: the host for zone and sni, port 443, no fixed address, weight 1. An empty
 * sni means none; all else that is empty is the default too. */
struct import_fields {
    const char *endpoint; /* as origin_parse() reads it; NULL: the host and port below */
    const char *text[IMPORT_KEYS];
};

bool import_fields_origin(const struct import_fields *fields, struct origin *out, struct err *err);
