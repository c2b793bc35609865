/* The daemon's configuration: one table of keys, and what can be done with all of them. */
#include "cmd/daemon/config.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/words/words.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name)                                                                                \
    .offset = offsetof(struct config, name), .size = sizeof((struct config *)0)->name

static const struct config_choice hybrids[] = {
    {"X25519MLKEM768", GROUP_X25519MLKEM768},
    {"MLKEM1024", GROUP_MLKEM1024},
    {0},
};
static const struct config_choice plans[] = {
    {"daily", PLAN_DAILY},
    {"quick", PLAN_QUICK},
    {"full", PLAN_FULL},
    {0},
};
static const struct config_choice one_or_all[] = {
    {"one", false},
    {"all", true},
    {0},
};
static const struct config_choice profiles[] = {
    {"careful", PROFILE_CAREFUL},
    {"fast", PROFILE_FAST},
    {0},
};
static const struct config_choice filters[] = {
    {"none", COMPLIANCE_NONE},
    {"pqh", COMPLIANCE_PQH},
    {"fips", COMPLIANCE_FIPS},
    {"pqh+fips", COMPLIANCE_PQH_FIPS},
    {0},
};
static const struct config_choice no_or_yes[] = {
    {"no", false},
    {"yes", true},
    {0},
};
static const struct config_choice log_formats[] = {
    {"text", LOG_FORMAT_TEXT},
    {"logfmt", LOG_FORMAT_LOGFMT},
    {"json", LOG_FORMAT_JSON},
    {0},
};
static const struct config_choice log_levels[] = {
    {"error", LOG_LEVEL_ERROR},
    {"warning", LOG_LEVEL_WARNING},
    {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},
    {0},
};

