/* Numbers as bytes, least significant first: the order of every stored format. */
#pragma once

#include <stdint.h>

/* Writes the lowest `n` bytes of the value, 8 at most. */
void little_endian_put(uint8_t *out, uint64_t value, unsigned n);

/* Reads a number of `n` bytes, 8 at most. */
uint64_t little_endian_get(const uint8_t *in, unsigned n);
