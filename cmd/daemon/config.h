/* The daemon's configuration file: one table of keys that parses, checks, documents and dumps.
 *
 * The file is libconfuse's format: `key = value`, `#` comments, lists in braces. Every key has a
 * default, so that an empty file is a valid one but for `database`. */
#pragma once

#include "cmd/daemon/log.h"
#include "report/rule/rule_params.h"
#include "report/zone/compliance.h"
#include "scanner/base/err.h"
#include "scanner/probe/probe_plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config {
    /* where things are */
    char *database;
    char *blocklist;
    char **allow;
    char *dns_servers;

    /* what is probed */
    uint16_t hybrid; /* a group's number */
    enum plan plan;
    bool all_addresses; /* of a name, in one visit; else one of them, in rotation */
    uint32_t timeout_ms;
    uint32_t mss;
    uint32_t hello_max; /* bytes */
    char *alpn;

    /* when */
    uint32_t period_s;

    /* how much at a time */
    uint32_t max_in_flight;
    double rate;
    uint32_t per_address_in_flight;
    double per_address_rate;
    uint32_t per_prefix_in_flight;
    double per_prefix_rate;
    uint32_t dns_in_flight;
    uint32_t dns_cache;

    /* what is kept */
    uint32_t keep_scans;
    uint32_t keep_days;
    uint32_t commit_scans;
    uint32_t commit_ms;

    /* how settings are made */
    enum rule_profile profile;
    enum compliance compliance; /* of zones without a filter of their own */
    bool shadow;
    bool blind_ramp;
    struct rule_params rule; /* section `rule`, with hybrid, profile and blind_ramp taken over */

    /* who may look */
    char *http_listen;
    char *http_socket;
    char *http_socket_mode; /* octal digits; NULL: the default */
    char *http_hosts;

    /* what is said */
    enum log_format log_format;
    enum log_level log_level;
};

/* What a key's field is: uint32_t, double, char * (NULL if empty), a list of char * that ends with
 * NULL; or an enumeration, a bool or a group's number, of which the file has one of some words. */
enum config_kind { CONFIG_COUNT, CONFIG_REAL, CONFIG_TEXT, CONFIG_LIST, CONFIG_CHOICE };

struct config_choice {
    const char *word; /* NULL ends a table */
    unsigned value;
};

struct config_key {
    const char *name;
    enum config_kind kind;
    size_t offset;     /* into struct config */
    size_t size;       /* of the field */
    bool reloadable;   /* SIGHUP takes a new value; the others need a restart */
    bool for_settings; /* changes how settings are made, as all thresholds of the rule do */
    double number;     /* default of a number */
    double min, max;   /* range of a number, both included */
    const struct config_choice *choices;
    unsigned choice; /* default of a choice */
    const char *help;
};

/* No more keys than this. */
#define CONFIG_KEYS_MAX 64

/* The table, in the order of the struct. */
const struct config_key *config_keys(size_t *count);

/* The key of that name, or NULL. */
const struct config_key *config_key_named(const char *name);

/* A key's field in `config`; what is in the field of a number, of either kind. */
void *config_field(const struct config *config, const struct config_key *key);
double config_number(const struct config *config, const struct config_key *key);

/* The choice of that word, or NULL; the field of a choice, and its word. */
const struct config_choice *config_choice_named(const struct config_key *key, const char *word);
void config_choose(struct config *config, const struct config_key *key, unsigned value);
const char *config_chosen(const struct config *config, const struct config_key *key);

/* Where values come from, each over the one before: the defaults, `base`, the file, `set`. */
struct config_source {
    const char *base;       /* lines of a file that hold where it says nothing else; NULL: none */
    const char *path;       /* NULL: no file */
    const char *const *set; /* `KEY=VALUE` without quoting, as from a command line; a list's value
                               is its entries with commas between them, and takes its place */
    size_t set_n;
    const char *database; /* over everything; NULL: as configured */
};

/* Reads it all. False with `err` naming file, line and key, or the option; *out is then empty. A
 * key that a file sets twice is an error. Free with config_clear. */
bool config_load(const struct config_source *source, struct config *out, struct err *err);
void config_clear(struct config *config);

/* True if a source says anything about how settings are made: a file does, whatever is in it. */
bool config_source_has_settings(const struct config_source *source);

/* The first key that differs between the two and is not reloadable, or NULL. */
const char *config_needs_restart(const struct config *now, const struct config *then);
