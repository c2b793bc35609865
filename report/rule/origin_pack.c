/* Writing and reading an origin's state byte by byte. */
#include "report/rule/origin_pack.h"

#include "report/rule/cursor.h"
#include "scanner/base/duration.h"

#include <string.h>

/* 2: with `dark` and `silent` of each day. 3: with `reached` and `duals`, and the zone's wish. */
#define FORMAT 3
#define FORMAT_WITHOUT_REACH 2
#define FORMAT_WITHOUT_SILENCE 1

/* Levels are written as 0 to 3 in the order of their meaning, which cannot change. */
static void pass_standing(struct cursor *c, struct origin_standing *s) {
    uint8_t level = (uint8_t)s->level;
    uint8_t pinned = s->pinned;
    cursor_u8(c, &level);
    cursor_reason(c, &s->reason);
    cursor_u8(c, &pinned);
    cursor_date(c, &s->since_day);
    cursor_date(c, &s->hold_until_day);
    cursor_u32(c, &s->hold_days);
    if (s->hold_days > 10000)
        c->failed = true;
    cursor_u8(c, &s->demotions_n);
    if (level >= LEVEL_COUNT || s->demotions_n > ORIGIN_DEMOTIONS_MAX) {
        c->failed = true;
        return;
    }
    s->level = (enum rule_level)level;
    s->pinned = pinned != 0;
    for (unsigned i = 0; i < s->demotions_n; i++)
        cursor_date(c, &s->demotions[i]);
}

static void pass_day(struct cursor *c, uint8_t format, struct evidence_day *d) {
    for (unsigned m = 0; m < MODE_COUNT; m++) {
        cursor_u8(c, &d->trials[m]);
        cursor_u8(c, &d->failed[m]);
        cursor_u8(c, &d->further[m]);
        cursor_u8(c, &d->further_failed[m]);
        if (d->failed[m] > d->trials[m] || d->further_failed[m] > d->further[m])
            c->failed = true;
    }
    cursor_u8(c, &d->picked);
    cursor_u8(c, &d->flags);
    cursor_u8(c, &d->shares);
    cursor_u8(c, &d->confirmed);
    if (format == FORMAT_WITHOUT_SILENCE)
        return;
    cursor_u8(c, &d->dark);
    cursor_u8(c, &d->silent);
    if (format == FORMAT_WITHOUT_REACH)
        return;
    cursor_u8(c, &d->reached);
    cursor_u8(c, &d->duals);
}

static void pass_days(struct cursor *c, uint8_t format, struct origin_evidence *evidence) {
    uint32_t mask = 0;
    for (unsigned i = 0; i < RULE_WINDOW_MAX; i++)
        mask |= (uint32_t)(evidence->days[i].flags != 0) << i;
    cursor_u32(c, &mask);
    for (unsigned i = 0; i < RULE_WINDOW_MAX; i++) {
        if (mask >> i & 1)
            pass_day(c, format, &evidence->days[i]);
    }
}

static void pass_addresses(struct cursor *c, struct origin_evidence *evidence) {
    cursor_u8(c, &evidence->addresses_n);
    if (evidence->addresses_n > EVIDENCE_ADDRESSES) {
        c->failed = true;
        return;
    }
    for (unsigned i = 0; i < evidence->addresses_n; i++) {
        cursor_u32(c, &evidence->addresses[i].id);
        cursor_date(c, &evidence->addresses[i].day);
        cursor_u8(c, &evidence->addresses[i].trials);
    }
}

static void pass_wish(struct cursor *c, struct proof_wish *wish) {
    uint8_t level = (uint8_t)wish->level;
    cursor_u8(c, &level);
    cursor_u16(c, &wish->share);
    if (level >= LEVEL_COUNT)
        c->failed = true;
    else
        wish->level = (enum rule_level)level;
}

static void pass_origin_state(struct cursor *c, struct origin_state *state) {
    uint8_t format = FORMAT;
    cursor_u8(c, &format);
    if (format < FORMAT_WITHOUT_SILENCE || format > FORMAT) {
        c->failed = true;
        return;
    }
    cursor_i64(c, &state->last_ms);
    if (state->last_ms < 0 || state->last_ms > 10000000 * DAY_MS)
        c->failed = true;
    int32_t *today = &state->evidence.day;
    cursor_i32(c, today);
    if (*today != EVIDENCE_NO_DAY && (*today < 0 || *today > 10000000))
        c->failed = true;
    pass_standing(c, &state->base);
    pass_days(c, format, &state->evidence);
    pass_addresses(c, &state->evidence);
    if (format == FORMAT)
        pass_wish(c, &state->wish);
}

size_t origin_pack_write(const struct origin_state *state, uint8_t out[ORIGIN_PACK_MAX]) {
    struct origin_state copy = *state;
    struct cursor c = {.out = out, .size = ORIGIN_PACK_MAX};
    pass_origin_state(&c, &copy);
    return c.at;
}

bool origin_pack_read(const uint8_t *in, size_t in_n, struct origin_state *out) {
    struct cursor c = {.in = in, .size = in_n};
    memset(out, 0, sizeof *out);
    pass_origin_state(&c, out);
    if (c.failed || c.at != in_n) {
        origin_rule_init(out);
        return false;
    }
    return true;
}
