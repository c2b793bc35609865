/* An origin as the API shows it: the columns of v_origin. */
#pragma once

#include "store/store_read.h"

#include <jansson.h>

/* A new reference. */
json_t *http_origin_json(const struct store_origin *origin);

/* Reads HOST or HOST:PORT; the port is 0 where none is given. False if it is neither. */
bool http_origin_name(const char *text, struct origin *out);
