/* An origin's standing and visits as bytes. */
#include "report/rule/origin_history.h"

#include "scanner/base/little_endian.h"

#include <string.h>

/* ---- the state: count, state ---- */

void origin_history_init(struct origin_history *history) {
    history->visits = 0;
    origin_rule_init(&history->state);
}

size_t origin_history_write(const struct origin_history *history, uint8_t out[ORIGIN_HISTORY_MAX]) {
    little_endian_put(out, history->visits, 4);
    return 4 + origin_pack_write(&history->state, out + 4);
}

bool origin_history_read(const uint8_t *in, size_t n, struct origin_history *out) {
    if (n > 4 && origin_pack_read(in + 4, n - 4, &out->state)) {
        out->visits = (uint32_t)little_endian_get(in, 4);
        return true;
    }
    origin_history_init(out);
    return false;
}

/* ---- the visits: count, length of the base, number of scans, base, scans ---- */

enum { AT_VISITS = 0, AT_BASE_N = 4, AT_SCANS_N = 6, AT_BASE = 8 };

void origin_visits_init(struct origin_visits *visits) {
    visits->visits = visits->scans_n = 0;
    origin_rule_init(&visits->base);
}

size_t origin_visits_write(const struct origin_visits *visits, uint8_t out[ORIGIN_VISITS_SIZE]) {
    size_t base_n = origin_pack_write(&visits->base, out + AT_BASE);
    little_endian_put(out + AT_VISITS, visits->visits, 4);
    little_endian_put(out + AT_BASE_N, (uint32_t)base_n, 2);
    little_endian_put(out + AT_SCANS_N, visits->scans_n, 2);
    for (uint32_t i = 0; i < visits->scans_n; i++)
        observation_pack(&visits->scans[i], out + AT_BASE + base_n + i * OBSERVATION_PACKED);
    return AT_BASE + base_n + visits->scans_n * OBSERVATION_PACKED;
}

/* Whether the lengths fit together. */
static bool check_lengths(const uint8_t *in, size_t n, size_t *base_n, uint32_t *scans_n) {
    if (n < AT_BASE)
        return false;
    *base_n = little_endian_get(in + AT_BASE_N, 2);
    *scans_n = (uint32_t)little_endian_get(in + AT_SCANS_N, 2);
    return *scans_n <= ORIGIN_VISITS_MAX && n == AT_BASE + *base_n + *scans_n * OBSERVATION_PACKED;
}

static bool read_visits(const uint8_t *in, size_t n, struct origin_visits *out) {
    size_t base_n;
    if (!check_lengths(in, n, &base_n, &out->scans_n) ||
        !origin_pack_read(in + AT_BASE, base_n, &out->base))
        return false;
    out->visits = (uint32_t)little_endian_get(in + AT_VISITS, 4);
    for (uint32_t i = 0; i < out->scans_n; i++)
        if (!observation_unpack(in + AT_BASE + base_n + i * OBSERVATION_PACKED, &out->scans[i]))
            return false;
    return true;
}

bool origin_visits_read(const uint8_t *in, size_t n, struct origin_visits *out) {
    if (read_visits(in, n, out))
        return true;
    origin_visits_init(out);
    return false;
}

static void fold_oldest(struct origin_visits *visits, const struct rule_params *params) {
    origin_rule_replay(&visits->base, params, visits->scans, ORIGIN_VISITS_FOLD);
    visits->scans_n -= ORIGIN_VISITS_FOLD;
    memmove(visits->scans, visits->scans + ORIGIN_VISITS_FOLD,
            visits->scans_n * sizeof *visits->scans);
}

size_t origin_visits_append(uint8_t bytes[ORIGIN_VISITS_SIZE], size_t n,
                            const struct rule_params *params, const struct observation *scan) {
    size_t base_n;
    uint32_t scans_n;
    if (!check_lengths(bytes, n, &base_n, &scans_n) || scans_n == ORIGIN_VISITS_MAX) {
        struct origin_visits visits;
        if (origin_visits_read(bytes, n, &visits))
            fold_oldest(&visits, params);
        n = origin_visits_write(&visits, bytes);
        scans_n = visits.scans_n;
    }
    observation_pack(scan, bytes + n);
    little_endian_put(bytes + AT_SCANS_N, scans_n + 1, 2);
    little_endian_put(bytes + AT_VISITS,
                      little_endian_get(bytes + AT_VISITS, 4) + (scan->kind != KIND_RELEASE), 4);
    return n + OBSERVATION_PACKED;
}

void origin_visits_replay(const struct origin_visits *visits, const struct rule_params *params,
                          struct origin_history *out) {
    out->visits = visits->visits;
    out->state = visits->base;
    origin_rule_replay(&out->state, params, visits->scans, visits->scans_n);
}