static const struct config_key keys[] = {
    {.name = "database",
     .kind = CONFIG_TEXT,
     FIELD(database),
     .help = "SQLite file with origins, scans and settings (required)"},
    {.name = "blocklist",
     .kind = CONFIG_TEXT,
     FIELD(blocklist),
     .reloadable = true,
     .help = "file of blocks that are never connected to, in ZMap's format"},
    {.name = "allow",
     .kind = CONFIG_LIST,
     FIELD(allow),
     .reloadable = true,
     .help = "blocks that may be connected to although they are not globally reachable"},
    {.name = "dns_servers",
     .kind = CONFIG_TEXT,
     FIELD(dns_servers),
     .help = "DNS servers, comma-separated; empty: those of /etc/resolv.conf"},
    {.name = "hybrid",
     .kind = CONFIG_CHOICE,
     FIELD(hybrid),
     .choices = hybrids,
     .choice = GROUP_X25519MLKEM768,
     .help = "the post-quantum group to ask for"},
    {.name = "plan",
     .kind = CONFIG_CHOICE,
     FIELD(plan),
     .choices = plans,
     .help = "which probes a scan consists of"},
    {.name = "addresses",
     .kind = CONFIG_CHOICE,
     FIELD(all_addresses),
     .choices = one_or_all,
     .help = "addresses of a name to scan in one visit: one of them, in rotation, or all"},
    {.name = "timeout_ms",
     .kind = CONFIG_COUNT,
     FIELD(timeout_ms),
     .number = 10000,
     .min = 10,
     .max = 300000,
     .help = "deadline of each probe and of each name resolution"},
    {.name = "mss",
     .kind = CONFIG_COUNT,
     FIELD(mss),
     .number = 1360,
     .min = 0,
     .max = 32767,
     .help = "TCP segment size towards loopback, so that large hellos are split there; 0: the "
             "system's"},
    {.name = "hello_max",
     .kind = CONFIG_COUNT,
     FIELD(hello_max),
     .number = 2048,
     .min = 1600,
     .max = 16384,
     .help = "bytes of the longest ClientHello that a proxy may send"},
    {.name = "alpn",
     .kind = CONFIG_TEXT,
     FIELD(alpn),
     .help = "application protocols to offer, comma-separated; empty: h2,http/1.1; none: no ALPN"},
    {.name = "period_s",
     .kind = CONFIG_COUNT,
     FIELD(period_s),
     .number = 86400,
     .min = 1,
     .max = 31536000,
     .help = "every origin is scanned once per period of this length"},
    {.name = "max_in_flight",
     .kind = CONFIG_COUNT,
     FIELD(max_in_flight),
     .reloadable = true,
     .number = 2000,
     .min = 1,
     .max = 100000,
     .help = "scans in flight at the same time"},
    {.name = "rate",
     .kind = CONFIG_REAL,
     FIELD(rate),
     .reloadable = true,
     .number = 200,
     .min = 0,
     .max = 1000000,
     .help = "connections per second in total; 0: no limit"},
    {.name = "per_address_in_flight",
     .kind = CONFIG_COUNT,
     FIELD(per_address_in_flight),
     .reloadable = true,
     .number = 1,
     .min = 0,
     .max = 100000,
     .help = "scans in flight to one address; 0: no limit"},
    {.name = "per_address_rate",
     .kind = CONFIG_REAL,
     FIELD(per_address_rate),
     .reloadable = true,
     .number = 1,
     .min = 0,
     .max = 1000000,
     .help = "connections per second to one address; 0: no limit"},
    {.name = "per_prefix_in_flight",
     .kind = CONFIG_COUNT,
     FIELD(per_prefix_in_flight),
     .reloadable = true,
     .number = 20,
     .min = 0,
     .max = 100000,
     .help = "scans in flight to one /24 or /48; 0: no limit"},
    {.name = "per_prefix_rate",
     .kind = CONFIG_REAL,
     FIELD(per_prefix_rate),
     .reloadable = true,
     .number = 10,
     .min = 0,
     .max = 1000000,
     .help = "connections per second to one /24 or /48; 0: no limit"},
    {.name = "dns_in_flight",
     .kind = CONFIG_COUNT,
     FIELD(dns_in_flight),
     .number = 200,
     .min = 1,
     .max = 100000,
     .help = "names being resolved at the same time"},
    {.name = "dns_cache",
     .kind = CONFIG_COUNT,
     FIELD(dns_cache),
     .number = 10000,
     .min = 0,
     .max = 10000000,
     .help = "names whose addresses are cached while their TTL lasts"},
    {.name = "keep_scans",
     .kind = CONFIG_COUNT,
     FIELD(keep_scans),
     .number = 60,
     .min = 0,
     .max = 1000000,
     .help = "scans kept per origin; 0: no limit"},
    {.name = "keep_days",
     .kind = CONFIG_COUNT,
     FIELD(keep_days),
     .reloadable = true,
     .number = 0,
     .min = 0,
     .max = 36500,
     .help = "scans and changes older than this are deleted; 0: no limit"},
    {.name = "commit_scans",
     .kind = CONFIG_COUNT,
     FIELD(commit_scans),
     .reloadable = true,
     .number = 500,
     .min = 1,
     .max = 10000,
     .help = "finished scans are written when this many are waiting"},
    {.name = "commit_ms",
     .kind = CONFIG_COUNT,
     FIELD(commit_ms),
     .reloadable = true,
     .number = 250,
     .min = 1,
     .max = 60000,
     .help = "finished scans are also written when one of them has waited this long"},
    {.name = "profile",
     .kind = CONFIG_CHOICE,
     FIELD(profile),
     .reloadable = true,
     .for_settings = true,
     .choices = profiles,
     .help = "careful requires scans on several days; fast decides on one complete scan, for tests "
             "and small private fleets"},
    {.name = "compliance",
     .kind = CONFIG_CHOICE,
     FIELD(compliance),
     .reloadable = true,
     .for_settings = true,
     .choices = filters,
     .help = "which groups may be recommended to zones without a filter of their own"},
    {.name = "shadow",
     .kind = CONFIG_CHOICE,
     FIELD(shadow),
     .reloadable = true,
     .for_settings = true,
     .choices = no_or_yes,
     .help = "settings are computed but not exported"},
    {.name = "blind_ramp",
     .kind = CONFIG_CHOICE,
     FIELD(blind_ramp),
     .reloadable = true,
     .for_settings = true,
     .choices = no_or_yes,
     .help = "ramp up to 100 % without canary feedback"},
    {.name = "http_listen",
     .kind = CONFIG_TEXT,
     FIELD(http_listen),
     .help =
         "address and port for the status page, API and metrics, such as 127.0.0.1:9730; empty: "
         "none"},
    {.name = "http_socket",
     .kind = CONFIG_TEXT,
     FIELD(http_socket),
     .help = "Unix socket for the same and for orders; empty: none"},
    {.name = "http_socket_mode",
     .kind = CONFIG_TEXT,
     FIELD(http_socket_mode),
     .help = "its permissions in octal (default 0660); whoever may write to it may give orders"},
    {.name = "http_hosts",
     .kind = CONFIG_TEXT,
     FIELD(http_hosts),
     .help = "names under which http_listen may be asked, comma-separated, besides its address and "
             "localhost"},
    {.name = "log_format",
     .kind = CONFIG_CHOICE,
     FIELD(log_format),
     .reloadable = true,
     .choices = log_formats,
     .help = "how a log line looks"},
    {.name = "log_level",
     .kind = CONFIG_CHOICE,
     FIELD(log_level),
     .reloadable = true,
     .choices = log_levels,
     .choice = LOG_LEVEL_INFO,
     .help = "the least important level that is logged"},
};
#define KEYS_N COUNT_OF(keys)
static_assert(KEYS_N <= CONFIG_KEYS_MAX, "CONFIG_KEYS_MAX is too small");

