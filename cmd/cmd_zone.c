/* originscan zone: what an operator orders for zones, over the evidence. */
#include "cmd/cmd.h"

#include "cmd/settle/settle.h"
#include "cmd/zone_orders.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "store/store_read.h"
#include "store/store_rule.h"
#include "store/store_zone.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_SIZE = 128, COMMENT_MAX = 200 };

enum {
    KEY_DB = 256,
    KEY_GLOBAL,
    KEY_LEVER,
    KEY_COMMENT,
    KEY_UNTIL,
    KEY_BRAKE,
    KEY_DEMOTIONS,
    KEY_SCANS,
    KEY_FIRST_LEVER, /* and so on, one a kind of lever */
};

static const struct argp_option own_options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"global", KEY_GLOBAL, NULL, 0, "Apply to all zones without an order of their own", 0},
    {"comment", KEY_COMMENT, "TEXT", 0, "set: why, for whoever reads it later", 2},
    {"until", KEY_UNTIL, "WHEN", 0,
     "set: end these orders then: 7d, 12h, 2026-12-24 or 2026-12-24T18:00 (UTC)", 2},
    {"lever", KEY_LEVER, "NAME", 0, "clear: only this lever (may be repeated)", 2},
    {"brake", KEY_BRAKE, NULL, 0, "clear: release the global brake for 24 hours", 2},
    {"demotions", KEY_DEMOTIONS, NULL, 0,
     "clear: lift the hold-down or pin left by demotions and rollbacks", 2},
    {"scans", KEY_SCANS, NULL, 0, "recompute: judge the kept scans again, too", 2},
};
enum { OWN_OPTIONS_N = COUNT_OF(own_options) };

struct arguments {
    const char *db;
    const struct action *action;
    struct zone_orders orders;
    bool scans;
};

struct acting {
    const struct arguments *arguments;
    struct zone_orders_context context;
};

/* ---- recompute ---- */

struct rejudging {
    struct acting *acting;
    uint64_t damaged_scans;
    enum store_result result; /* of what was done last */
    struct err *err;
};

static void tell_damaged_scan(const struct origin *origin, const struct store_damaged *damaged) {
    char text[ORIGIN_TEXT_SIZE], more[32] = "";
    if (damaged->n > 1)
        snprintf(more, sizeof more, ", and %zu more", damaged->n - 1);
    cmd_say("zone", "%s: scan %" PRId64 ": %s%s; its scans are not judged again",
            origin_format(origin, text), damaged->scan_id, damaged->why.text, more);
}

static bool rejudge_origin(void *arg, const struct store_origin *origin) {
    struct rejudging *r = arg;
    struct settle_rejudged done;
    r->result = settle_rejudge(r->acting->context.store, &r->acting->context.options, origin->id,
                               &done, r->err);
    if (r->result == STORE_OK && done.damaged.n > 0)
        tell_damaged_scan(&origin->origin, &done.damaged);
    r->damaged_scans += done.damaged.n;
    return r->result == STORE_OK;
}

static bool rejudge_zone(void *arg, int64_t id, const char *name,
                         const struct store_setting *setting) {
    struct rejudging *r = arg;
    (void)name;
    (void)setting;
    enum store_result result =
        store_origins_of_zone(r->acting->context.store, id, rejudge_origin, r, r->err);
    if (r->result == STORE_OK)
        r->result = result;
    return r->result == STORE_OK;
}

static enum store_result rejudge_zones(void *arg, struct err *err) {
    struct rejudging *r = arg;
    r->err = err;
    enum store_result result = store_zones(r->acting->context.store, rejudge_zone, r, err);
    return r->result == STORE_OK ? result : r->result;
}

static bool recompute_all(struct acting *acting, struct err *err) {
    struct store *store = acting->context.store;
    struct settle_cycle cycle = {.rebuild = true};
    struct rejudging rejudging = {.acting = acting};
    if (acting->arguments->scans &&
        store_transaction(store, rejudge_zones, &rejudging, err) != STORE_OK)
        return false;
    if (store_zone_touch(store, 0, err) != STORE_OK ||
        settle_all(store, &acting->context.options, acting->context.now_ms, &cycle, err) !=
            STORE_OK)
        return false;
    printf("%" PRIu64 " zone%s settled, %" PRIu64 " up, %" PRIu64 " down; %" PRIu64
           " origin%s changed %s level%s\n",
           cycle.zones, cycle.zones == 1 ? "" : "s", cycle.up, cycle.down, cycle.origins_changed,
           cycle.origins_changed == 1 ? "" : "s", cycle.origins_changed == 1 ? "its" : "their",
           cycle.brake.on ? "; the global brake is on" : "");
    if (cycle.damaged > 0)
        return err_set(err,
                       "the stored state of %" PRIu64 " zone%s was damaged; hold-downs are lost,"
                       " and ramps begin anew",
                       cycle.damaged, cycle.damaged == 1 ? "" : "s");
    return rejudging.damaged_scans == 0 ||
           err_set(err, "%" PRIu64 " damaged scan%s skipped", rejudging.damaged_scans,
                   rejudging.damaged_scans == 1 ? " was" : "s were");
}

