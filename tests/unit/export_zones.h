/* Zones for the tests of exports: every kind of setting, then names and hosts that try to break out
 * of each format. */
#pragma once

#include "report/export/export.h"
#include "scanner/base/duration.h"
#include "tests/unit/advised.h"

#include <string.h>

#define EXPORT_NOW_MS INT64_C(1795424400123) /* 2026-11-23T09:00:00.123Z */

enum { HYBRID = GROUP_X25519MLKEM768, X = GROUP_X25519, P2 = GROUP_P256, P3 = GROUP_P384 };

#define OFF_X                                                                                      \
    {                                                                                              \
        .level = LEVEL_OFF, .first_share = X, .groups_n = 3, .groups = { X, P2, P3 }               \
    }
#define OFF_P256                                                                                   \
    {                                                                                              \
        .level = LEVEL_OFF, .first_share = P2, .groups_n = 3, .groups = { P2, X, P3 }              \
    }
#define SUPPORTED_X                                                                                \
    {                                                                                              \
        .level = LEVEL_SUPPORTED, .first_share = X, .groups_n = 4, .groups = { HYBRID, X, P2, P3 } \
    }
#define SUPPORTED_P256                                                                             \
    {                                                                                              \
        .level = LEVEL_SUPPORTED, .first_share = P2, .groups_n = 4, .groups = {                    \
            HYBRID,                                                                                \
            P2,                                                                                    \
            X,                                                                                     \
            P3                                                                                     \
        }                                                                                          \
    }
#define PREFERRED(dual)                                                                            \
    {                                                                                              \
        .level = LEVEL_PREFERRED, .dual_ok = (dual), .first_share = HYBRID, .groups_n = 4,         \
        .groups = {                                                                                \
            HYBRID,                                                                                \
            X,                                                                                     \
            P2,                                                                                    \
            P3                                                                                     \
        }                                                                                          \
    }

#define ONLY_HYBRID                                                                                \
    {                                                                                              \
        .level = LEVEL_PREFERRED, .first_share = HYBRID, .groups_n = 1, .groups = { HYBRID }       \
    }
#define SUPPORTED_FIPS                                                                             \
    {                                                                                              \
        .level = LEVEL_SUPPORTED, .first_share = P2, .groups_n = 3, .groups = { HYBRID, P2, P3 }   \
    }

#define ADVICE(what, why)                                                                          \
    {                                                                                              \
        .setting = what, .previous = what, .stage_percent = 100, .reason = (why),                  \
        .since_ms = EXPORT_NOW_MS - 9 * DAY_MS, .not_after_ms = EXPORT_NOW_MS + 29 * DAY_MS,       \
        .days = 9, .trials = 61, .upper95 = 0.0425                                                 \
    }

#define ORIGIN(name)                                                                               \
    {                                                                                              \
        .host = (name), .port = 443, .sni = (name), .address = "", .weight = 1, .groups_n = 3,     \
        .groups = {                                                                                \
            HYBRID,                                                                                \
            X,                                                                                     \
            P2                                                                                     \
        }                                                                                          \
    }
#define ORIGINS(list) .origins_n = sizeof(list) / sizeof *(list), .origins = (list)

static const struct origin_advice takes_preferred = {
    .level = LEVEL_PREFERRED,
    .standing = LEVEL_PREFERRED,
    .tolerates = {[LEVEL_OFF] = true, [LEVEL_SUPPORTED] = true, [LEVEL_PREFERRED] = true},
    .gains = {[MODE_SUPPORTED] = true, [MODE_PREFERRED] = true},
    .duals = {[CLASSICAL_X25519] = {.proven = true, .gains = true}},
    .last_ms = EXPORT_NOW_MS,
    .supported_ok = true,
    .dual_ok = true,
    .always_hybrid = true,
    .shares = {SHARE_ACCEPTED, SHARE_ACCEPTED, SHARE_ACCEPTED, SHARE_UNKNOWN}};
static const struct origin_advice takes_off = {.level = LEVEL_OFF,
                                               .standing = LEVEL_OFF,
                                               .tolerates = {[LEVEL_OFF] = true},
                                               .last_ms = EXPORT_NOW_MS,
                                               .shares = {SHARE_ACCEPTED}};
static const struct origin_advice takes_off_p256 = {.level = LEVEL_OFF,
                                                    .standing = LEVEL_OFF,
                                                    .tolerates = {[LEVEL_OFF] = true},
                                                    .last_ms = EXPORT_NOW_MS,
                                                    .shares = {SHARE_RETRIED, SHARE_ACCEPTED}};

static const struct export_origin plain_origin[] = {ORIGIN("origin.example")};
static const struct export_origin without_x25519[] = {{.host = "p256.example",
                                                       .port = 443,
                                                       .sni = "p256.example",
                                                       .address = "",
                                                       .weight = 1,
                                                       .groups_n = 2,
                                                       .groups = {P2, P3}}};
static const struct export_origin unknown_groups[] = {
    {.host = "new.example", .port = 443, .sni = "new.example", .address = "", .weight = 1}};
