/* Writing and reading a zone's state byte by byte. */
#include "report/zone/zone_pack.h"

#include "report/rule/cursor.h"

#include <assert.h>
#include <string.h>

/* 2: with the share that goes with the hybrid's. */
#define FORMAT 2
#define FORMAT_SINGLE 1

/* Levels are written as 0 to 3 in the order of their meaning, which cannot change. */
static void pass_setting(struct cursor *c, uint8_t format, struct zone_setting *s) {
    uint8_t level = (uint8_t)s->level;
    cursor_u8(c, &level);
    cursor_bool(c, &s->dual_ok);
    cursor_bool(c, &s->first_share_confirmed);
    cursor_u16(c, &s->first_share);
    if (format != FORMAT_SINGLE)
        cursor_u16(c, &s->dual_share);
    cursor_u8(c, &s->groups_n);
    if (level >= LEVEL_COUNT || s->groups_n > ZONE_GROUPS_MAX) {
        c->failed = true;
        return;
    }
    s->level = (enum rule_level)level;
    for (unsigned i = 0; i < s->groups_n; i++)
        cursor_u16(c, &s->groups[i]);
}

static void pass_rollbacks(struct cursor *c, struct zone_state *state) {
    cursor_i64(c, &state->hold_until_ms);
    cursor_u32(c, &state->hold_days);
    cursor_bool(c, &state->pinned);
    cursor_u8(c, &state->rollbacks_n);
    if (state->rollbacks_n > ZONE_ROLLBACKS_MAX) {
        c->failed = true;
        return;
    }
    for (unsigned i = 0; i < state->rollbacks_n; i++)
        cursor_i64(c, &state->rollbacks_ms[i]);
}

static void pass_sums(struct cursor *c, struct zone_state *state) {
    for (unsigned i = 0; i < ARM_COUNT; i++) {
        cursor_u64(c, &state->sums[i].handshakes);
        cursor_u64(c, &state->sums[i].failures);
        cursor_u64(c, &state->sums[i].retries);
    }
    cursor_i64(c, &state->canary_since_ms);
}

static void pass_zone_state(struct cursor *c, struct zone_state *state) {
    uint8_t format = FORMAT;
    cursor_u8(c, &format);
    if (format != FORMAT && format != FORMAT_SINGLE) {
        c->failed = true;
        return;
    }
    pass_setting(c, format, &state->setting);
    pass_setting(c, format, &state->previous);
    cursor_u8(c, &state->stage_percent);
    if (state->stage_percent < 1 || state->stage_percent > ZONE_WHOLE)
        c->failed = true;
    cursor_reason(c, &state->reason);
    cursor_reason(c, &state->waits_for);
    cursor_i64(c, &state->since_ms);
    cursor_i64(c, &state->stage_ms);
    pass_rollbacks(c, state);
    pass_sums(c, state);
}

size_t zone_pack_write(const struct zone_state *state, uint8_t out[ZONE_PACK_MAX]) {
    struct zone_state copy = *state;
    struct cursor c = {.out = out, .size = ZONE_PACK_MAX};
    pass_zone_state(&c, &copy);
    assert(!c.failed);
    return c.at;
}

bool zone_pack_read(const uint8_t *in, size_t in_n, struct zone_state *out) {
    struct cursor c = {.in = in, .size = in_n};
    memset(out, 0, sizeof *out);
    pass_zone_state(&c, out);
    if (c.failed || c.at != in_n) {
        zone_state_init(out);
        return false;
    }
    return true;
}
