/* originscan zone: what an operator orders for zones, over the evidence. */
#include "cmd/cmd.h"

#include "cmd/settle/settle.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "store/store_lever.h"
#include "store/store_read.h"
#include "store/store_rule.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVERS_MAX = 8, RELEASE_HOURS = 24, HELP_SIZE = 128 };

enum {
    KEY_DB = 256,
    KEY_GLOBAL,
    KEY_LEVER,
    KEY_BRAKE,
    KEY_DEMOTIONS,
    KEY_SCANS,
    KEY_FIRST_LEVER, /* and so on, one a kind of lever */
};

static const struct argp_option own_options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"global", KEY_GLOBAL, NULL, 0, "For all zones that have no order of their own", 0},
    {"lever", KEY_LEVER, "NAME", 0, "clear: only this lever; may be repeated", 2},
    {"brake", KEY_BRAKE, NULL, 0, "clear: release the global brake for 24 hours", 2},
    {"demotions", KEY_DEMOTIONS, NULL, 0,
     "clear: lift the hold-down or pin left by demotions and rollbacks", 2},
    {"scans", KEY_SCANS, NULL, 0, "recompute: judge the kept scans again, too", 2},
};
enum { OWN_OPTIONS_N = COUNT_OF(own_options) };

struct order {
    const struct lever_kind *kind;
    const char *value; /* NULL: to be cleared */
};

struct arguments {
    const char *db;
    const struct action *action;
    bool global, brake, demotions, scans;
    size_t zones_n;
    const char **zones;
    size_t orders_n;
    struct order orders[LEVERS_MAX];
};

struct acting {
    const struct arguments *arguments;
    struct store *store;
    struct settle_options options;
    int64_t now_ms;
};

struct action {
    const char *name;
    enum store_access access;
    int (*run)(struct acting *acting);
    /* What an order does to one zone; 0: to all. NULL: the action is none of orders. */
    bool (*order)(struct acting *acting, int64_t zone_id, struct err *err);
};
#define ACTIONS "set, clear, list or recompute"

/* ---- set and clear ---- */

/* A pin has to pass the filter that holds for the zone, which may be set by the same command. */
static bool check_values(struct acting *acting, int64_t zone_id, struct err *err) {
    const struct arguments *arguments = acting->arguments;
    struct lever_set all, own;
    if (lever_set_read(&all, acting->store, 0, err) != STORE_OK ||
        lever_set_read(&own, acting->store, zone_id, err) != STORE_OK)
        return false;
    struct lever_set merged = lever_set_merge(&all, &own, &acting->options);
    enum compliance compliance = merged.compliance;
    struct lever_set ordered = {0};
    for (size_t i = 0; i < arguments->orders_n; i++)
        lever_set_add(&ordered, &(struct store_lever){.name = arguments->orders[i].kind->name,
                                                      .value = arguments->orders[i].value});
    if (ordered.has_compliance)
        compliance = ordered.compliance;
    for (size_t i = 0; i < arguments->orders_n; i++) {
        struct err why;
        const struct order *order = &arguments->orders[i];
        if (!lever_set_check(order->kind, order->value, compliance, acting->options.params.hybrid,
                             &why))
            return err_set(err, "--%s: %s", order->kind->name, why.text);
    }
    return true;
}

static bool set_levers(struct acting *acting, int64_t zone_id, struct err *err) {
    const struct arguments *arguments = acting->arguments;
    struct store *store = acting->store;
    if (!check_values(acting, zone_id, err))
        return false;
    for (size_t i = 0; i < arguments->orders_n; i++)
        if (store_lever_set(store, zone_id, arguments->orders[i].kind->name,
                            arguments->orders[i].value, acting->now_ms, "operator",
                            err) != STORE_OK)
            return false;
    return true;
}

static bool clear_brake(struct acting *acting, struct err *err) {
    struct store *store = acting->store;
    char until[24];
    snprintf(until, sizeof until, "%" PRId64, acting->now_ms + RELEASE_HOURS * HOUR_MS);
    return store_lever_set(store, 0, "release", until, acting->now_ms, "operator", err) ==
               STORE_OK &&
           store_lever_set(store, 0, "brake", NULL, acting->now_ms, "operator", err) == STORE_OK;
}

