/* A zone's state as bytes for the store, and back. */
#pragma once

#include "report/zone/zone_state.h"

#define ZONE_PACK_MAX 512

/* Returns the number of bytes written. */
size_t zone_pack_write(const struct zone_state *state, uint8_t out[ZONE_PACK_MAX]);

/* False if the bytes are not such a state; *out is then the one before anything was advised. */
bool zone_pack_read(const uint8_t *in, size_t in_n, struct zone_state *out);
