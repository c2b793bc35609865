/* A growing byte string to write to and a bounded one to read from: varints, texts, a checksum. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero it before the first use; bytes_clear() frees. May be emptied by `n = 0` and used again. */
struct bytes {
    uint8_t *at;
    size_t n;
    size_t room;
};

/* Frees what it holds; appends bytes; appends one. */
void bytes_clear(struct bytes *bytes);
void bytes_put(struct bytes *bytes, const void *from, size_t n);
void bytes_put_u8(struct bytes *bytes, uint8_t value);

/* LEB128: seven bits per byte, least significant first; at most ten bytes. */
void bytes_put_number(struct bytes *bytes, uint64_t value);

/* A number that may be negative, small in either direction (zigzag). */
void bytes_put_signed(struct bytes *bytes, int64_t value);

/* What is left to read. The first read beyond the end or of a number that is no number sets `bad`
 * and moves to the end; from then on every read gives zero. */
struct bytes_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

/* Read what bytes_put_u8(), bytes_put_number() and bytes_put_signed() wrote. */
uint8_t bytes_get_u8(struct bytes_reader *reader);
uint64_t bytes_get_number(struct bytes_reader *reader);
int64_t bytes_get_signed(struct bytes_reader *reader);

/* The next n bytes inside the input, or NULL. */
const uint8_t *bytes_get(struct bytes_reader *reader, size_t n);

/* FNV-1a, 32 bits: against accidents, not against people. */
uint32_t bytes_checksum(const uint8_t *bytes, size_t n);