/* Those that are named, or all where none is. */
static bool clear_levers(struct acting *acting, int64_t zone_id, struct err *err) {
    const struct arguments *arguments = acting->arguments;
    struct store *store = acting->store;
    bool named = arguments->orders_n > 0 || arguments->brake || arguments->demotions;
    size_t n;
    const struct lever_kind *kinds = lever_set_kinds(&n);
    for (size_t i = 0; i < n; i++) {
        bool wanted = !named;
        for (size_t k = 0; k < arguments->orders_n; k++)
            wanted = wanted || arguments->orders[k].kind == &kinds[i];
        if (wanted && store_lever_set(store, zone_id, kinds[i].name, NULL, acting->now_ms,
                                      "operator", err) != STORE_OK)
            return false;
    }
    if (arguments->brake && !clear_brake(acting, err))
        return false;
    return !arguments->demotions || zone_id == 0 ||
           settle_release(store, &acting->options, zone_id, acting->now_ms, err) == STORE_OK;
}

static bool act_on_zones(struct acting *acting, struct err *err) {
    struct store *store = acting->store;
    const struct action *action = acting->arguments->action;
    if (acting->arguments->global)
        return action->order(acting, 0, err);
    for (size_t i = 0; i < acting->arguments->zones_n; i++) {
        int64_t id;
        const char *zone = acting->arguments->zones[i];
        if (cmd_find_zone(store, zone, &id, err) != STORE_OK)
            return false;
        if (id == 0)
            return err_set(err, "there is no zone \"%s\"", zone);
        if (!action->order(acting, id, err))
            return false;
    }
    return true;
}

/* All or nothing; then what follows from it. */
static int carry_out_orders(struct acting *acting) {
    struct err err;
    struct store *store = acting->store;
    if (store_begin(store, &err) != STORE_OK)
        return cmd_fail("zone", &err);
    bool good = act_on_zones(acting, &err);
    if (store_end(store, good, good ? &err : NULL) != STORE_OK || !good)
        return cmd_fail("zone", &err);
    if (settle_all(store, &acting->options, acting->now_ms, NULL, &err) != STORE_OK)
        return cmd_fail("zone", &err);
    return CMD_DONE;
}

/* ---- list ---- */

static bool is_wanted(const struct arguments *arguments, const char *zone) {
    for (size_t i = 0; i < arguments->zones_n; i++)
        if (strcmp(arguments->zones[i], zone) == 0)
            return true;
    return arguments->zones_n == 0;
}

static bool print_lever(void *arg, const struct store_lever *lever) {
    const struct acting *acting = arg;
    const char *zone = lever->zone ? lever->zone : "--global";
    if (lever->zone ? !acting->arguments->global && is_wanted(acting->arguments, zone)
                    : acting->arguments->zones_n == 0)
        printf("%-30s %-11s %s\n", zone, lever->name, lever->value);
    return true;
}

static int list_levers(struct acting *acting) {
    struct err err;
    struct store *store = acting->store;
    if (store_levers_all(store, print_lever, acting, &err) != STORE_OK)
        return cmd_fail("zone", &err);
    return CMD_DONE;
}

/* ---- recompute ---- */

static bool rejudge_origin(void *arg, const struct store_origin *origin) {
    struct acting *acting = arg;
    struct err err;
    bool changed;
    settle_rejudge(acting->store, &acting->options, origin->id, &changed, &err);
    return true;
}

static bool rejudge_zone(void *arg, int64_t id, const char *name,
                         const struct store_setting *setting) {
    struct acting *acting = arg;
    struct err err;
    (void)name;
    (void)setting;
    store_origins_of_zone(acting->store, id, rejudge_origin, acting, &err);
    return true;
}

static bool rejudge_all(struct acting *acting, struct err *err) {
    struct store *store = acting->store;
    if (store_begin(store, err) != STORE_OK)
        return false;
    store_zones(store, rejudge_zone, acting, NULL);
    return store_end(store, true, err) == STORE_OK;
}

static int recompute_all(struct acting *acting) {
    struct err err;
    struct store *store = acting->store;
    struct settle_cycle cycle = {.rebuild = true};
    if (acting->arguments->scans && !rejudge_all(acting, &err))
        return cmd_fail("zone", &err);
    if (store_zone_touch(store, 0, &err) != STORE_OK ||
        settle_all(store, &acting->options, acting->now_ms, &cycle, &err) != STORE_OK)
        return cmd_fail("zone", &err);
    printf("%" PRIu64 " zones settled, %" PRIu64 " up, %" PRIu64 " down; %" PRIu64
           " origins stand otherwise than before%s\n",
           cycle.zones, cycle.up, cycle.down, cycle.origins_changed,
           cycle.brake.on ? "; the global brake is on" : "");
    return CMD_DONE;
}

