/* The daemon's configuration: one table of keys, and what can be done with all of them. */
#include "cmd/daemon/config.h"

#include "cmd/daemon/config_rule.h"
#include "scanner/base/alloc.h"
#include "scanner/words/words.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct config, field)

static const struct config_key keys[] = {
    {.name = "database",
     .kind = CONFIG_TEXT,
     .offset = AT(database),
     .help = "SQLite file with origins, scans and settings (required)"},
    {.name = "blocklist",
     .kind = CONFIG_TEXT,
     .offset = AT(blocklist),
     .reloadable = true,
     .help = "file of blocks that are never dialled, in ZMap's format"},
    {.name = "allow",
     .kind = CONFIG_LIST,
     .offset = AT(allow),
     .reloadable = true,
     .help = "blocks that may be dialled although they are not globally reachable"},
    {.name = "dns_servers",
     .kind = CONFIG_TEXT,
     .offset = AT(dns_servers),
     .help = "DNS servers, comma-separated; none: those of /etc/resolv.conf"},
    {.name = "hybrid",
     .kind = CONFIG_TEXT,
     .offset = AT(hybrid),
     .text = "X25519MLKEM768",
     .choices = "X25519MLKEM768|MLKEM1024",
     .help = "the post-quantum group to ask for"},
    {.name = "plan",
     .kind = CONFIG_TEXT,
     .offset = AT(plan),
     .text = "daily",
     .choices = "daily|quick|full",
     .help = "which probes a scan makes"},
    {.name = "addresses",
     .kind = CONFIG_TEXT,
     .offset = AT(addresses),
     .text = "one",
     .choices = "one|all",
     .help = "of a name with several addresses: one a visit, in rotation, or all"},
    {.name = "timeout_ms",
     .kind = CONFIG_COUNT,
     .offset = AT(timeout_ms),
     .number = 10000,
     .min = 10,
     .max = 300000,
     .help = "deadline of each probe, and of a name's resolution"},
    {.name = "mss",
     .kind = CONFIG_COUNT,
     .offset = AT(mss),
     .number = 1360,
     .min = 0,
     .max = 32767,
     .help = "TCP segment size, so that large hellos split; 0: the system's"},
    {.name = "period_s",
     .kind = CONFIG_COUNT,
     .offset = AT(period_s),
     .number = 86400,
     .min = 1,
     .max = 31536000,
     .help = "every origin is scanned once in this time"},
    {.name = "max_in_flight",
     .kind = CONFIG_COUNT,
     .offset = AT(max_in_flight),
     .reloadable = true,
     .number = 2000,
     .min = 1,
     .max = 100000,
     .help = "scans under way at the same time"},
    {.name = "rate",
     .kind = CONFIG_REAL,
     .offset = AT(rate),
     .reloadable = true,
     .number = 200,
     .min = 0,
     .max = 1000000,
     .help = "connections a second, all in all; 0: no limit"},
    {.name = "per_address_in_flight",
     .kind = CONFIG_COUNT,
     .offset = AT(per_address_in_flight),
     .reloadable = true,
     .number = 1,
     .min = 0,
     .max = 100000,
     .help = "scans under way on one address; 0: no limit"},
    {.name = "per_address_rate",
     .kind = CONFIG_REAL,
     .offset = AT(per_address_rate),
     .reloadable = true,
     .number = 1,
     .min = 0,
     .max = 1000000,
     .help = "connections a second to one address; 0: no limit"},
    {.name = "per_prefix_in_flight",
     .kind = CONFIG_COUNT,
     .offset = AT(per_prefix_in_flight),
     .reloadable = true,
     .number = 20,
     .min = 0,
     .max = 100000,
     .help = "scans under way in one /24 or /48; 0: no limit"},
    {.name = "per_prefix_rate",
     .kind = CONFIG_REAL,
     .offset = AT(per_prefix_rate),
     .reloadable = true,
     .number = 10,
     .min = 0,
     .max = 1000000,
     .help = "connections a second to one /24 or /48; 0: no limit"},
    {.name = "dns_in_flight",
     .kind = CONFIG_COUNT,
     .offset = AT(dns_in_flight),
     .number = 200,
     .min = 1,
     .max = 100000,
     .help = "names being resolved at the same time"},
    {.name = "dns_cache",
     .kind = CONFIG_COUNT,
     .offset = AT(dns_cache),
     .number = 10000,
     .min = 0,
     .max = 10000000,
     .help = "names whose addresses are remembered while their TTL lasts"},
    {.name = "keep_scans",
     .kind = CONFIG_COUNT,
     .offset = AT(keep_scans),
     .number = 60,
     .min = 0,
     .max = 1000000,
     .help = "scans kept of each origin; 0: no limit"},
    {.name = "keep_days",
     .kind = CONFIG_COUNT,
     .offset = AT(keep_days),
     .reloadable = true,
     .number = 0,
     .min = 0,
     .max = 36500,
     .help = "scans and changes older than this are deleted; 0: no limit"},
    {.name = "commit_scans",
     .kind = CONFIG_COUNT,
     .offset = AT(commit_scans),
     .reloadable = true,
     .number = 500,
     .min = 1,
     .max = 10000,
     .help = "finished scans are written at the latest when this many wait"},
    {.name = "commit_ms",
     .kind = CONFIG_COUNT,
     .offset = AT(commit_ms),
     .reloadable = true,
     .number = 250,
     .min = 1,
     .max = 60000,
     .help = "and at the latest when one has waited this long"},
    {.name = "profile",
     .kind = CONFIG_TEXT,
     .offset = AT(profile),
     .reloadable = true,
     .text = "careful",
     .choices = "careful|fast",
     .help = "careful asks for days of repetition; fast lets one complete scan decide, for tests "
             "and small private fleets"},
    {.name = "compliance",
     .kind = CONFIG_TEXT,
     .offset = AT(compliance),
     .reloadable = true,
     .text = "none",
     .choices = "none|pqh|fips|pqh+fips",
     .help = "which groups may be advised to zones without a filter of their own"},
    {.name = "shadow",
     .kind = CONFIG_TEXT,
     .offset = AT(shadow),
     .reloadable = true,
     .text = "no",
     .choices = "no|yes",
     .help = "settings are computed but not exported"},
    {.name = "blind_ramp",
     .kind = CONFIG_TEXT,
     .offset = AT(blind_ramp),
     .reloadable = true,
     .text = "no",
     .choices = "no|yes",
     .help = "ramp up to 100 % without canary feedback"},
    {.name = "log_format",
     .kind = CONFIG_TEXT,
     .offset = AT(log_format),
     .reloadable = true,
     .text = "text",
     .choices = "text|logfmt|json",
     .help = "how a log line looks"},
    {.name = "log_level",
     .kind = CONFIG_TEXT,
     .offset = AT(log_level),
     .reloadable = true,
     .text = "info",
     .choices = "error|warning|info|debug",
     .help = "the least important level that is logged"},
};
#define KEYS_N (sizeof keys / sizeof *keys)
static_assert(KEYS_N <= CONFIG_KEYS_MAX, "CONFIG_KEYS_MAX is too small");

