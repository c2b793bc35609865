/* What the subcommands' option parsers share. */
#include "cmd/cmd.h"

#include "scanner/base/duration.h"
#include "scanner/base/quote.h"
#include "store/store_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void cmd_usage_error(const struct argp_state *state, const char *format, ...) {
    char before[64];
    va_list args;
    snprintf(before, sizeof before, "%s: ", state->name);
    va_start(args, format);
    quote_vline(stderr, before, format, args);
    va_end(args);
    quote_line(stderr, "Try `%s --help' for more information.", state->name);
    exit(CMD_USAGE);
}

void cmd_say(const char *name, const char *format, ...) {
    char before[64];
    va_list args;
    snprintf(before, sizeof before, "originscan %s: ", name);
    va_start(args, format);
    quote_vline(stderr, before, format, args);
    va_end(args);
}

static bool is_printable(const char *text) {
    return !text[strspn(text, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                              "abcdefghijklmnopqrstuvwxyz{|}~")];
}

/* Whether argp finds exactly one long option of that name, which may be cut. */
static bool is_option(const struct argp *argp, const char *name, size_t n) {
    unsigned found = 0;
    for (const struct argp_option *at = argp->options; at && (at->name || at->key || at->doc);
         at++) {
        bool fits = at->name && strncmp(at->name, name, n) == 0;
        if (fits && !at->name[n])
            return true;
        found += fits;
    }
    return found == 1;
}

/* getopt repeats an option that it does not know, or not yet, as it is and with its value. */
static void check_options(const struct argp *argp, int argc, char **argv, unsigned flags) {
    char quoted[QUOTE_SIZE];
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const char *text = argv[i];
        bool is_long = strncmp(text, "--", 2) == 0;
        if (text[0] != '-' && (flags & ARGP_IN_ORDER))
            return;
        if (text[0] != '-' || is_printable(text) ||
            (is_long && is_option(argp, text + 2, strcspn(text + 2, "="))))
            continue;
        quote_line(stderr, "%s: unrecognized option %s", argv[0], quote_text(text, quoted));
        exit(CMD_USAGE);
    }
}

void cmd_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input) {
    check_options(argp, argc, argv, flags);
    argp_parse(argp, argc, argv, flags, NULL, input);
}

void cmd_unknown_value(const struct argp_state *state, const char *option, const char *text,
                       const char *values) {
    cmd_usage_error(state, "%s: unknown value \"%s\"; use %s", option, text, values);
}

int cmd_fail(const char *name, const struct err *err) {
    cmd_say(name, "%s", err->text);
    return CMD_SOME_FAILED;
}

static struct store *open_store(const char *path, enum store_access access, struct err *err) {
    struct store_options options = {.path = path, .access = access, .busy_ms = 30 * SECOND_MS};
    return store_open(&options, err);
}

struct store *cmd_open_store(const char *name, const char *path, enum store_access access) {
    struct err err;
    struct store *store = open_store(path, access, &err);
    if (!store)
        cmd_fail(name, &err);
    return store;
}

struct store *cmd_open_inventory(const char *name, const char *path) {
    struct err err;
    struct store *store = open_store(path, STORE_BESIDE, &err);
    return store ? store : cmd_open_store(name, path, STORE_CREATE);
}

static bool copy_zone_id(void *arg, int64_t id, const char *name,
                         const struct store_setting *setting) {
    (void)name;
    (void)setting;
    *(int64_t *)arg = id;
    return false;
}

enum store_result cmd_find_zone(struct store *store, const char *zone, int64_t *id,
                                struct err *err) {
    *id = 0;
    return store_zone_by_name(store, zone, copy_zone_id, id, err);
}

static uint32_t read_number(struct argp_state *state, const char *dashes, const char *name,
                            const char *text, uint32_t min, uint32_t max) {
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || number < min || number > max)
        cmd_usage_error(state, "%s%s: \"%s\" is not a whole number between %u and %u", dashes, name,
                        text, min, max);
    return (uint32_t)number;
}

uint32_t cmd_number(struct argp_state *state, const char *option, const char *text, uint32_t min,
                    uint32_t max) {
    return read_number(state, "--", option, text, min, max);
}

uint32_t cmd_argument_number(struct argp_state *state, const char *name, const char *text,
                             uint32_t min, uint32_t max) {
    return read_number(state, "", name, text, min, max);
}

uint32_t cmd_seconds_ms(struct argp_state *state, const char *option, const char *text,
                        uint32_t min_ms, uint32_t max_ms) {
    char *end;
    errno = 0;
    double seconds = strtod(text, &end);
    double ms = seconds * 1000.0 + 0.5;
    bool plain = (text[0] >= '0' && text[0] <= '9') || text[0] == '.';
    if (!plain || *end || errno || !(ms >= min_ms && ms < max_ms + 1.0))
        cmd_usage_error(state, "--%s: \"%s\" is not a number of seconds between %g and %g", option,
                        text, min_ms / 1000.0, max_ms / 1000.0);
    return (uint32_t)ms;
}

uint32_t cmd_raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 256;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > 1000000 ? 1000000 : (uint32_t)limit.rlim_cur;
}

enum { KEY_DB = 256 };

const struct argp_option cmd_target_options[] = {{"db", KEY_DB, "FILE", 0, "The database", 0}, {0}};

error_t cmd_target_parse(int key, char *text, struct argp_state *state) {
    struct cmd_target *target = state->input;
    switch (key) {
    case KEY_DB:
        target->db = text;
        return 0;
    case ARGP_KEY_ARG:
        if (target->argument)
            cmd_usage_error(state, "unexpected argument \"%s\"", text);
        target->argument = text;
        return 0;
    case ARGP_KEY_END:
        if (!target->db)
            cmd_usage_error(state, "--db FILE is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}
