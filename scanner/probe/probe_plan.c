/* The table of probes: for each one what its ClientHello offers and where it ends. */
#include "scanner/probe/probe_plan.h"

#include "scanner/base/array.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Stands in the table for the configured hybrid and for the group of `confirm`. Neither number is
 * assigned to a group that could be asked for (RFC 8446 4.2.7 keeps 0xfe00-0xfeff private). */
enum { HYBRID = 0xfe01, CONFIRMED = 0xfe02 };

#define DRAFT GROUP_X25519KYBER768DRAFT00
#define CLASSICAL_GROUPS GROUP_X25519, GROUP_P256, GROUP_P384, GROUP_P521

struct row {
    const char *name;
    enum probe_end end;
    uint16_t groups[PROBE_GROUPS_MAX]; /* up to the first 0 */
    uint16_t shares[PROBE_SHARES_MAX];
    bool raw;
    uint16_t mss;
};

/* Below any path's MTU that IPv6 allows (1,280) less headers. */
enum { SMALL_MSS = 1200 };

/* A drill-down hello in the manner of `classical`, written byte by byte. */
#define DRILL(text, ...)                                                                           \
    {                                                                                              \
        .name = (text), .end = PROBE_END_ANSWER, .groups = {__VA_ARGS__},                          \
        .shares = {GROUP_X25519}, .raw = true                                                      \
    }

static const struct row rows[PROBE_COUNT] = {
    [PROBE_CLASSICAL] = {"classical", PROBE_END_FINISH, {CLASSICAL_GROUPS}, {GROUP_X25519}},
    [PROBE_SUPPORTED] = {"supported", PROBE_END_FINISH, {HYBRID, CLASSICAL_GROUPS}, {GROUP_X25519}},
    [PROBE_PREFERRED] = {"preferred", PROBE_END_FINISH, {HYBRID, CLASSICAL_GROUPS}, {HYBRID}},
    [PROBE_PREFERRED_DUAL] = {"preferred-dual",
                              PROBE_END_FINISH,
                              {HYBRID, CLASSICAL_GROUPS},
                              {HYBRID, GROUP_X25519}},
    [PROBE_ONLY_P256] = {"only-p256", PROBE_END_ANSWER, {GROUP_P256}, {0}},
    [PROBE_ONLY_P384] = {"only-p384", PROBE_END_ANSWER, {GROUP_P384}, {0}},
    [PROBE_ONLY_P521] = {"only-p521", PROBE_END_ANSWER, {GROUP_P521}, {0}},
    [PROBE_ONLY_HYBRID] = {"only-hybrid", PROBE_END_ANSWER, {HYBRID}, {0}},
    [PROBE_ONLY_DRAFT] = {"only-draft", PROBE_END_ANSWER, {DRAFT}, {0}},
    [PROBE_CHOOSE] = {"choose",
                      PROBE_END_ANSWER,
                      {GROUP_P521, GROUP_P384, GROUP_P256, GROUP_X25519, DRAFT, HYBRID},
                      {0}},
    [PROBE_CLOSING] = {"closing", PROBE_END_FINISH, {GROUP_X25519}, {GROUP_X25519}},
    [PROBE_CONFIRM] = {"confirm", PROBE_END_FINISH, {CLASSICAL_GROUPS}, {CONFIRMED}},
    [PROBE_SPLIT] = DRILL("split", CLASSICAL_GROUPS),
    [PROBE_LARGE_CLASSICAL] = DRILL("large-classical", CLASSICAL_GROUPS),
    [PROBE_UNKNOWN_SHARE] = {"unknown-share",
                             PROBE_END_ANSWER,
                             {PROBE_UNASSIGNED_GROUP, CLASSICAL_GROUPS},
                             {PROBE_UNASSIGNED_GROUP, GROUP_X25519},
                             .raw = true},
    [PROBE_UNKNOWN_GROUP] = DRILL("unknown-group", PROBE_UNASSIGNED_GROUP, CLASSICAL_GROUPS),
    [PROBE_FORCED_RETRY] = {"forced-retry", PROBE_END_FINISH, {CLASSICAL_GROUPS}, {0}},
    [PROBE_RECORD_SPLIT] = DRILL("record-split", CLASSICAL_GROUPS),
    [PROBE_SMALL_MSS] =
        {"small-mss", PROBE_END_FINISH, {HYBRID, CLASSICAL_GROUPS}, {HYBRID}, .mss = SMALL_MSS},
    [PROBE_MLDSA] = DRILL("mldsa", CLASSICAL_GROUPS),
    [PROBE_SIZE] = DRILL("size", CLASSICAL_GROUPS),
    [PROBE_GROUP] = {"group", PROBE_END_ANSWER, {0}, {0}, .raw = true},
};