const struct config_key *config_keys(size_t *count) {
    *count = KEYS_N;
    return keys;
}

static void *field(const struct config *config, const struct config_key *key) {
    return (char *)config + key->offset;
}

static double number_of(const struct config *config, const struct config_key *key) {
    if (key->kind == CONFIG_COUNT)
        return *(uint32_t *)field(config, key);
    return *(double *)field(config, key);
}

void config_clear(struct config *config) {
    for (size_t i = 0; i < KEYS_N; i++) {
        if (keys[i].kind == CONFIG_TEXT)
            free(*(char **)field(config, &keys[i]));
        if (keys[i].kind != CONFIG_LIST)
            continue;
        char **list = *(char ***)field(config, &keys[i]);
        for (size_t k = 0; list && list[k]; k++)
            free(list[k]);
        free(list);
    }
    memset(config, 0, sizeof *config);
}

void config_write_text(FILE *to, const char *text, size_t n) {
    fputc('"', to);
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"' || text[i] == '\\')
            fputc('\\', to);
        fputc(text[i], to);
    }
    fputc('"', to);
}

static void dump_value(FILE *to, const struct config *config, const struct config_key *key) {
    const char *text = key->kind == CONFIG_TEXT ? *(char **)field(config, key) : NULL;
    char **list = key->kind == CONFIG_LIST ? *(char ***)field(config, key) : NULL;
    switch (key->kind) {
    case CONFIG_COUNT:
    case CONFIG_REAL:
        fprintf(to, "%.15g", number_of(config, key));
        break;
    case CONFIG_TEXT:
        config_write_text(to, text ? text : "", text ? strlen(text) : 0);
        break;
    case CONFIG_LIST:
        fputc('{', to);
        for (size_t i = 0; list && list[i]; i++) {
            fputs(i ? ", " : "", to);
            config_write_text(to, list[i], strlen(list[i]));
        }
        fputc('}', to);
        break;
    }
}

void config_dump(const struct config *config, FILE *to) {
    for (size_t i = 0; i < KEYS_N; i++) {
        const struct config_key *key = &keys[i];
        fprintf(to, "# %s", key->help);
        if (key->choices)
            fprintf(to, "; %s", key->choices);
        if (key->kind == CONFIG_COUNT || key->kind == CONFIG_REAL)
            fprintf(to, "; %.15g to %.15g, default %.15g", key->min, key->max, key->number);
        else if (key->text)
            fprintf(to, "; default %s", key->text);
        fprintf(to, "%s\n%s = ", key->reloadable ? "; reloadable" : "", key->name);
        dump_value(to, config, key);
        fputs("\n\n", to);
    }
    config_rule_dump(config, to);
}

static bool same_texts(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_lists(char **a, char **b) {
    for (; *a && *b; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return *a == *b;
}

static bool same(const struct config *a, const struct config *b, const struct config_key *key) {
    switch (key->kind) {
    case CONFIG_COUNT:
        return *(uint32_t *)field(a, key) == *(uint32_t *)field(b, key);
    case CONFIG_REAL:
        return !(number_of(a, key) < number_of(b, key)) && !(number_of(a, key) > number_of(b, key));
    case CONFIG_TEXT:
        return same_texts(*(char **)field(a, key), *(char **)field(b, key));
    case CONFIG_LIST:
        return same_lists(*(char ***)field(a, key), *(char ***)field(b, key));
    }
    return true;
}

const char *config_needs_restart(const struct config *now, const struct config *then) {
    for (size_t i = 0; i < KEYS_N; i++)
        if (!keys[i].reloadable && !same(now, then, &keys[i]))
            return keys[i].name;
    return NULL;
}
