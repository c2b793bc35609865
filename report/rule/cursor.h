/* Packing values as bytes, little endian: one description of a layout serves both directions.
 *
 * Writing, `out` is set and the values are read; reading, `in` is set and the values are filled in.
 * An end that comes too early, or a value that cannot be, sets `failed`; what was read is then of
 * no use. */
#pragma once

#include "report/rule/rule_reason.h"

#include <stddef.h>
#include <stdint.h>

struct cursor {
    uint8_t *out;      /* NULL when reading */
    const uint8_t *in; /* NULL when writing */
    size_t at;
    size_t size;
    bool failed;
};

/* A number of that width. */
void cursor_u8(struct cursor *c, uint8_t *value);
void cursor_u16(struct cursor *c, uint16_t *value);
void cursor_u32(struct cursor *c, uint32_t *value);
void cursor_u64(struct cursor *c, uint64_t *value);
void cursor_i32(struct cursor *c, int32_t *value);
void cursor_i64(struct cursor *c, int64_t *value);

/* One byte, 0 or 1. */
void cursor_bool(struct cursor *c, bool *value);

/* A day since 1970, up to the year 29349: sums of what a damaged store holds must not overflow. */
void cursor_date(struct cursor *c, int32_t *day);

/* By its name, so that the table of reasons may be reordered. */
void cursor_reason(struct cursor *c, enum rule_reason *value);
