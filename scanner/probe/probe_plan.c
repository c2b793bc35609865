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
    enum probe_library library;
    enum probe_pieces pieces;
    bool longest;
    uint16_t second;
    bool resume;
    bool no_alpn;
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
/* One group with its share, finished. */
#define SHARED(text, group)                                                                        \
    {                                                                                              \
        .name = (text), .end = PROBE_END_FINISH, .groups = {group}, .shares = { group }            \
    }
/* `preferred` as a library of proxies writes it. */
#define SHAPED(text, of)                                                                           \
    {                                                                                              \
        .name = (text), .end = PROBE_END_ANSWER, .groups = {HYBRID, CLASSICAL_GROUPS},             \
        .shares = {HYBRID}, .raw = true, .library = (of)                                           \
    }

static const struct row rows[PROBE_COUNT] = {
    [PROBE_CLASSICAL] = {"classical", PROBE_END_FINISH, {CLASSICAL_GROUPS}, {GROUP_X25519}},
    [PROBE_SUPPORTED] = {"supported", PROBE_END_FINISH, {HYBRID, CLASSICAL_GROUPS}, {GROUP_X25519}},
    [PROBE_PREFERRED] = {"preferred", PROBE_END_FINISH, {HYBRID, CLASSICAL_GROUPS}, {HYBRID}},
    [PROBE_PREFERRED_DUAL] = {"preferred-dual",
                              PROBE_END_ANSWER,
                              {HYBRID, CLASSICAL_GROUPS},
                              {HYBRID, GROUP_X25519},
                              .raw = true,
                              .library = PROBE_LIBRARY_OPENSSL,
                              .pieces = PROBE_SEGMENT_FIRST,
                              .longest = true},
    [PROBE_ONLY_P256] = {"only-p256", PROBE_END_ANSWER, {GROUP_P256}, {0}},
    [PROBE_ONLY_P384] = {"only-p384", PROBE_END_ANSWER, {GROUP_P384}, {0}},
    [PROBE_ONLY_P521] = {"only-p521", PROBE_END_ANSWER, {GROUP_P521}, {0}},
    [PROBE_ONLY_HYBRID] = {"only-hybrid", PROBE_END_ANSWER, {HYBRID}, {0}},
    [PROBE_ONLY_OTHER] = {"only-other", PROBE_END_ANSWER, {0}, {0}, .raw = true},
    [PROBE_CHOOSE] = {"choose",
                      PROBE_END_ANSWER,
                      {GROUP_P521, GROUP_P384, GROUP_P256, GROUP_X25519, DRAFT, HYBRID},
                      {0},
                      .raw = true,
                      .second = HYBRID},
    [PROBE_CLOSING] = {"closing", PROBE_END_FINISH, {GROUP_X25519}, {GROUP_X25519}},
    [PROBE_CONFIRM] = {"confirm", PROBE_END_FINISH, {CLASSICAL_GROUPS}, {CONFIRMED}},
    [PROBE_CONFIRM_DUAL] = {"confirm-dual",
                            PROBE_END_ANSWER,
                            {HYBRID, CLASSICAL_GROUPS},
                            {HYBRID, CONFIRMED},
                            .raw = true,
                            .library = PROBE_LIBRARY_OPENSSL,
                            .pieces = PROBE_SEGMENT_FIRST,
                            .longest = true},
    [PROBE_WIDE_RETRY] = {"wide-retry",
                          PROBE_END_ANSWER,
                          {HYBRID, CLASSICAL_GROUPS},
                          {GROUP_X25519},
                          .raw = true,
                          .second = HYBRID},
    [PROBE_RESUMED] =
        {"resumed", PROBE_END_FINISH, {HYBRID, CLASSICAL_GROUPS}, {GROUP_X25519}, .resume = true},
    [PROBE_NO_ALPN] =
        {"no-alpn", PROBE_END_FINISH, {CLASSICAL_GROUPS}, {GROUP_X25519}, .no_alpn = true},
    [PROBE_SPLIT] = {"split",
                     PROBE_END_ANSWER,
                     {CLASSICAL_GROUPS},
                     {GROUP_X25519},
                     .raw = true,
                     .pieces = PROBE_IN_HALVES},
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
    [PROBE_DUAL_SMALL] = {"dual-small",
                          PROBE_END_ANSWER,
                          {HYBRID, CLASSICAL_GROUPS},
                          {HYBRID, GROUP_X25519},
                          .raw = true,
                          .library = PROBE_LIBRARY_OPENSSL},
    [PROBE_SHARED_P256] = SHARED("shared-p256", GROUP_P256),
    [PROBE_SHARED_P384] = SHARED("shared-p384", GROUP_P384),
    [PROBE_SHARED_P521] = SHARED("shared-p521", GROUP_P521),
    [PROBE_RESUMED_PREFERRED] = {"resumed-preferred",
                                 PROBE_END_FINISH,
                                 {HYBRID, CLASSICAL_GROUPS},
                                 {HYBRID},
                                 .resume = true},
    [PROBE_RESUMED_CLASSICAL] =
        {"resumed-classical", PROBE_END_FINISH, {CLASSICAL_GROUPS}, {GROUP_X25519}, .resume = true},
    [PROBE_SHAPE_OPENSSL] = SHAPED("shape-openssl", PROBE_LIBRARY_OPENSSL),
    [PROBE_SHAPE_GO] = SHAPED("shape-go", PROBE_LIBRARY_GO),
    [PROBE_SHAPE_BORINGSSL] = SHAPED("shape-boringssl", PROBE_LIBRARY_BORINGSSL),
    [PROBE_MLDSA] = DRILL("mldsa", CLASSICAL_GROUPS),
    [PROBE_SIZE] = DRILL("size", CLASSICAL_GROUPS),
    [PROBE_GROUP] = {"group", PROBE_END_ANSWER, {0}, {0}, .raw = true},
    [PROBE_ONLY_DRAFT] = {"only-draft", PROBE_END_ANSWER, {DRAFT}, {0}},
};