const struct config_key *config_keys(size_t *count) {
    *count = KEYS_N;
    return keys;
}

const struct config_key *config_key_named(const char *name) {
    for (size_t i = 0; i < KEYS_N; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

void *config_field(const struct config *config, const struct config_key *key) {
    return (char *)config + key->offset;
}

const struct config_choice *config_choice_named(const struct config_key *key, const char *word) {
    for (const struct config_choice *choice = key->choices; choice->word; choice++)
        if (strcmp(choice->word, word) == 0)
            return choice;
    return NULL;
}

/* A choice's field is as wide as its type: a bool, a group's number, an enumeration. */
void config_choose(struct config *config, const struct config_key *key, unsigned value) {
    void *field = config_field(config, key);
    assert(key->size == sizeof(bool) || key->size == sizeof(uint16_t) || key->size == sizeof value);
    if (key->size == sizeof(bool))
        *(bool *)field = value != 0;
    else if (key->size == sizeof(uint16_t))
        *(uint16_t *)field = (uint16_t)value;
    else
        *(unsigned *)field = value;
}

static unsigned chosen_value(const struct config *config, const struct config_key *key) {
    const void *field = config_field(config, key);
    if (key->size == sizeof(bool))
        return *(const bool *)field;
    return key->size == sizeof(uint16_t) ? *(const uint16_t *)field : *(const unsigned *)field;
}

const char *config_chosen(const struct config *config, const struct config_key *key) {
    const struct config_choice *choice = key->choices;
    while (choice->word && choice->value != chosen_value(config, key))
        choice++;
    return choice->word;
}

double config_number(const struct config *config, const struct config_key *key) {
    if (key->kind == CONFIG_COUNT)
        return *(uint32_t *)config_field(config, key);
    return *(double *)config_field(config, key);
}

void config_clear(struct config *config) {
    for (size_t i = 0; i < KEYS_N; i++) {
        if (keys[i].kind == CONFIG_TEXT)
            free(*(char **)config_field(config, &keys[i]));
        if (keys[i].kind != CONFIG_LIST)
            continue;
        char **list = *(char ***)config_field(config, &keys[i]);
        for (size_t k = 0; list && list[k]; k++)
            free(list[k]);
        free(list);
    }
    memset(config, 0, sizeof *config);
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

static bool has_same_value(const struct config *a, const struct config *b,
                           const struct config_key *key) {
    switch (key->kind) {
    case CONFIG_COUNT:
        return *(uint32_t *)config_field(a, key) == *(uint32_t *)config_field(b, key);
    case CONFIG_REAL:
        return !(config_number(a, key) < config_number(b, key)) &&
               !(config_number(a, key) > config_number(b, key));
    case CONFIG_TEXT:
        return same_texts(*(char **)config_field(a, key), *(char **)config_field(b, key));
    case CONFIG_LIST:
        return same_lists(*(char ***)config_field(a, key), *(char ***)config_field(b, key));
    case CONFIG_CHOICE:
        return chosen_value(a, key) == chosen_value(b, key);
    }
    return true;
}

const char *config_needs_restart(const struct config *now, const struct config *then) {
    for (size_t i = 0; i < KEYS_N; i++)
        if (!keys[i].reloadable && !has_same_value(now, then, &keys[i]))
            return keys[i].name;
    return NULL;
}
