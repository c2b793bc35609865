/* Numbers as bytes, least significant first. */
#include "scanner/base/little_endian.h"

#include <endian.h>
#include <string.h>

void little_endian_put(uint8_t *out, uint64_t value, unsigned n) {
    uint64_t ordered = htole64(value);
    memcpy(out, &ordered, n);
}

uint64_t little_endian_get(const uint8_t *in, unsigned n) {
    uint64_t ordered = 0;
    memcpy(&ordered, in, n);
    return le64toh(ordered);
}
