/* Reads the daemon's configuration with libconfuse. */
#include "cmd/daemon/config.h"

#include "cmd/daemon/config_dump.h"
#include "cmd/daemon/config_rule.h"
#include "scanner/base/alloc.h"
#include "scanner/hello/alpn.h"
#include "scanner/net/address_policy.h"

#include <confuse.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* libconfuse reports through a function without an argument of ours; one text is read at a time. */
static struct {
    struct err *err;
    const char *place;          /* instead of file and line */
    const char *path;           /* of the file, while one is read */
    cfg_opt_t *opts;            /* all that there are */
    bool seen[CONFIG_KEYS_MAX]; /* in this text */
    size_t list_size;           /* at the last entry of a list */
    char list_entry[64];
    bool list_closed;
} reading;

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *format,
                                                           va_list args) {
    char text[384];
    struct err *err = reading.err;
    if (!err || err->text[0]) /* the first error is the one to mend */
        return;
    vsnprintf(text, sizeof text, format, args);
    if (reading.place)
        err_set(err, "%s: %s", reading.place, text);
    else if (cfg && cfg->line && reading.path) /* a section does not know its file */
        err_set(err, "%s:%d: %s", reading.path, cfg->line, text);
    else
        err_set(err, "%s", text);
}

static size_t key_number(const struct config_key *key) {
    size_t n;
    return (size_t)(key - config_keys(&n));
}

/* False if this text has set the key before: one of the two is a mistake. */
static bool is_first(cfg_t *cfg, const struct config_key *key) {
    bool first = !reading.seen[key_number(key)];
    reading.seen[key_number(key)] = true;
    if (!first)
        cfg_error(cfg, "%s is set twice", key->name);
    return first;
}

static int check_number(cfg_t *cfg, cfg_opt_t *opt) {
    const struct config_key *key = config_key_named(cfg_opt_name(opt));
    if (!is_first(cfg, key))
        return -1;
    double number =
        key->kind == CONFIG_COUNT ? (double)cfg_opt_getnint(opt, 0) : cfg_opt_getnfloat(opt, 0);
    if (number >= key->min && number <= key->max)
        return 0;
    cfg_error(cfg, "%s = %g is out of range (%g to %g)", key->name, number, key->min, key->max);
    return -1;
}

static int check_text(cfg_t *cfg, cfg_opt_t *opt) {
    return is_first(cfg, config_key_named(cfg_opt_name(opt))) ? 0 : -1;
}

/* Writes the words of a choice as "daily, quick or full". */
static void list_words(const struct config_key *key, char *out, size_t size) {
    size_t at = 0;
    for (const struct config_choice *choice = key->choices; choice->word && at < size; choice++) {
        const char *before = choice == key->choices ? "" : choice[1].word ? ", " : " or ";
        at += (size_t)snprintf(out + at, size - at, "%s%s", before, choice->word);
    }
}

static int check_choice(cfg_t *cfg, cfg_opt_t *opt) {
    const struct config_key *key = config_key_named(cfg_opt_name(opt));
    const char *word = cfg_opt_getnstr(opt, 0);
    char words[128];
    if (!is_first(cfg, key))
        return -1;
    if (config_choice_named(key, word))
        return 0;
    list_words(key, words, sizeof words);
    cfg_error(cfg, "%s: unknown value \"%s\"; use %s", key->name, word, words);
    return -1;
}

/* libconfuse calls check_list after each entry and once more at the closing brace. True if this
 * call begins a list although this text has had one. */
static bool is_second_list(const struct config_key *key, size_t size, const char *entry) {
    bool seen = reading.seen[key_number(key)];
    bool same = seen && size == reading.list_size && strcmp(entry, reading.list_entry) == 0;
    bool second = size == 1 && seen && (reading.list_closed || !same);
    reading.seen[key_number(key)] = true;
    reading.list_closed = same;
    reading.list_size = size;
    snprintf(reading.list_entry, sizeof reading.list_entry, "%s", entry);
    return second;
}

static int check_list(cfg_t *cfg, cfg_opt_t *opt) {
    const struct config_key *key = config_key_named(cfg_opt_name(opt));
    struct err err;
    const char *text = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
    if (is_second_list(key, cfg_opt_size(opt), text)) {
        cfg_error(cfg, "%s is set twice", key->name);
        return -1;
    }
    struct address_policy *policy = address_policy_new();
    bool good = address_policy_allow(policy, text, &err);
    address_policy_free(policy);
    if (!good)
        cfg_error(cfg, "%s: %s", key->name, err.text);
    return good ? 0 : -1;
}

