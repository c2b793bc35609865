/* Reading levers. */
#include "cmd/settle/lever_set.h"

#include "scanner/words/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_yes(const char *text, bool *out) {
    *out = strcmp(text, "yes") == 0;
    return *out || strcmp(text, "no") == 0;
}

/* SETTING or SETTING:GROUP. */
static bool parse_pin(const char *text, struct zone_levers *out) {
    char level[16];
    size_t n = strcspn(text, ":");
    snprintf(level, sizeof level, "%.*s", (int)(n < sizeof level ? n : sizeof level - 1), text);
    out->pin_first_share = GROUP_NONE;
    if (!rule_level_parse(level, &out->pin) || out->pin == LEVEL_NONE)
        return false;
    if (!text[n])
        return true;
    out->pin_first_share = group_parse(text + n + 1);
    return out->pin_first_share != GROUP_NONE;
}

static bool parse_deny(const char *text, bool deny[LEVEL_COUNT]) {
    while (*text) {
        char name[16];
        enum rule_level level;
        size_t n = strcspn(text, ",");
        snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), text);
        if (!rule_level_parse(name, &level) || level <= LEVEL_OFF)
            return false;
        deny[level] = true;
        text += n + (text[n] == ',');
    }
    return true;
}

static bool take_lever(void *arg, const struct store_lever *lever) {
    struct lever_set *set = arg;
    const char *name = lever->name, *value = lever->value;
    if (strcmp(name, "pin") == 0) {
        set->has_pin = parse_pin(value, &set->levers);
        if (!set->has_pin)
            set->levers.pin = LEVEL_NONE;
    } else if (strcmp(name, "deny") == 0) {
        parse_deny(value, set->levers.deny);
    } else if (strcmp(name, "freeze") == 0) {
        set->has_freeze = parse_yes(value, &set->levers.freeze);
    } else if (strcmp(name, "shadow") == 0) {
        set->has_shadow = parse_yes(value, &set->shadow);
    } else if (strcmp(name, "compliance") == 0) {
        set->has_compliance = compliance_parse(value, &set->compliance);
    } else if (strcmp(name, "expect") == 0) {
        if (!rule_level_parse(value, &set->expect))
            set->expect = LEVEL_NONE;
    } else if (strcmp(name, "brake") == 0) {
        snprintf(set->brake, sizeof set->brake, "%s", value);
        set->brake_since_ms = lever->set_ms;
    } else if (strcmp(name, "release") == 0) {
        set->release_until_ms = strtoll(value, NULL, 10);
    }
    return true;
}

enum store_result lever_set_read(struct lever_set *out, struct store *store, int64_t zone_id,
                                 struct err *err) {
    memset(out, 0, sizeof *out);
    return store->ops->levers(store, zone_id, take_lever, out, err);
}

struct lever_set lever_set_merge(const struct lever_set *all, const struct lever_set *zone,
                                 const struct settle_options *options) {
    struct lever_set out = *zone;
    if (!zone->has_pin) {
        out.levers.pin = all->levers.pin;
        out.levers.pin_first_share = all->levers.pin_first_share;
    }
    for (unsigned level = 0; level < LEVEL_COUNT; level++)
        out.levers.deny[level] = zone->levers.deny[level] || all->levers.deny[level];
    if (!zone->has_compliance)
        out.compliance = all->has_compliance ? all->compliance : options->compliance;
    if (!zone->has_shadow)
        out.shadow = all->has_shadow ? all->shadow : options->shadow;
    return out;
}

bool lever_set_check(const char *name, const char *value, enum compliance compliance,
                     uint16_t hybrid, struct err *err) {
    struct zone_levers levers = {0};
    enum compliance filter;
    enum rule_level level;
    bool deny[LEVEL_COUNT] = {false};
    if (strcmp(name, "pin") == 0)
        return parse_pin(value, &levers)
                   ? compliance_check(compliance, hybrid, levers.pin, levers.pin_first_share, err)
                   : err_set(err,
                             "\"%s\" is none of off, supported, preferred, with or without "
                             ":GROUP for the first share",
                             value);
    if (strcmp(name, "deny") == 0)
        return parse_deny(value, deny) ||
               err_set(err, "\"%s\" is none of supported, preferred", value);
    if (strcmp(name, "compliance") == 0)
        return compliance_parse(value, &filter)
                   ? compliance_check(filter, hybrid, LEVEL_NONE, GROUP_NONE, err)
                   : err_set(err, "\"%s\" is none of none, pqh, fips, pqh+fips", value);
    if (strcmp(name, "expect") == 0)
        return (rule_level_parse(value, &level) && level != LEVEL_NONE) ||
               err_set(err, "\"%s\" is none of off, supported, preferred", value);
    bool yes;
    return parse_yes(value, &yes) || err_set(err, "\"%s\" is neither yes nor no", value);
}
