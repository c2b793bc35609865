/* A bit for each origin. */
#include "cmd/settle/seen_origins.h"

#include "scanner/base/alloc.h"

#include <stdlib.h>
#include <string.h>

void seen_origins_clear(struct seen_origins *seen) {
    free(seen->bits);
    *seen = (struct seen_origins){.bits = NULL};
}

static void make_room(struct seen_origins *seen, size_t bytes) {
    seen->bits = alloc_resize(seen->bits, bytes, 1);
    memset(seen->bits + seen->bytes, 0, bytes - seen->bytes);
    seen->bytes = bytes;
}

bool seen_origins_add(struct seen_origins *seen, int64_t origin_id) {
    enum { BYTES_MAX = 1 << 28 };
    size_t at = (size_t)origin_id / 8;
    if (origin_id < 0 || at >= BYTES_MAX)
        return true;
    if (at >= seen->bytes)
        make_room(seen, 2 * at + 64);
    uint8_t bit = (uint8_t)(1u << origin_id % 8);
    bool new = !(seen->bits[at] & bit);
    seen->bits[at] |= bit;
    return new;
}
