/* The daemon's configuration file: one table of keys. */
#include "cmd/config.h"

#include "scanner/address_policy.h"
#include "scanner/base/alloc.h"
#include "scanner/capability.h"

#include <confuse.h>

#include <errno.h>
#include <stdarg.h>
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

/* libconfuse reports through a function without an argument of ours; one file is read at a time. */
static struct err *report_to;

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *format,
                                                           va_list args) {
    char text[384];
    if (!report_to || report_to->text[0]) /* the first error is the one to mend */
        return;
    vsnprintf(text, sizeof text, format, args);
    if (cfg && cfg->filename && cfg->line)
        err_set(report_to, "%s:%d: %s", cfg->filename, cfg->line, text);
    else
        err_set(report_to, "%s", text);
}

static const struct config_key *key_named(const char *name) {
    for (size_t i = 0; i < KEYS_N; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static int check_number(cfg_t *cfg, cfg_opt_t *opt) {
    const struct config_key *key = key_named(cfg_opt_name(opt));
    double number =
        key->kind == CONFIG_COUNT ? (double)cfg_opt_getnint(opt, 0) : cfg_opt_getnfloat(opt, 0);
    if (number >= key->min && number <= key->max)
        return 0;
    cfg_error(cfg, "%s = %g is out of range (%g to %g)", key->name, number, key->min, key->max);
    return -1;
}

static bool is_choice(const char *choices, const char *text) {
    size_t n = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strncmp(at, text, n) == 0 && (at[n] == '|' || at[n] == '\0'))
            return true;
    return false;
}

static int check_text(cfg_t *cfg, cfg_opt_t *opt) {
    const struct config_key *key = key_named(cfg_opt_name(opt));
    const char *text = cfg_opt_getnstr(opt, 0);
    if (!key->choices || is_choice(key->choices, text))
        return 0;
    cfg_error(cfg, "%s = \"%s\" is none of %s", key->name, text, key->choices);
    return -1;
}

static int check_list(cfg_t *cfg, cfg_opt_t *opt) {
    struct address_policy *policy = address_policy_new();
    struct err err;
    const char *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
    bool good = address_policy_allow(policy, text, &err);
    address_policy_free(policy);
    if (!good)
        cfg_error(cfg, "%s: %s", cfg_opt_name(opt), err.text);
    return good ? 0 : -1;
}

static void declare(cfg_opt_t *opt, const struct config_key *key) {
    const cfg_opt_t kinds[] = {
        [CONFIG_COUNT] = CFG_INT((char *)key->name, 0, CFGF_NODEFAULT),
        [CONFIG_REAL] = CFG_FLOAT((char *)key->name, 0, CFGF_NODEFAULT),
        [CONFIG_TEXT] = CFG_STR((char *)key->name, NULL, CFGF_NODEFAULT),
        [CONFIG_LIST] = CFG_STR_LIST((char *)key->name, NULL, CFGF_NODEFAULT),
    };
    *opt = kinds[key->kind];
    opt->validcb = key->kind == CONFIG_TEXT   ? check_text
                   : key->kind == CONFIG_LIST ? check_list
                                              : check_number;
}

static char **copy_list(cfg_t *cfg, const char *name) {
    unsigned n = cfg ? cfg_size(cfg, name) : 0;
    char **list = alloc_zero(n + 1, sizeof *list);
    for (unsigned i = 0; i < n; i++)
        list[i] = alloc_string(cfg_getnstr(cfg, name, i));
    return list;
}

/* The file's value where it has one, else the default. */
static void take(struct config *config, const struct config_key *key, cfg_t *cfg) {
    bool given = cfg_size(cfg, key->name) > 0;
    switch (key->kind) {
    case CONFIG_COUNT:
        *(uint32_t *)field(config, key) =
            (uint32_t)(given ? cfg_getint(cfg, key->name) : (long)key->number);
        break;
    case CONFIG_REAL:
        *(double *)field(config, key) = given ? cfg_getfloat(cfg, key->name) : key->number;
        break;
    case CONFIG_TEXT: {
        const char *text = given ? cfg_getstr(cfg, key->name) : key->text;
        *(char **)field(config, key) = text && text[0] ? alloc_string(text) : NULL;
        break;
    }
    case CONFIG_LIST:
        *(char ***)field(config, key) = copy_list(cfg, key->name);
        break;
    }
}

/* What no single key can tell. */
static bool check_whole(const char *path, const struct config *config, struct err *err) {
    if (!config->database)
        return err_set(err, "%s: database is not set", path);
    if (config->mss && config->mss < 88)
        return err_set(err, "%s: mss = %u is below Linux' smallest, 88", path, config->mss);
    return true;
}

bool config_load(const char *path, struct config *out, struct err *err) {
    cfg_opt_t opts[KEYS_N + 1];
    for (size_t i = 0; i < KEYS_N; i++)
        declare(&opts[i], &keys[i]);
    opts[KEYS_N] = (cfg_opt_t)CFG_END();
    memset(out, 0, sizeof *out);
    err->text[0] = '\0';
    report_to = err;
    cfg_t *cfg = cfg_init(opts, CFGF_NONE);
    cfg_set_error_function(cfg, on_error);
    errno = 0;
    int result = cfg_parse(cfg, path);
    if (result == CFG_FILE_ERROR)
        err_set(err, "%s: %s", path, strerror(errno));
    else if (result != CFG_SUCCESS && !err->text[0])
        err_set(err, "%s: cannot be read as a configuration", path);
    bool good = result == CFG_SUCCESS;
    for (size_t i = 0; good && i < KEYS_N; i++)
        take(out, &keys[i], cfg);
    cfg_free(cfg);
    report_to = NULL;
    good = good && check_whole(path, out, err);
    if (!good)
        config_clear(out);
    return good;
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

static void dump_text(FILE *to, const char *text) {
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', to);
        fputc(*text, to);
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
        dump_text(to, text ? text : "");
        break;
    case CONFIG_LIST:
        fputc('{', to);
        for (size_t i = 0; list && list[i]; i++) {
            fputs(i ? ", " : "", to);
            dump_text(to, list[i]);
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
