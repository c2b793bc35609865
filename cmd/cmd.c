/* What the subcommands' option parsers share. */
#include "cmd/cmd.h"

#include "scanner/base/duration.h"
#include "store/store_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

void cmd_usage_error(const struct argp_state *state, const char *format, ...) {
    fprintf(stderr, "%s: ", state->name);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry `%s --help' for more information.\n", state->name);
    exit(CMD_USAGE);
}

void cmd_unknown_value(const struct argp_state *state, const char *option, const char *text,
                       const char *values) {
    cmd_usage_error(state, "%s: unknown value \"%s\"; use %s", option, text, values);
}

int cmd_fail(const char *name, const struct err *err) {
    fprintf(stderr, "originscan %s: %s\n", name, err->text);
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

uint32_t cmd_number(struct argp_state *state, const char *option, const char *text, uint32_t min,
                    uint32_t max) {
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || number < min || number > max)
        cmd_usage_error(state, "--%s: \"%s\" is not a whole number between %u and %u", option, text,
                        min, max);
    return (uint32_t)number;
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
