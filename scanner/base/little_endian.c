/* Numbers as bytes, least significant first. */
#include "scanner/base/little_endian.h"

void little_endian_put(uint8_t *out, uint64_t value, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

uint64_t little_endian_get(const uint8_t *in, unsigned n) {
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}