/* ---- actions ---- */

static bool set_levers(struct acting *acting, struct err *err) {
    return zone_orders_set(&acting->arguments->orders, &acting->context, err);
}

static bool clear_levers(struct acting *acting, struct err *err) {
    return zone_orders_clear(&acting->arguments->orders, &acting->context, err);
}

static bool list_levers(struct acting *acting, struct err *err) {
    return zone_orders_list(&acting->arguments->orders, &acting->context, err);
}

static bool rename_zone(struct acting *acting, struct err *err) {
    const char **zones = acting->arguments->orders.zones;
    return store_zone_rename(acting->context.store, zones[0], zones[1], acting->context.now_ms,
                             err) == STORE_OK;
}

static const struct action {
    const char *name;
    enum store_access access;
    bool needs_zone; /* or --global */
    bool (*run)(struct acting *acting, struct err *err);
} actions[] = {
    {"set", STORE_BESIDE, true, set_levers},           {"clear", STORE_BESIDE, true, clear_levers},
    {"list", STORE_READ, false, list_levers},          {"rename", STORE_BESIDE, false, rename_zone},
    {"recompute", STORE_BESIDE, false, recompute_all},
};
#define ACTIONS "set, clear, list, rename or recompute"

static const struct action *find_action(const char *name) {
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static int run_action(const struct arguments *arguments) {
    struct err err;
    struct store *store = cmd_open_store("zone", arguments->db, arguments->action->access);
    struct acting acting = {.arguments = arguments,
                            .context = {.store = store, .now_ms = clock_wall_ms()}};
    if (!store)
        return CMD_USAGE;
    bool good = settle_options_load(&acting.context.options, store, &err) == STORE_OK &&
                arguments->action->run(&acting, &err);
    int status = good ? CMD_DONE : cmd_fail("zone", &err);
    store_close(store);
    return status;
}

/* ---- options ---- */

/* The command's own, and one for each kind of lever. */
static void list_options(struct argp_option out[OWN_OPTIONS_N + ZONE_ORDERS_MAX + 1],
                         char help[ZONE_ORDERS_MAX][HELP_SIZE]) {
    size_t n;
    const struct lever_kind *kinds = lever_set_kinds(&n);
    assert(n <= ZONE_ORDERS_MAX);
    memcpy(out, own_options, sizeof own_options);
    for (size_t i = 0; i < n; i++) {
        snprintf(help[i], HELP_SIZE, "set: %s", kinds[i].help);
        out[OWN_OPTIONS_N + i] = (struct argp_option){.name = kinds[i].name,
                                                      .key = KEY_FIRST_LEVER + (int)i,
                                                      .arg = kinds[i].argument,
                                                      .doc = help[i],
                                                      .group = 1};
    }
    out[OWN_OPTIONS_N + n] = (struct argp_option){0};
}

static void add_order(struct arguments *arguments, struct argp_state *state,
                      const struct lever_kind *kind, const char *value) {
    if (arguments->orders.n == ZONE_ORDERS_MAX)
        cmd_usage_error(state, "--%s: too many levers", kind->name);
    arguments->orders.orders[arguments->orders.n++] = (struct zone_order){kind, value};
}

static bool parse_lever(struct arguments *arguments, struct argp_state *state, int key,
                        const char *text) {
    size_t n;
    const struct lever_kind *kinds = lever_set_kinds(&n);
    for (size_t i = 0; i < n; i++) {
        if (key == KEY_FIRST_LEVER + (int)i) {
            add_order(arguments, state, &kinds[i], text ? text : "yes");
            return true;
        }
        if (key == KEY_LEVER && strcmp(kinds[i].name, text) == 0) {
            add_order(arguments, state, &kinds[i], NULL);
            return true;
        }
    }
    if (key == KEY_LEVER)
        cmd_usage_error(state, "--lever: there is no lever \"%s\"", text);
    return false;
}

static void check_orders(const struct arguments *arguments, struct argp_state *state) {
    bool sets = arguments->action->run == set_levers;
    for (size_t i = 0; i < arguments->orders.n; i++) {
        const struct zone_order *order = &arguments->orders.orders[i];
        if (sets != (order->value != NULL))
            cmd_usage_error(state, sets ? "--lever goes with clear" : "--%s goes with set",
                            order->kind->name);
        if (arguments->orders.global && order->kind->zones_only)
            cmd_usage_error(state, "--%s is for single zones, not for --global", order->kind->name);
    }
    if (!sets && (arguments->orders.comment || arguments->orders.until_ms))
        cmd_usage_error(state, "--comment and --until go with set");
    if (sets && arguments->orders.n == 0)
        cmd_usage_error(state, "set: give at least one lever, such as --pin or --freeze");
}

static void check_whole(const struct arguments *arguments, struct argp_state *state) {
    if (!arguments->action)
        cmd_usage_error(state, "no action given; use " ACTIONS);
    if (!arguments->db)
        cmd_usage_error(state, "--db FILE is missing");
    if (arguments->action->needs_zone && !arguments->orders.global &&
        arguments->orders.zones_n == 0)
        cmd_usage_error(state, "%s: give at least one ZONE, or --global", arguments->action->name);
    if (arguments->orders.global && arguments->orders.zones_n > 0)
        cmd_usage_error(state, "use either --global or names of zones, not both");
    if (arguments->action->run == rename_zone &&
        (arguments->orders.zones_n != 2 || arguments->orders.global))
        cmd_usage_error(state, "rename: give the zone and its new name");
    check_orders(arguments, state);
}

static void take_argument(struct arguments *arguments, struct argp_state *state, char *text) {
    if (arguments->action) {
        arguments->orders.zones[arguments->orders.zones_n++] = text;
        return;
    }
    arguments->action = find_action(text);
    if (!arguments->action)
        cmd_usage_error(state, "unknown action \"%s\"; use " ACTIONS, text);
}

/* It is shown in terminals, pages and logs. */
static void check_comment(struct argp_state *state, const char *text) {
    if (strlen(text) > COMMENT_MAX)
        cmd_usage_error(state, "--comment: longer than %d bytes", COMMENT_MAX);
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            cmd_usage_error(state, "--comment: control characters are not allowed");
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    struct err why;
    if (parse_lever(arguments, state, key, text))
        return 0;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_GLOBAL:
        arguments->orders.global = true;
        return 0;
    case KEY_COMMENT:
        check_comment(state, text);
        arguments->orders.comment = text;
        return 0;
    case KEY_UNTIL:
        if (!zone_orders_until(text, clock_wall_ms(), &arguments->orders.until_ms, &why))
            cmd_usage_error(state, "--until: %s", why.text);
        return 0;
    case KEY_BRAKE:
        arguments->orders.brake = true;
        return 0;
    case KEY_DEMOTIONS:
        arguments->orders.demotions = true;
        return 0;
    case KEY_SCANS:
        arguments->scans = true;
        return 0;
    case ARGP_KEY_ARG:
        take_argument(arguments, state, text);
        return 0;
    case ARGP_KEY_END:
        check_whole(arguments, state);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

int cmd_zone(int argc, char **argv) {
    struct argp_option options[OWN_OPTIONS_N + ZONE_ORDERS_MAX + 1];
    char help[ZONE_ORDERS_MAX][HELP_SIZE];
    list_options(options, help);
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "set ZONE...\nclear ZONE...\nlist [ZONE...]\nrename ZONE NAME\nrecompute",
        .doc =
            "Overrides the settings of zones or, with --global, of all zones.\v"
            "May be used while a daemon runs. set: sets levers, also of a zone that has no origins "
            "yet. clear: clears the levers that are named, or all. list: shows them. rename: gives "
            "a zone another name; its setting, evidence and orders stay. recompute: works out the "
            "level of every origin again from its stored visits, for example after thresholds of "
            "the rule were changed.\n\n"
            "Exit status: 0 done, 1 failed, or damaged scans were skipped, 2 wrong usage or no "
            "usable database.",
    };
    struct arguments arguments = {.orders.zones = alloc_zero((size_t)argc, sizeof(char *))};
    cmd_parse(&argp, argc, argv, 0, &arguments);
    int status = run_action(&arguments);
    free(arguments.orders.zones);
    return status;
}
