/* An origin as the API shows it: the columns of v_origin. */
#pragma once

#include "store/store_read.h"

#include <jansson.h>

/* A new reference. */
json_t *http_origin_json(const struct store_origin *origin);
