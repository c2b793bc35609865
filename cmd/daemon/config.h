/* The daemon's configuration file: one table of keys that parses, checks, documents and dumps.
 *
 * The file is libconfuse's format: `key = value`, `#` comments, lists in braces. Every key has a
 * default, so that an empty file is a valid one but for `database`. */
#pragma once

#include "report/rule/rule_params.h"
#include "scanner/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct config {
    /* where things are */
    char *database;
    char *blocklist;
    char **allow;
    char *dns_servers;

    /* what is probed */
    char *hybrid;
    char *plan;
    char *addresses;
    uint32_t timeout_ms;
    uint32_t mss;

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
    char *profile;
    char *compliance;
    char *shadow;
    char *blind_ramp;
    struct rule_params rule; /* section `rule`, with hybrid, profile and blind_ramp taken over */

    /* what is said */
    char *log_format;
    char *log_level;
};

enum config_kind { CONFIG_COUNT, CONFIG_REAL, CONFIG_TEXT, CONFIG_LIST };

struct config_key {
    const char *name;
    enum config_kind kind;
    size_t offset;       /* into struct config */
    bool reloadable;     /* SIGHUP takes a new value; the others need a restart */
    double number;       /* default of a number */
    double min, max;     /* range of a number, both included */
    const char *text;    /* default of a text; NULL: none */
    const char *choices; /* allowed texts, separated by `|`; NULL: any */
    const char *help;
};

/* No more keys than this. */
#define CONFIG_KEYS_MAX 64

/* The table, in the order of the struct. */
const struct config_key *config_keys(size_t *count);

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

/* Prints every key with its value, its default and its help, as a file that config_load reads. */
void config_dump(const struct config *config, FILE *to);

/* Writes a text as the file's format has it, in quotation marks. */
void config_write_text(FILE *to, const char *text, size_t n);

/* The first key that differs between the two and is not reloadable, or NULL. */
const char *config_needs_restart(const struct config *now, const struct config *then);
