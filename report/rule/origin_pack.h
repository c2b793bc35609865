/* An origin's state as bytes for the store, and back. */
#pragma once

#include "report/rule/origin_rule.h"

/* Little endian, format number first; only days and addresses that say something are written, so
 * that an origin with one scan takes about 60 bytes and a full one below the limit. */
#define ORIGIN_PACK_MAX 1024

/* Returns the number of bytes written. */
size_t origin_pack_write(const struct origin_state *state, uint8_t out[ORIGIN_PACK_MAX]);

/* False, with `out` as after origin_rule_init, if the bytes are not such a state. Reading what was
 * written gives an equal state: every further scan has the same effect on both. */
bool origin_pack_read(const uint8_t *in, size_t in_n, struct origin_state *out);