static const enum probe_id daily[] = {
    PROBE_CLASSICAL,  PROBE_SUPPORTED, PROBE_PREFERRED, PROBE_PREFERRED_DUAL,
    PROBE_ONLY_P256,  PROBE_ONLY_P384, PROBE_ONLY_P521, PROBE_ONLY_HYBRID,
    PROBE_ONLY_OTHER, PROBE_CHOOSE,    PROBE_CLOSING,
};
static const enum probe_id quick[] = {PROBE_CLASSICAL, PROBE_SUPPORTED, PROBE_PREFERRED,
                                      PROBE_PREFERRED_DUAL, PROBE_CLOSING};

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
    else if (id == PROBE_ONLY_OTHER && parameter > 0)
        snprintf(out, PROBE_NAME_SIZE, "only-other-%u", parameter);
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

static uint16_t place_group(uint16_t group, uint16_t hybrid, uint16_t confirm) {
    return group == HYBRID ? hybrid : group == CONFIRMED ? confirm : group;
}

size_t probe_plan_other_groups(uint16_t hybrid, uint16_t out[PROBE_GROUPS_MAX]) {
    static const uint16_t others[] = {
        GROUP_X25519MLKEM768, DRAFT,          GROUP_SECP256R1MLKEM768, GROUP_SECP384R1MLKEM1024,
        GROUP_MLKEM1024,      GROUP_MLKEM768, GROUP_MLKEM512,
    };
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (others[i] != hybrid)
            out[n++] = others[i];
    return n;
}

static void list_groups(struct probe_shape *shape, const struct row *row, uint16_t hybrid,
                        uint16_t confirm) {
    for (size_t i = 0; i < PROBE_GROUPS_MAX && row->groups[i]; i++) {
        uint16_t group = place_group(row->groups[i], hybrid, confirm);
        if (group == DRAFT && hybrid == DRAFT && shape->id == PROBE_CHOOSE &&
            row->groups[i] == DRAFT)
            continue; /* it stands at the hybrid's place already */
        shape->groups[shape->groups_n++] = group;
    }
    for (size_t i = 0; i < PROBE_SHARES_MAX && row->shares[i]; i++)
        shape->shares[shape->shares_n++] = place_group(row->shares[i], hybrid, confirm);
}

static bool asks_for_one_group(enum probe_id id) {
    return (id >= PROBE_ONLY_P256 && id <= PROBE_ONLY_P521) || id == PROBE_CLOSING;
}

struct probe_shape probe_plan_shape(enum probe_id id, uint16_t hybrid, uint16_t curve,
                                    uint16_t confirm) {
    const struct row *row = &rows[id];
    struct probe_shape shape = {
        .id = id,
        .end = row->end,
        .raw = row->raw,
        .library = row->library,
        .pieces = row->pieces,
        .longest = row->longest,
        .second = place_group(row->second, hybrid, confirm),
        .resume = row->resume,
        .no_alpn = row->no_alpn,
        .mss = row->mss,
    };
    if (id == PROBE_ONLY_OTHER)
        shape.groups_n = (uint8_t)probe_plan_other_groups(hybrid, shape.groups);
    list_groups(&shape, row, hybrid, confirm);
    if (curve != GROUP_NONE && asks_for_one_group(id) && shape.groups[0] != curve)
        shape.groups[shape.groups_n++] = curve;
    return shape;
}

struct probe_shape probe_plan_drill(enum probe_id id, uint16_t hybrid, uint16_t parameter) {
    struct probe_shape shape = probe_plan_shape(id, hybrid, GROUP_NONE, GROUP_NONE);
    shape.parameter = parameter;
    if (id == PROBE_GROUP)
        shape.groups[shape.groups_n++] = parameter;
    return shape;
}

void probe_plan_drop_group(struct probe_shape *shape, uint16_t group) {
    uint8_t kept = 0;
    for (uint8_t i = 0; i < shape->groups_n; i++)
        if (shape->groups[i] != group)
            shape->groups[kept++] = shape->groups[i];
    shape->groups_n = kept;
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