/* ---- actions ---- */

static const struct action actions[] = {
    {"set", STORE_BESIDE, carry_out_orders, set_levers},
    {"clear", STORE_BESIDE, carry_out_orders, clear_levers},
    {"list", STORE_READ, list_levers, NULL},
    {"recompute", STORE_BESIDE, recompute_all, NULL},
};

static const struct action *find_action(const char *name) {
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static int run_action(const struct arguments *arguments) {
    struct err err;
    struct acting acting = {.arguments = arguments, .now_ms = clock_wall_ms()};
    acting.store = cmd_open_store("zone", arguments->db, arguments->action->access);
    if (!acting.store)
        return CMD_USAGE;
    int status;
    if (settle_options_load(&acting.options, acting.store, &err) == STORE_OK)
        status = arguments->action->run(&acting);
    else
        status = cmd_fail("zone", &err);
    store_close(acting.store);
    return status;
}

/* ---- options ---- */

/* The command's own, and one for each kind of lever. */
static void list_options(struct argp_option out[OWN_OPTIONS_N + LEVERS_MAX + 1],
                         char help[LEVERS_MAX][HELP_SIZE]) {
    size_t n;
    const struct lever_kind *kinds = lever_set_kinds(&n);
    assert(n <= LEVERS_MAX);
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
    if (arguments->orders_n == LEVERS_MAX)
        cmd_usage_error(state, "%s: too many orders", kind->name);
    arguments->orders[arguments->orders_n++] = (struct order){kind, value};
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
        cmd_usage_error(state, "--lever: there is no \"%s\"", text);
    return false;
}

static void check_orders(const struct arguments *arguments, struct argp_state *state) {
    bool sets = arguments->action->order == set_levers;
    for (size_t i = 0; i < arguments->orders_n; i++) {
        const struct order *order = &arguments->orders[i];
        if (sets != (order->value != NULL))
            cmd_usage_error(state, sets ? "--lever goes with clear" : "--%s goes with set",
                            order->kind->name);
        if (arguments->global && order->kind->zones_only)
            cmd_usage_error(state, "--%s is for single zones, not for --global", order->kind->name);
    }
    if (sets && arguments->orders_n == 0)
        cmd_usage_error(state, "set: give at least one lever, such as --pin or --freeze");
}

static void check_whole(const struct arguments *arguments, struct argp_state *state) {
    if (!arguments->action)
        cmd_usage_error(state, "no action given; use " ACTIONS);
    if (!arguments->db)
        cmd_usage_error(state, "--db FILE is missing");
    if (arguments->action->order && !arguments->global && arguments->zones_n == 0)
        cmd_usage_error(state, "%s: give at least one ZONE, or --global", arguments->action->name);
    if (arguments->global && arguments->zones_n > 0)
        cmd_usage_error(state, "use either --global or names of zones, not both");
    check_orders(arguments, state);
}

static void take_argument(struct arguments *arguments, struct argp_state *state, char *text) {
    if (arguments->action) {
        arguments->zones[arguments->zones_n++] = text;
        return;
    }
    arguments->action = find_action(text);
    if (!arguments->action)
        cmd_usage_error(state, "unknown action \"%s\"; use " ACTIONS, text);
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    if (parse_lever(arguments, state, key, text))
        return 0;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_GLOBAL:
        arguments->global = true;
        return 0;
    case KEY_BRAKE:
        arguments->brake = true;
        return 0;
    case KEY_DEMOTIONS:
        arguments->demotions = true;
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
    struct argp_option options[OWN_OPTIONS_N + LEVERS_MAX + 1];
    char help[LEVERS_MAX][HELP_SIZE];
    list_options(options, help);
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "set ZONE...\nclear ZONE...\nlist [ZONE...]\nrecompute",
        .doc = "Orders that go over the evidence, for zones or, with --global, for all.\v"
               "May be used while a daemon runs. set: gives orders. clear: takes back those that "
               "are named, or all. list: shows them. recompute: makes the standing of all origins "
               "again from their kept visits, as after a change of the rule's thresholds.\n\n"
               "Exit status: 0 done, 1 it could not be done, 2 wrong usage or no usable database.",
    };
    struct arguments arguments = {.zones = alloc_zero((size_t)argc, sizeof *arguments.zones)};
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    int status = run_action(&arguments);
    free(arguments.zones);
    return status;
}
