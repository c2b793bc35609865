/* The table of levers: how each is read, and what holds where a zone and all zones have it. */
#include "cmd/settle/lever_set.h"

#include "scanner/base/array.h"
#include "scanner/words/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading: false if the text means nothing ---- */

static bool parse_yes(const char *text, bool *out) {
    *out = strcmp(text, "yes") == 0;
    return *out || strcmp(text, "no") == 0;
}

/* SETTING, or SETTING:GROUP. */
static bool parse_pin(const struct store_lever *lever, struct lever_set *set) {
    const char *text = lever->value;
    struct zone_levers *levers = &set->levers;
    char name[16];
    size_t n = strcspn(text, ":");
    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), text);
    enum rule_level level;
    uint16_t share = text[n] ? group_parse(text + n + 1) : GROUP_NONE;
    if (!rule_level_parse(name, &level) || level == LEVEL_NONE || (text[n] && share == GROUP_NONE))
        return false;
    levers->pin = level;
    levers->pin_first_share = share;
    set->has_pin = true;
    return true;
}

static bool parse_deny(const struct store_lever *lever, struct lever_set *set) {
    const char *text = lever->value;
    while (*text) {
        char name[16];
        enum rule_level level;
        size_t n = strcspn(text, ",");
        snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), text);
        if (!rule_level_parse(name, &level) || level <= LEVEL_OFF)
            return false;
        set->levers.deny[level] = true;
        text += n + (text[n] == ',');
    }
    return true;
}

static bool parse_freeze(const struct store_lever *lever, struct lever_set *set) {
    set->has_freeze = parse_yes(lever->value, &set->levers.freeze);
    return set->has_freeze;
}

static bool parse_shadow(const struct store_lever *lever, struct lever_set *set) {
    set->has_shadow = parse_yes(lever->value, &set->shadow);
    return set->has_shadow;
}

static bool parse_compliance(const struct store_lever *lever, struct lever_set *set) {
    set->has_compliance = compliance_parse(lever->value, &set->compliance);
    return set->has_compliance;
}

static bool parse_expect(const struct store_lever *lever, struct lever_set *set) {
    if (!rule_level_parse(lever->value, &set->expect))
        set->expect = LEVEL_NONE;
    return set->expect != LEVEL_NONE;
}

static bool parse_brake(const struct store_lever *lever, struct lever_set *set) {
    snprintf(set->brake, sizeof set->brake, "%s", lever->value);
    set->brake_since_ms = lever->set_ms;
    return true;
}

static bool parse_release(const struct store_lever *lever, struct lever_set *set) {
    set->release_until_ms = strtoll(lever->value, NULL, 10);
    return true;
}

/* ---- merging: `out` is the zone's own and takes from those for all ---- */

/* What a zone has of its own is all that there is; a freeze for all is looked at when settling. */
static void merge_nothing(struct lever_set *out, const struct lever_set *all,
                          const struct settle_options *options) {
    (void)out;
    (void)all;
    (void)options;
}

static void merge_pin(struct lever_set *out, const struct lever_set *all,
                      const struct settle_options *options) {
    (void)options;
    if (out->has_pin)
        return;
    out->levers.pin = all->levers.pin;
    out->levers.pin_first_share = all->levers.pin_first_share;
}

static void merge_deny(struct lever_set *out, const struct lever_set *all,
                       const struct settle_options *options) {
    (void)options;
    for (unsigned level = 0; level < LEVEL_COUNT; level++)
        out->levers.deny[level] = out->levers.deny[level] || all->levers.deny[level];
}

static void merge_shadow(struct lever_set *out, const struct lever_set *all,
                         const struct settle_options *options) {
    if (!out->has_shadow)
        out->shadow = all->has_shadow ? all->shadow : options->shadow;
}

static void merge_compliance(struct lever_set *out, const struct lever_set *all,
                             const struct settle_options *options) {
    if (!out->has_compliance)
        out->compliance = all->has_compliance ? all->compliance : options->compliance;
}

/* ---- the table ---- */

/* Those of operators first, as lever_set_kinds shows them. */
static const struct lever_kind kinds[] = {
    {.name = "pin",
     .parse = parse_pin,
     .merge = merge_pin,
     .argument = "SETTING[:GROUP]",
     .help = "this setting, with that first share, whatever the evidence",
     .takes = "off, supported or preferred, with or without :GROUP for the first share"},
    {.name = "deny",
     .parse = parse_deny,
     .merge = merge_deny,
     .argument = "SETTING",
     .help = "never this setting; supported or preferred, or both with a comma",
     .takes = "supported, preferred, or both with a comma"},
    {.name = "freeze",
     .parse = parse_freeze,
     .merge = merge_nothing,
     .help = "keep the setting as it is",
     .takes = "yes or no"},
    {.name = "shadow",
     .parse = parse_shadow,
     .merge = merge_shadow,
     .help = "compute, but do not export",
     .takes = "yes or no"},
    {.name = "compliance",
     .parse = parse_compliance,
     .merge = merge_compliance,
     .argument = "FILTER",
     .help = "only groups that pass none, pqh, fips or pqh+fips",
     .takes = "none, pqh, fips or pqh+fips"},
    {.name = "expect",
     .parse = parse_expect,
     .merge = merge_nothing,
     .zones_only = true,
     .argument = "SETTING",
     .help = "the setting that a reference zone should have; if it is judged otherwise, the brake "
             "comes on",
     .takes = "off, supported or preferred"},
    {.name = "brake", .parse = parse_brake, .merge = merge_nothing},
    {.name = "release", .parse = parse_release, .merge = merge_nothing},
};
enum { KINDS_N = COUNT_OF(kinds), OF_THE_PROGRAM_N = 2 };

const struct lever_kind *lever_set_kinds(size_t *n) {
    *n = KINDS_N - OF_THE_PROGRAM_N;
    return kinds;
}

bool lever_set_add(struct lever_set *set, const struct store_lever *lever) {
    for (size_t i = 0; i < KINDS_N; i++)
        if (strcmp(kinds[i].name, lever->name) == 0)
            return kinds[i].parse(lever, set);
    return false;
}

static bool add_stored_lever(void *set, const struct store_lever *lever) {
    if (!lever->ended)
        lever_set_add(set, lever);
    return true;
}

enum store_result lever_set_read(struct lever_set *out, struct store *store, int64_t zone_id,
                                 struct err *err) {
    memset(out, 0, sizeof *out);
    return store_levers(store, zone_id, add_stored_lever, out, err);
}

struct lever_set lever_set_merge(const struct lever_set *all, const struct lever_set *zone,
                                 const struct settle_options *options) {
    struct lever_set out = *zone;
    for (size_t i = 0; i < KINDS_N; i++)
        kinds[i].merge(&out, all, options);
    return out;
}

bool lever_set_check(const struct lever_kind *kind, const char *value, enum compliance compliance,
                     uint16_t hybrid, struct err *err) {
    struct lever_set set = {0};
    const struct store_lever lever = {.name = kind->name, .value = value};
    if (!kind->parse(&lever, &set))
        return err_set(err, "unknown value \"%s\"; use %s", value, kind->takes);
    if (set.has_compliance)
        compliance = set.compliance;
    return !(set.has_pin || set.has_compliance) ||
           compliance_check(compliance, hybrid, set.levers.pin, set.levers.pin_first_share, err);
}