static void declare_key(cfg_opt_t *opt, const struct config_key *key) {
    const cfg_opt_t kinds[] = {
        [CONFIG_COUNT] = CFG_INT((char *)key->name, 0, CFGF_NODEFAULT),
        [CONFIG_REAL] = CFG_FLOAT((char *)key->name, 0, CFGF_NODEFAULT),
        [CONFIG_TEXT] = CFG_STR((char *)key->name, NULL, CFGF_NODEFAULT),
        [CONFIG_LIST] = CFG_STR_LIST((char *)key->name, NULL, CFGF_NODEFAULT),
        [CONFIG_CHOICE] = CFG_STR((char *)key->name, NULL, CFGF_NODEFAULT),
    };
    static const cfg_validate_callback_t checks[] = {
        [CONFIG_COUNT] = check_number, [CONFIG_REAL] = check_number,   [CONFIG_TEXT] = check_text,
        [CONFIG_LIST] = check_list,    [CONFIG_CHOICE] = check_choice,
    };
    *opt = kinds[key->kind];
    opt->validcb = checks[key->kind];
}

static char **copy_list(cfg_t *cfg, const char *name) {
    unsigned n = cfg ? cfg_size(cfg, name) : 0;
    char **list = alloc_zero(n + 1, sizeof *list);
    for (unsigned i = 0; i < n; i++)
        list[i] = alloc_string(cfg_getnstr(cfg, name, i));
    return list;
}

static char *copy_text(cfg_t *cfg, const char *name) {
    const char *text = cfg_size(cfg, name) > 0 ? cfg_getstr(cfg, name) : NULL;
    return text && text[0] ? alloc_string(text) : NULL;
}

/* The file's value where it has one, else the default. */
static void read_value(struct config *config, const struct config_key *key, cfg_t *cfg) {
    bool given = cfg_size(cfg, key->name) > 0;
    void *field = config_field(config, key);
    switch (key->kind) {
    case CONFIG_COUNT:
        *(uint32_t *)field = (uint32_t)(given ? cfg_getint(cfg, key->name) : (long)key->number);
        break;
    case CONFIG_REAL:
        *(double *)field = given ? cfg_getfloat(cfg, key->name) : key->number;
        break;
    case CONFIG_TEXT:
        *(char **)field = copy_text(cfg, key->name);
        break;
    case CONFIG_LIST:
        *(char ***)field = copy_list(cfg, key->name);
        break;
    case CONFIG_CHOICE:
        config_choose(config, key,
                      given ? config_choice_named(key, cfg_getstr(cfg, key->name))->value
                            : key->choice);
        break;
    }
}

/* The thresholds, and beside them what the rule needs of the other keys. */
static bool read_rule(struct config *config, cfg_t *cfg, const char *place, struct err *err) {
    rule_params_init(&config->rule, config->profile);
    config->rule.hybrid = config->hybrid;
    config->rule.blind_ramp = config->blind_ramp;
    return config_rule_read(cfg, &config->rule, place, err);
}

/* What no single key can tell. */
static bool check_whole(const char *place, const struct config *config, struct err *err) {
    if (!config->database)
        return err_set(err, "%s: database is not set", place);
    if (config->mss && config->mss < 88)
        return err_set(err, "%s: mss = %u is below 88, the smallest that Linux accepts", place,
                       config->mss);
    struct alpn alpn;
    struct err why;
    if (config->alpn && !alpn_parse(config->alpn, &alpn, &why))
        return err_set(err, "%s: alpn: %s", place, why.text);
    return true;
}

enum { FILE_LONGEST = 4 << 20 }; /* a hundred thousand blocks of addresses */

/* The text of a file, to be freed; NULL with the error. libconfuse's scanner reads a file by itself, but ends
 * the process where that fails, goes on for ever where a file does, and cuts words at a zero byte. */
