/* originscan db: check, copy, restore, prune and update a database, and how large one gets. */
#include "cmd/cmd.h"

#include "cmd/settle/settle_readers.h"
#include "report/fleet/sizing.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "scanner/base/quote.h"
#include "store/store_upkeep.h"
#include "store/upkeep/store_check.h"
#include "store/upkeep/store_restore.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PRUNE_ORIGINS = 1000 };

enum { KEY_DB = 256, KEY_KEEP_SCANS, KEY_KEEP_DAYS };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"keep-scans", KEY_KEEP_SCANS, "N", 0,
     "prune: keep this many scans per origin (default 60; 0: no limit); sizing: assume this many",
     0},
    {"keep-days", KEY_KEEP_DAYS, "N", 0,
     "prune: delete scans and changes older than N days (default 0: no limit)", 0},
    {0},
};

struct arguments {
    const char *db;
    const struct action *action;
    const char *target;
    uint32_t keep_scans;
    uint32_t keep_days;
    uint32_t origins; /* sizing */
};

static void print_problem(void *arg, const char *text) {
    (void)arg;
    quote_line(stdout, "%s", text);
}

static int check_store(const struct arguments *arguments, struct store *store) {
    struct err err;
    uint64_t problems = 0;
    (void)arguments;
    if (store_check(store, &settle_readers, print_problem, NULL, &problems, &err) != STORE_OK)
        return cmd_fail("db", &err);
    if (problems > 0) {
        printf("%" PRIu64 " problem%s\n", problems, problems == 1 ? "" : "s");
        return CMD_SOME_FAILED;
    }
    puts("ok");
    return CMD_DONE;
}

static int copy_store(const struct arguments *arguments, struct store *store) {
    struct err err;
    if (store_backup(store, arguments->target, &err) != STORE_OK)
        return cmd_fail("db", &err);
    return CMD_DONE;
}

static int delete_old(const struct arguments *arguments, struct store *store) {
    struct err err;
    int64_t cursor = 0;
    struct store_pruned pruned = {0}, slice;
    int64_t before_ms = clock_wall_ms() - arguments->keep_days * DAY_MS;
    do {
        slice = (struct store_pruned){0};
        if (store_prune(store, arguments->keep_scans, arguments->keep_days ? before_ms : 0, &cursor,
                        PRUNE_ORIGINS, &slice, &err) != STORE_OK)
            return cmd_fail("db", &err);
        pruned.scans += slice.scans;
        pruned.changes += slice.changes;
    } while (cursor != 0);
    printf("%" PRIu64 " scans and %" PRIu64 " changes deleted\n", pruned.scans, pruned.changes);
    return CMD_DONE;
}

static int print_steps(const struct arguments *arguments, struct store *store) {
    (void)arguments;
    unsigned steps = store_migrated(store);
    if (steps > 0)
        printf("%u step%s applied\n", steps, steps == 1 ? "" : "s");
    else
        puts("up to date");
    return CMD_DONE;
}

/* What is opened beforehand is the database that is replaced: nothing. */
static int restore_store(const struct arguments *arguments) {
    struct err err;
    struct store_restored restored;
    if (!store_restore(arguments->db, arguments->target, &settle_readers, print_problem, NULL,
                       &restored, &err))
        return cmd_fail("db", &err);
    quote_line(stdout, "%s: checked and restored from %s", arguments->db, arguments->target);
    if (restored.migrated > 0)
        printf("%u step%s applied\n", restored.migrated, restored.migrated == 1 ? "" : "s");
    if (restored.kept[0])
        quote_line(stdout, "what was there before is kept as %s", restored.kept);
    return CMD_DONE;
}

static int print_sizing(const struct arguments *arguments) {
    sizing_write(stdout, arguments->origins, arguments->keep_scans);
    return CMD_DONE;
}

static const struct action {
    const char *name;
    const char *target; /* what its argument is called; NULL: it has none */
    enum store_access access;
    int (*run)(const struct arguments *arguments, struct store *store); /* or */
    int (*run_alone)(const struct arguments *arguments); /* without an open database */
    bool without_db;
} actions[] = {
    {"check", NULL, STORE_READ, check_store, NULL, false},
    {"backup", "FILE", STORE_READ, copy_store, NULL, false},
    {"restore", "FILE", STORE_WRITE, NULL, restore_store, false},
    {"prune", NULL, STORE_WRITE, delete_old, NULL, false},
    {"migrate", NULL, STORE_WRITE, print_steps, NULL, false},
    {"sizing", "N", STORE_READ, NULL, print_sizing, true},
};
#define ACTIONS "check, backup, restore, prune, migrate or sizing"

static const struct action *find_action(const char *name) {
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static void take_argument(struct arguments *arguments, struct argp_state *state, char *text) {
    if (!arguments->action) {
        arguments->action = find_action(text);
        if (!arguments->action)
            cmd_usage_error(state, "unknown action \"%s\"; use " ACTIONS, text);
        return;
    }
    if (!arguments->action->target || arguments->target)
        cmd_usage_error(state, "unexpected argument \"%s\"", text);
    arguments->target = text;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_KEEP_SCANS:
        arguments->keep_scans = cmd_number(state, "keep-scans", text, 0, 1000000);
        return 0;
    case KEY_KEEP_DAYS:
        arguments->keep_days = cmd_number(state, "keep-days", text, 0, 36500);
        return 0;
    case ARGP_KEY_ARG:
        take_argument(arguments, state, text);
        return 0;
    case ARGP_KEY_END:
        if (!arguments->action)
            cmd_usage_error(state, "no action given; use " ACTIONS);
        if (arguments->action->target && !arguments->target)
            cmd_usage_error(state, "%s: %s is missing", arguments->action->name,
                            arguments->action->target);
        if (arguments->action->without_db)
            arguments->origins =
                cmd_argument_number(state, "sizing", arguments->target, 1, UINT32_MAX);
        else if (!arguments->db)
            cmd_usage_error(state, "--db FILE is missing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

int cmd_db(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "check\nbackup FILE\nrestore FILE\nprune\nmigrate\nsizing N",
        .doc =
            "Maintains a database.\v"
            "check: looks for damage in the file and for contradictions in its contents. backup: "
            "writes a consistent copy, even while a daemon is writing. restore: checks a copy of "
            "the backup FILE and puts it in place of the database, which is kept under another "
            "name; not while a daemon runs. prune: deletes old scans. migrate: upgrades a file "
            "written by an older originscan. sizing: says how large a machine N origins need; "
            "needs no database.\n\n"
            "Exit status: 0 done, 1 problems were found or the action failed, 2 wrong usage "
            "or no usable database.",
    };
    struct arguments arguments = {.keep_scans = 60};
    cmd_parse(&argp, argc, argv, 0, &arguments);
    if (arguments.action->run_alone)
        return arguments.action->run_alone(&arguments);
    struct store *store = cmd_open_store("db", arguments.db, arguments.action->access);
    if (!store)
        return CMD_USAGE;
    int status = arguments.action->run(&arguments, store);
    store_close(store);
    return status;
}
