/* Which origins were met before, while all zones are read: an origin may be in several. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts with all zeroes; a bit for each number of an origin. */
struct seen_origins {
    uint8_t *bits;
    size_t bytes;
};

void seen_origins_clear(struct seen_origins *seen);

/* Remembers an origin; false if it was met before. A number that no inventory reaches is from somebody
 * else: it is not remembered. */
bool seen_origins_add(struct seen_origins *seen, int64_t origin_id);
