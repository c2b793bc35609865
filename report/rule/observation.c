/* Facts of a visit as 28 bytes and back. */
#include "report/rule/observation.h"

#include "scanner/base/little_endian.h"

#include <assert.h>
#include <string.h>

#define FORMAT 1
#define TRIES_MAX 7
#define CONTROLS_MAX 15

enum { BIT_CONCLUSIVE = 1, BIT_TLS13 = 2, BIT_HYBRID = 4, SHIFT_KIND = 4, SHIFT_CEILING = 6 };
enum { BIT_WORKS = 0x40, BIT_RETRY = 0x80, SHIFT_FAILED = 3 };

uint16_t observation_classical_group(enum classical_group which) {
    static const uint16_t groups[CLASSICAL_COUNT] = {
        [CLASSICAL_X25519] = GROUP_X25519,
        [CLASSICAL_P256] = GROUP_P256,
        [CLASSICAL_P384] = GROUP_P384,
        [CLASSICAL_P521] = GROUP_P521,
    };
    assert(which < CLASSICAL_COUNT);
    return groups[which];
}

static uint8_t at_most(uint8_t value, uint8_t limit) {
    return value < limit ? value : limit;
}

static uint32_t to_seconds(int64_t time_ms) {
    if (time_ms < 0)
        return 0;
    int64_t value = time_ms / 1000;
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void pack_trial(const struct rule_trial *trial, uint8_t out[3]) {
    uint8_t tries = at_most(trial->tries, TRIES_MAX);
    uint8_t failed = at_most(trial->failed, tries);
    out[0] = (uint8_t)(tries | failed << SHIFT_FAILED | (trial->works ? BIT_WORKS : 0) |
                       (trial->retry ? BIT_RETRY : 0));
    little_endian_put(out + 1, trial->group, 2);
}

static bool unpack_trial(const uint8_t in[3], struct rule_trial *out) {
    out->tries = in[0] & TRIES_MAX;
    out->failed = in[0] >> SHIFT_FAILED & TRIES_MAX;
    out->works = in[0] & BIT_WORKS;
    out->retry = in[0] & BIT_RETRY;
    out->group = (uint16_t)little_endian_get(in + 1, 2);
    return out->failed <= out->tries;
}

/* Layout: 0 format, 1 flags, 2 controls, 3 shares, 4 confirmed (low) and needed (high half), 5 time,
 * 9 address, 13 trials, 25 silence, 26 dual answers, 27 unused. */
enum {
    AT_FLAGS = 1,
    AT_CONTROLS,
    AT_SHARES,
    AT_CONFIRMED,
    AT_TIME,
    AT_ADDRESS = 9,
    AT_TRIALS = 13,
    AT_SILENCE = 25,
    AT_DUALS
};

void observation_pack(const struct observation *scan, uint8_t out[OBSERVATION_PACKED]) {
    memset(out, 0, OBSERVATION_PACKED);
    out[0] = FORMAT;
    out[AT_FLAGS] =
        (uint8_t)((scan->conclusive ? BIT_CONCLUSIVE : 0) | (scan->tls13 ? BIT_TLS13 : 0) |
                  (scan->hybrid_known ? BIT_HYBRID : 0) | (unsigned)scan->kind << SHIFT_KIND |
                  (unsigned)scan->ceiling << SHIFT_CEILING);
    uint8_t controls = at_most(scan->controls, CONTROLS_MAX);
    out[AT_CONTROLS] = (uint8_t)(controls | at_most(scan->controls_failed, controls) << 4);
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        out[AT_SHARES] |= (uint8_t)((unsigned)scan->shares[i] << 2 * i);
        out[AT_DUALS] |= (uint8_t)((unsigned)scan->duals[i] << 2 * i);
        out[AT_CONFIRMED] |= (uint8_t)((scan->confirmed[i] ? 1U : 0U) << i);
        out[AT_CONFIRMED] |= (uint8_t)((scan->needed[i] ? 1U : 0U) << (CLASSICAL_COUNT + i));
    }
    little_endian_put(out + AT_TIME, to_seconds(scan->time_ms), 4);
    little_endian_put(out + AT_ADDRESS, scan->address, 4);
    out[AT_SILENCE] = (uint8_t)scan->silence;
    for (unsigned i = 0; i < MODE_COUNT; i++)
        pack_trial(&scan->trials[i], out + AT_TRIALS + 3 * i);
}

bool observation_unpack(const uint8_t in[OBSERVATION_PACKED], struct observation *out) {
    memset(out, 0, sizeof *out);
    if (in[0] != FORMAT)
        return false;
    out->conclusive = in[AT_FLAGS] & BIT_CONCLUSIVE;
    out->tls13 = in[AT_FLAGS] & BIT_TLS13;
    out->hybrid_known = in[AT_FLAGS] & BIT_HYBRID;
    out->kind = (enum observation_kind)(in[AT_FLAGS] >> SHIFT_KIND & 3);
    out->ceiling = (enum rule_level)(in[AT_FLAGS] >> SHIFT_CEILING & 3);
    out->controls = in[AT_CONTROLS] & CONTROLS_MAX;
    out->controls_failed = in[AT_CONTROLS] >> 4;
    if (out->controls_failed > out->controls)
        return false;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        out->shares[i] = (enum share_answer)(in[AT_SHARES] >> 2 * i & 3);
        out->duals[i] = (enum dual_answer)(in[AT_DUALS] >> 2 * i & 3);
        out->confirmed[i] = in[AT_CONFIRMED] >> i & 1;
        out->needed[i] = in[AT_CONFIRMED] >> (CLASSICAL_COUNT + i) & 1;
    }
    out->time_ms = (int64_t)little_endian_get(in + AT_TIME, 4) * 1000;
    out->address = (uint32_t)little_endian_get(in + AT_ADDRESS, 4);
    if (in[AT_SILENCE] > SILENCE_ELSEWHERE)
        return false;
    out->silence = (enum silence)in[AT_SILENCE];
    for (unsigned i = 0; i < MODE_COUNT; i++) {
        if (!unpack_trial(in + AT_TRIALS + 3 * i, &out->trials[i]))
            return false;
    }
    return true;
}
