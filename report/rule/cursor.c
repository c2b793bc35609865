/* Packing values as bytes. */
#include "report/rule/cursor.h"

#include "scanner/base/little_endian.h"

#include <string.h>

static void pass_bytes(struct cursor *c, uint64_t *value, unsigned n) {
    if (n > c->size - c->at) {
        c->failed = true;
        *value = 0;
        return;
    }
    if (c->out)
        little_endian_put(c->out + c->at, *value, n);
    else
        *value = little_endian_get(c->in + c->at, n);
    c->at += n;
}

/* Most of a state is of these. */
void cursor_u8(struct cursor *c, uint8_t *value) {
    if (c->at == c->size) {
        c->failed = true;
        *value = 0;
    } else if (c->out) {
        c->out[c->at++] = *value;
    } else {
        *value = c->in[c->at++];
    }
}

void cursor_u16(struct cursor *c, uint16_t *value) {
    uint64_t wide = *value;
    pass_bytes(c, &wide, 2);
    *value = (uint16_t)wide;
}

void cursor_u32(struct cursor *c, uint32_t *value) {
    uint64_t wide = *value;
    pass_bytes(c, &wide, 4);
    *value = (uint32_t)wide;
}

void cursor_u64(struct cursor *c, uint64_t *value) {
    pass_bytes(c, value, 8);
}

void cursor_i32(struct cursor *c, int32_t *value) {
    uint64_t wide = (uint32_t)*value;
    pass_bytes(c, &wide, 4);
    *value = (int32_t)(uint32_t)wide;
}

void cursor_i64(struct cursor *c, int64_t *value) {
    uint64_t wide = (uint64_t)*value;
    pass_bytes(c, &wide, 8);
    *value = (int64_t)wide;
}

void cursor_bool(struct cursor *c, bool *value) {
    uint8_t byte = *value;
    cursor_u8(c, &byte);
    if (byte > 1)
        c->failed = true;
    *value = byte != 0;
}

void cursor_date(struct cursor *c, int32_t *day) {
    cursor_i32(c, day);
    if (*day < 0 || *day > 10000000)
        c->failed = true;
}

#define NAME_MAX_BYTES 40

void cursor_reason(struct cursor *c, enum rule_reason *value) {
    char name[NAME_MAX_BYTES + 1] = "";
    uint8_t n = 0;
    if (c->out) {
        strncpy(name, rule_reason_name(*value), NAME_MAX_BYTES);
        n = (uint8_t)strlen(name);
    }
    cursor_u8(c, &n);
    if (n > NAME_MAX_BYTES || n > c->size - c->at) {
        c->failed = true;
        return;
    }
    if (c->out)
        memcpy(c->out + c->at, name, n);
    else if (n > 0)
        memcpy(name, c->in + c->at, n);
    c->at += n;
    if (!rule_reason_parse(name, value))
        c->failed = true;
}