static char *read_whole(const char *path, struct err *err) {
    FILE *from = fopen(path, "re");
    if (!from) {
        err_set(err, "%s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = alloc_zero(FILE_LONGEST + 2, 1);
    size_t n = fread(text, 1, FILE_LONGEST + 1, from);
    int why = ferror(from) ? errno : 0;
    fclose(from);
    bool good = why == 0 && n <= FILE_LONGEST && strlen(text) == n;
    if (why)
        err_set(err, "%s: %s", path, strerror(why));
    else if (n > FILE_LONGEST)
        err_set(err, "%s: longer than %d bytes", path, FILE_LONGEST);
    else if (!good)
        err_set(err, "%s: it contains a NUL byte", path);
    if (good)
        return text;
    free(text);
    return NULL;
}

/* libconfuse takes a comment without an end for one to the end of the file, and with it all keys that stand
 * there. Behind a sound text a bracket is an error, but not inside of a comment. */
static bool ends_in_comment(const char *text) {
    struct err *err = reading.err;
    char *longer = NULL;
    if (!strstr(text, "/*") || asprintf(&longer, "%s\n)", text) < 0)
        return false;
    cfg_t *trial = cfg_init(reading.opts, CFGF_NONE);
    cfg_set_error_function(trial, on_error);
    reading.err = NULL;
    memset(&reading.seen, 0, sizeof reading.seen);
    config_rule_begin();
    bool open = cfg_parse_buf(trial, longer) == CFG_SUCCESS;
    reading.err = err;
    cfg_free(trial);
    free(longer);
    return open;
}

static bool read_file(cfg_t *cfg, const char *path) {
    memset(&reading.seen, 0, sizeof reading.seen);
    config_rule_begin();
    char *text = read_whole(path, reading.err);
    if (!text)
        return false;
    reading.path = path;
    bool good = cfg_parse_buf(cfg, text) == CFG_SUCCESS;
    reading.path = NULL;
    if (!good && !reading.err->text[0])
        err_set(reading.err, "%s: not a valid configuration file", path);
    if (good && ends_in_comment(text))
        good = err_set(reading.err, "%s: a comment that begins with /* has no end", path);
    free(text);
    return good;
}

static bool read_text(cfg_t *cfg, const char *place, const char *text) {
    memset(&reading.seen, 0, sizeof reading.seen);
    config_rule_begin();
    reading.place = place;
    int result = cfg_parse_buf(cfg, text);
    if (result != CFG_SUCCESS && !reading.err->text[0])
        err_set(reading.err, "%s: cannot be read", place);
    reading.place = NULL;
    return result == CFG_SUCCESS;
}

/* `a,b` as `{"a", "b"}`; what is written as in a file stays so. */
static void write_list(FILE *to, const char *value) {
    const char *end = strchr(value, '}');
    if (value[0] == '{' && end && end[1] == '\0') {
        fputs(value, to);
        return;
    }
    fputc('{', to);
    while (*value) {
        size_t n = strcspn(value, ",");
        config_dump_text(to, value, n);
        value += n;
        if (*value == ',') {
            fputs(", ", to);
            value++;
        }
    }
    fputc('}', to);
}

/* What a `KEY=VALUE` of a command line sets: one of the two, or neither. */
struct setting_key {
    const struct config_key *key;
    const struct rule_key *rule;
};

static struct setting_key find_key(const char *setting) {
    struct setting_key found = {0};
    char *name = alloc_string(setting);
    name[strcspn(name, "=")] = '\0';
    found.key = config_key_named(name);
    found.rule = config_rule_key(name);
    free(name);
    return found;
}

/* Writes it as a line of a file. libconfuse reads numbers out of texts, too. */
static void write_setting(FILE *to, const struct setting_key *found, const char *value) {
    fprintf(to, found->rule ? "rule { %s = " : "%s = ",
            found->rule ? found->rule->name : found->key->name);
    if (!found->rule && found->key->kind == CONFIG_LIST)
        write_list(to, value);
    else
        config_dump_text(to, value, strlen(value));
    fputs(found->rule ? "\n}\n" : "\n", to);
}

static bool read_setting(cfg_t *cfg, const char *setting) {
    char place[128], *line = NULL;
    size_t size = 0, n = strcspn(setting, "=");
    snprintf(place, sizeof place, "--set %.*s", (int)(n < 64 ? n : 64), setting);
    if (setting[n] != '=')
        return err_set(reading.err, "%s: not of the form KEY=VALUE", place);
    struct setting_key found = find_key(setting);
    if (!found.key && !found.rule)
        return err_set(reading.err, "%s: no such key", place);
    FILE *to = open_memstream(&line, &size);
    if (!to)
        return err_set(reading.err, "%s: %s", place, strerror(errno));
    write_setting(to, &found, setting + n + 1);
    fclose(to);
    bool good = read_text(cfg, place, line);
    free(line);
    return good;
}

bool config_source_has_settings(const struct config_source *source) {
    for (size_t i = 0; i < source->set_n; i++) {
        struct setting_key found = find_key(source->set[i]);
        if (found.rule || (found.key && found.key->for_settings))
            return true;
    }
    return source->path != NULL;
}

static bool read_all(cfg_t *cfg, const struct config_source *source) {
    bool good = (!source->base || read_text(cfg, "defaults", source->base)) &&
                (!source->path || read_file(cfg, source->path));
    for (size_t i = 0; good && i < source->set_n; i++)
        good = read_setting(cfg, source->set[i]);
    return good;
}

bool config_load(const struct config_source *source, struct config *out, struct err *err) {
    size_t n;
    const struct config_key *keys = config_keys(&n);
    cfg_opt_t opts[CONFIG_KEYS_MAX + 2];
    for (size_t i = 0; i < n; i++)
        declare_key(&opts[i], &keys[i]);
    config_rule_declare(&opts[n]);
    opts[n + 1] = (cfg_opt_t)CFG_END();
    memset(out, 0, sizeof *out);
    err->text[0] = '\0';
    reading.err = err;
    reading.opts = opts;
    cfg_t *cfg = cfg_init(opts, CFGF_NONE);
    cfg_set_error_function(cfg, on_error);
    bool good = read_all(cfg, source);
    for (size_t i = 0; good && i < n; i++)
        read_value(out, &keys[i], cfg);
    const char *place = source->path ? source->path : "configuration";
    good = good && read_rule(out, cfg, place, err);
    cfg_free(cfg);
    reading.err = NULL;
    reading.opts = NULL;
    if (good && source->database) {
        free(out->database);
        out->database = alloc_string(source->database);
    }
    good = good && check_whole(place, out, err);
    if (!good)
        config_clear(out);
    return good;
}