static const enum probe_id daily[] = {
    PROBE_CLASSICAL,  PROBE_SUPPORTED, PROBE_PREFERRED, PROBE_PREFERRED_DUAL,
    PROBE_ONLY_P256,  PROBE_ONLY_P384, PROBE_ONLY_P521, PROBE_ONLY_HYBRID,
    PROBE_ONLY_DRAFT, PROBE_CHOOSE,    PROBE_CLOSING,
};
static const enum probe_id quick[] = {PROBE_CLASSICAL, PROBE_SUPPORTED, PROBE_PREFERRED,
                                      PROBE_CLOSING};

static const struct {
    const char *name;
    const enum probe_id *probes;
    size_t count;
} plans[] = {
    [PLAN_DAILY] = {"daily", daily, COUNT_OF(daily)},
    [PLAN_QUICK] = {"quick", quick, COUNT_OF(quick)},
    [PLAN_FULL] = {"full", daily, COUNT_OF(daily)},
};

const char *probe_name(enum probe_id id) {
    assert(id < PROBE_COUNT);
    return rows[id].name;
}

const char *probe_full_name(enum probe_id id, uint16_t parameter, char out[PROBE_NAME_SIZE]) {
    char name[GROUP_NAME_SIZE];
    if (id == PROBE_SIZE)
        snprintf(out, PROBE_NAME_SIZE, "size-%u", parameter);
    else if (id == PROBE_GROUP)
        snprintf(out, PROBE_NAME_SIZE, "group-%s", group_name(parameter, name));
    else
        return probe_name(id);
    return out;
}

bool probe_parse(const char *name, enum probe_id *out) {
    for (int id = 0; id < PROBE_COUNT; id++)
        if (strcmp(rows[id].name, name) == 0) {
            *out = (enum probe_id)id;
            return true;
        }
    return false;
}

static uint16_t fill_placeholder(uint16_t group, uint16_t hybrid, uint16_t confirm) {
    return group == HYBRID ? hybrid : group == CONFIRMED ? confirm : group;
}

struct probe_shape probe_plan_shape(enum probe_id id, uint16_t hybrid, bool tls12,
                                    uint16_t confirm) {
    const struct row *row = &rows[id];
    struct probe_shape shape = {.id = id, .end = row->end, .raw = row->raw, .mss = row->mss};
    for (size_t i = 0; i < PROBE_GROUPS_MAX && row->groups[i]; i++)
        shape.groups[shape.groups_n++] = fill_placeholder(row->groups[i], hybrid, confirm);
    for (size_t i = 0; i < PROBE_SHARES_MAX && row->shares[i]; i++)
        shape.shares[shape.shares_n++] = fill_placeholder(row->shares[i], hybrid, confirm);
    /* RFC 8422 5.1: in TLS 1.2 the list also limits the certificate's curve. */
    if (tls12 && id >= PROBE_ONLY_P256 && id <= PROBE_ONLY_P521 && shape.groups[0] != GROUP_P256)
        shape.groups[shape.groups_n++] = GROUP_P256;
    return shape;
}

struct probe_shape probe_plan_drill(enum probe_id id, uint16_t hybrid, uint16_t parameter) {
    struct probe_shape shape = probe_plan_shape(id, hybrid, false, GROUP_NONE);
    shape.parameter = parameter;
    if (id == PROBE_GROUP)
        shape.groups[shape.groups_n++] = parameter;
    return shape;
}

const char *plan_name(enum plan plan) {
    return plans[plan].name;
}

bool plan_parse(const char *name, enum plan *out) {
    for (size_t i = 0; i < COUNT_OF(plans); i++)
        if (strcmp(plans[i].name, name) == 0) {
            *out = (enum plan)i;
            return true;
        }
    return false;
}

const enum probe_id *plan_probes(enum plan plan, size_t *count) {
    *count = plans[plan].count;
    return plans[plan].probes;
}