static const struct export_origin mixed_origins[] = {ORIGIN("a.example"),
                                                     {.host = "b.example",
                                                      .port = 8443,
                                                      .sni = "b.example",
                                                      .address = "192.0.2.7",
                                                      .weight = 2,
                                                      .groups_n = 2,
                                                      .groups = {X, P2}},
                                                     {.host = "2001:db8::1",
                                                      .port = 443,
                                                      .sni = "",
                                                      .address = "",
                                                      .weight = 1,
                                                      .groups_n = 1,
                                                      .groups = {X}},
                                                     {.host = "c.example",
                                                      .port = 443,
                                                      .sni = "c.example",
                                                      .address = "",
                                                      .weight = 0.5,
                                                      .groups_n = 2,
                                                      .groups = {HYBRID, X},
                                                      .advice = &takes_preferred},
                                                     {.host = "old.example",
                                                      .port = 443,
                                                      .sni = "old.example",
                                                      .address = "",
                                                      .weight = 0,
                                                      .groups_n = 1,
                                                      .groups = {P2},
                                                      .advice = &takes_off_p256}};
static const struct export_origin hostile_origins[] = {
    {.host = "a b;\n}\"", .port = 443, .sni = "x\");", .address = "", .weight = 1},
    {.host = "-oProxy",
     .port = 443,
     .sni = "$(id)",
     .address = "",
     .weight = 1,
     .advice = &takes_off},
    {.host = "$request_uri", .port = 443, .sni = "", .address = "", .weight = 1},
    {.host = "fixed.example",
     .port = 443,
     .sni = "fixed.example",
     .address = "192.0.2.7:1 ssl verify none #",
     .weight = 1},
    {.host = "a..example", .port = 443, .sni = "a..example", .address = "", .weight = 1},
    {.host = "256.1.1.1", .port = 443, .sni = "", .address = "", .weight = 1},
    {.host = "ok.example",
     .port = 443,
     .sni = "{}\n",
     .address = "",
     .weight = 1,
     .groups_n = 1,
     .groups = {X}}};

#define HOSTILE(text)                                                                              \
    { .name = (text), .advice = ADVICE(SUPPORTED_X, REASON_SUPPORTED_WORKS), ORIGINS(plain_origin) }

#define LONG50 "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvw"

static const struct export_zone export_zones[] = {
    {.name = "off.example",
     .data_ms = EXPORT_NOW_MS - 5 * 3600 * 1000,
     .advice = ADVICE(OFF_X, REASON_NO_HYBRID),
     ORIGINS(plain_origin)},
    {.name = "off-p256.example",
     .advice = ADVICE(OFF_P256, REASON_TLS12_ONLY),
     .classical_share = P2,
     ORIGINS(without_x25519)},
    {.name = "off-p256-new.example",
     .advice = ADVICE(OFF_P256, REASON_NO_SUCCESS),
     .classical_share = P2,
     ORIGINS(unknown_groups)},
    {.name = "supported.example",
     .advice = ADVICE(SUPPORTED_X, REASON_SUPPORTED_WORKS),
     ORIGINS(plain_origin)},
    {.name = "supported-p256.example",
     .advice = ADVICE(SUPPORTED_P256, REASON_SUPPORTED_WORKS),
     .classical_share = P2,
     ORIGINS(without_x25519)},
    {.name = "preferred.example",
     .advice = ADVICE(PREFERRED(true), REASON_HYBRID_IN_ONE_ROUND_TRIP),
     ORIGINS(plain_origin)},
    {.name = "preferred-single.example",
     .advice = ADVICE(PREFERRED(false), REASON_HYBRID_IN_ONE_ROUND_TRIP),
     ORIGINS(plain_origin)},
    {.name = "ramp.example",
     .advice = {.setting = PREFERRED(true),
                .previous = SUPPORTED_X,
                .stage_percent = 10,
                .reason = REASON_HYBRID_IN_ONE_ROUND_TRIP,
                .waits_for = REASON_NO_FEEDBACK,
                .since_ms = EXPORT_NOW_MS - DAY_MS,
                .not_after_ms = EXPORT_NOW_MS + DAY_MS,
                .days = 7,
                .trials = 56,
                .failures = 1,
                .upper95 = 0.078,
                .provisional = true},
     ORIGINS(plain_origin)},
    {.name = "lapsed.example",
     .advice = {.setting = PREFERRED(true),
                .previous = PREFERRED(true),
                .stage_percent = 100,
                .reason = REASON_STALE,
                .not_after_ms = EXPORT_NOW_MS},
     .measured = true,
     ORIGINS(plain_origin)},
    {.name = "none.example",
     .advice = {.stage_percent = 100, .reason = REASON_NO_EVIDENCE, .upper95 = 1}},
    {.name = "off-fails.example",
     .advice = {.stage_percent = 100, .reason = REASON_NEEDS_MORE_DAYS, .upper95 = 1},
     .measured = true,
     .off_fails = true,
     ORIGINS(plain_origin)},
    {.name = "pqh.example",
     .advice = ADVICE(ONLY_HYBRID, REASON_HYBRID_IN_ONE_ROUND_TRIP),
     .compliance = COMPLIANCE_PQH,
     ORIGINS(plain_origin)},
    {.name = "fips.example",
     .advice = ADVICE(SUPPORTED_FIPS, REASON_SUPPORTED_WORKS),
     .classical_share = P2,
     .compliance = COMPLIANCE_FIPS,
     ORIGINS(plain_origin)},
    {.name = "mixed.example",
     .advice = ADVICE(SUPPORTED_X, REASON_SUPPORTED_WORKS),
     ORIGINS(mixed_origins)},
    {.name = "hosts.example",
     .advice = ADVICE(SUPPORTED_X, REASON_SUPPORTED_WORKS),
     ORIGINS(hostile_origins)},
    {.name = "hidden.example",
     .advice = ADVICE(SUPPORTED_X, REASON_SUPPORTED_WORKS),
     .shadow = true,
     ORIGINS(plain_origin)},
    HOSTILE("Off.Example"),
    HOSTILE("evil\"zone\\; } # // $x `id` $(id)\r\nserver { listen 80; }\n"),
    HOSTILE("x\": preferred"),
    HOSTILE("x\",\"setting\":\"preferred\",\"y\":\""),
    HOSTILE("x\"\",,preferred,single"),
    HOSTILE("=HYPERLINK(\"http://evil.example\",A1)"),
    HOSTILE("../../etc/passwd"),
    HOSTILE("*"),
    HOSTILE("~^(?<x>.+)$"),
    HOSTILE("-rf"),
    HOSTILE(""),
    HOSTILE("b\xc3\xbc"
            "cher.example"),
    HOSTILE("\xe2\x80\xae"
            "elpmaxe.\x1b[2J\x07"),
    HOSTILE("bad utf8 \xff\xfe"),
    HOSTILE(LONG50 LONG50 LONG50 LONG50),
    HOSTILE("off.example-0123456789abcdef"),
    HOSTILE("{$X"),
    HOSTILE("a\xc2\x85"
            "b \xe2\x80\xa8 \xef\xbf\xbe"),
    HOSTILE("a;=1+1"),
    HOSTILE("\xef\xbc\x9d"
            "1+1"),
    HOSTILE("a..b"),
};
#define EXPORT_ZONES (sizeof export_zones / sizeof *export_zones)

