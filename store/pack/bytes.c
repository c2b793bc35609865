/* A growing byte string to write to and a bounded one to read from. */
#include "store/pack/bytes.h"

#include "scanner/base/alloc.h"
#include "scanner/base/hash.h"

#include <stdlib.h>
#include <string.h>

void bytes_clear(struct bytes *bytes) {
    free(bytes->at);
    *bytes = (struct bytes){0};
}

void bytes_put(struct bytes *bytes, const void *from, size_t n) {
    if (bytes->n + n > bytes->room) {
        bytes->room = 2 * (bytes->n + n) + 64;
        bytes->at = alloc_resize(bytes->at, bytes->room, 1);
    }
    if (n)
        memcpy(bytes->at + bytes->n, from, n);
    bytes->n += n;
}

void bytes_put_u8(struct bytes *bytes, uint8_t value) {
    bytes_put(bytes, &value, 1);
}

void bytes_put_number(struct bytes *bytes, uint64_t value) {
    uint8_t out[10];
    size_t n = 0;
    for (; value > 0x7f; value >>= 7)
        out[n++] = (uint8_t)(value | 0x80);
    out[n++] = (uint8_t)value;
    bytes_put(bytes, out, n);
}

void bytes_put_signed(struct bytes *bytes, int64_t value) {
    uint64_t bits = (uint64_t)value << 1;
    bytes_put_number(bytes, value < 0 ? ~bits : bits);
}

const uint8_t *bytes_get(struct bytes_reader *reader, size_t n) {
    if (reader->bad || (size_t)(reader->end - reader->at) < n) {
        reader->bad = true;
        reader->at = reader->end;
        return NULL;
    }
    const uint8_t *found = reader->at;
    reader->at += n;
    return found;
}

uint8_t bytes_get_u8(struct bytes_reader *reader) {
    const uint8_t *byte = bytes_get(reader, 1);
    return byte ? *byte : 0;
}

uint64_t bytes_get_number(struct bytes_reader *reader) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = bytes_get_u8(reader);
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    reader->bad = true;
    reader->at = reader->end;
    return 0;
}

int64_t bytes_get_signed(struct bytes_reader *reader) {
    uint64_t bits = bytes_get_number(reader);
    return (int64_t)(bits & 1 ? ~(bits >> 1) : bits >> 1);
}

uint32_t bytes_checksum(const uint8_t *bytes, size_t n) {
    return hash_add_32(HASH_START_32, bytes, n);
}
