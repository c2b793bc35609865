/* Writing and reading an origin's state byte by byte. */
#include "report/origin_pack.h"

#include <string.h>

#define FORMAT 1

struct cursor {
    uint8_t *out;      /* NULL when reading */
    const uint8_t *in; /* NULL when writing */
    size_t at;
    size_t size;
    bool failed; /* a read past the end */
};

/* One description of the layout serves both directions. */
static void bytes(struct cursor *c, uint64_t *value, unsigned n) {
    if (c->at + n > c->size) {
        c->failed = true;
        *value = 0;
        return;
    }
    if (c->out) {
        for (unsigned i = 0; i < n; i++)
            c->out[c->at + i] = (uint8_t)(*value >> (8 * i));
    } else {
        *value = 0;
        for (unsigned i = 0; i < n; i++)
            *value |= (uint64_t)c->in[c->at + i] << (8 * i);
    }
    c->at += n;
}

static void u8(struct cursor *c, uint8_t *value) {
    uint64_t wide = *value;
    bytes(c, &wide, 1);
    *value = (uint8_t)wide;
}

static void u32(struct cursor *c, uint32_t *value) {
    uint64_t wide = *value;
    bytes(c, &wide, 4);
    *value = (uint32_t)wide;
}

static void i32(struct cursor *c, int32_t *value) {
    uint64_t wide = (uint32_t)*value;
    bytes(c, &wide, 4);
    *value = (int32_t)(uint32_t)wide;
}

static void i64(struct cursor *c, int64_t *value) {
    uint64_t wide = (uint64_t)*value;
    bytes(c, &wide, 8);
    *value = (int64_t)wide;
}

/* A damaged store must not make sums overflow: days lie between 1970 and the year 29349. */
static void date(struct cursor *c, int32_t *day) {
    i32(c, day);
    if (*day < 0 || *day > 10000000)
        c->failed = true;
}

#define NAME_MAX_BYTES 40

/* A reason goes by its name, so that the table may be reordered. */
static void reason(struct cursor *c, enum rule_reason *value) {
    char name[NAME_MAX_BYTES + 1] = "";
    uint8_t n = 0;
    if (c->out) {
        strncpy(name, rule_reason_name(*value), NAME_MAX_BYTES);
        n = (uint8_t)strlen(name);
    }
    u8(c, &n);
    if (n > NAME_MAX_BYTES) {
        c->failed = true;
        return;
    }
    for (unsigned i = 0; i < n; i++)
        u8(c, (uint8_t *)&name[i]);
    if (!rule_reason_parse(name, value))
        c->failed = true;
}

/* Levels are written as 0 to 3 in the order of their meaning, which cannot change. */
static void standing(struct cursor *c, struct origin_standing *s) {
    uint8_t level = (uint8_t)s->level;
    uint8_t pinned = s->pinned;
    u8(c, &level);
    reason(c, &s->reason);
    u8(c, &pinned);
    date(c, &s->since_day);
    date(c, &s->hold_until_day);
    u32(c, &s->hold_days);
    if (s->hold_days > 10000)
        c->failed = true;
    u8(c, &s->demotions_n);
    if (level >= LEVEL_COUNT || s->demotions_n > ORIGIN_DEMOTIONS_MAX) {
        c->failed = true;
        return;
    }
    s->level = (enum rule_level)level;
    s->pinned = pinned != 0;
    for (unsigned i = 0; i < s->demotions_n; i++)
        date(c, &s->demotions[i]);
}

static void day(struct cursor *c, struct evidence_day *d) {
    for (unsigned m = 0; m < MODE_COUNT; m++) {
        u8(c, &d->trials[m]);
        u8(c, &d->failed[m]);
        u8(c, &d->further[m]);
        u8(c, &d->further_failed[m]);
        if (d->failed[m] > d->trials[m] || d->further_failed[m] > d->further[m])
            c->failed = true;
    }
    u8(c, &d->picked);
    u8(c, &d->flags);
    u8(c, &d->shares);
    u8(c, &d->confirmed);
}

static void days(struct cursor *c, struct origin_evidence *evidence) {
    uint32_t mask = 0;
    for (unsigned i = 0; i < RULE_WINDOW_MAX; i++)
        mask |= (uint32_t)(evidence->days[i].flags != 0) << i;
    u32(c, &mask);
    for (unsigned i = 0; i < RULE_WINDOW_MAX; i++) {
        if (mask >> i & 1)
            day(c, &evidence->days[i]);
    }
}

static void addresses(struct cursor *c, struct origin_evidence *evidence) {
    u8(c, &evidence->addresses_n);
    if (evidence->addresses_n > EVIDENCE_ADDRESSES) {
        c->failed = true;
        return;
    }
    for (unsigned i = 0; i < evidence->addresses_n; i++) {
        u32(c, &evidence->addresses[i].id);
        date(c, &evidence->addresses[i].day);
        u8(c, &evidence->addresses[i].trials);
    }
}

static void all(struct cursor *c, struct origin_state *state) {
    uint8_t format = FORMAT;
    u8(c, &format);
    if (format != FORMAT) {
        c->failed = true;
        return;
    }
    i64(c, &state->last_ms);
    if (state->last_ms < 0 || state->last_ms > 10000000 * EVIDENCE_DAY_MS)
        c->failed = true;
    int32_t *today = &state->evidence.day;
    i32(c, today);
    if (*today != EVIDENCE_NO_DAY && (*today < 0 || *today > 10000000))
        c->failed = true;
    standing(c, &state->base);
    days(c, &state->evidence);
    addresses(c, &state->evidence);
}

size_t origin_pack_write(const struct origin_state *state, uint8_t out[ORIGIN_PACK_MAX]) {
    struct origin_state copy = *state;
    struct cursor c = {.out = out, .size = ORIGIN_PACK_MAX};
    all(&c, &copy);
    return c.at;
}

bool origin_pack_read(const uint8_t *in, size_t in_n, struct origin_state *out) {
    struct cursor c = {.in = in, .size = in_n};
    memset(out, 0, sizeof *out);
    all(&c, out);
    if (c.failed || c.at != in_n) {
        origin_rule_init(out);
        return false;
    }
    return true;
}