/* A part of them, with changes, as a source. */
struct zone_list {
    const struct export_zone *zones;
    size_t n;
};

/* What origins of the zone's setting, all alike, make of each candidate. */
static inline struct zone_target export_test_target(const struct export_zone *zone,
                                                    const struct rule_params *params) {
    const struct zone_setting *setting = &zone->advice.setting;
    struct origin_advice origin = {.level = setting->level,
                                   .last_ms = EXPORT_NOW_MS,
                                   .supported_ok = zone->compliance != COMPLIANCE_PQH,
                                   .dual_ok = setting->dual_ok,
                                   .always_hybrid = zone->compliance == COMPLIANCE_PQH};
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        origin.shares[i] =
            zone->off_fails ? SHARE_FAILED
            : observation_classical_group((enum classical_group)i) == setting->first_share
                ? SHARE_ACCEPTED
                : SHARE_RETRIED;
    origin = advised(origin);
    struct zone_origin alone = {.weight = 1, .advice = &origin};
    struct zone_target target;
    zone_target_choose(params, zone->compliance, &alone, 1, &target);
    return target;
}

static inline bool zone_list_source(void *arg, export_sink *sink, void *sink_arg, struct err *err) {
    (void)err;
    const struct zone_list *list = arg;
    struct rule_params params;
    rule_params_init(&params, PROFILE_CAREFUL);
    for (size_t i = 0; i < list->n; i++) {
        struct export_zone zone = list->zones[i];
        struct zone_target target = export_test_target(&zone, &params);
        zone.params = &params;
        zone.target = &target;
        if (!sink(sink_arg, &zone))
            break;
    }
    return true;
}

/* Zones that a test may change, all of them preferred. */
#define EXPORT_MANY 40
struct export_many {
    char names[EXPORT_MANY][32];
    struct export_zone zones[EXPORT_MANY];
    struct zone_list list;
};

static inline void export_many_fill(struct export_many *many) {
    for (int i = 0; i < EXPORT_MANY; i++) {
        snprintf(many->names[i], sizeof many->names[i], "zone-%03d.example", i);
        many->zones[i] = export_zones[5];
        many->zones[i].name = many->names[i];
    }
    many->list = (struct zone_list){many->zones, EXPORT_MANY};
}

static inline struct export_options export_test_options(const char *format) {
    struct export_options options = export_defaults();
    options.format = export_find(format);
    options.generator = "originscan 0.0.0";
    options.now_ms = EXPORT_NOW_MS;
    options.generation = 7;
    return options;
}
