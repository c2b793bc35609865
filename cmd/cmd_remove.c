/* originscan remove: take zones and origins out of a database. */
#include "cmd/cmd.h"

#include "cmd/settle/settle.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/words/origin.h"
#include "store/store_remove.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_DB = 256, KEY_ZONE };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "The database", 0},
    {"zone", KEY_ZONE, "ZONE", 0,
     "Take the origins of each HOST out of this zone only (may be repeated)", 0},
    {0},
};

struct arguments {
    const char *db;
    size_t n, zones_n;
    const char **names; /* of zones and origins; with --zone, of origins */
    const char **zones; /* of --zone */
};

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_DB:
        arguments->db = text;
        return 0;
    case KEY_ZONE:
        arguments->zones[arguments->zones_n++] = text;
        return 0;
    case ARGP_KEY_ARG:
        arguments->names[arguments->n++] = text;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->db)
            cmd_usage_error(state, "--db FILE is missing");
        if (arguments->n == 0)
            cmd_usage_error(state, arguments->zones_n ? "give at least one HOST[:PORT]"
                                                      : "give at least one ZONE or HOST[:PORT]");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

struct removing {
    struct store *store;
    int64_t now_ms;
    struct store_removed removed;
    bool some_unknown; /* an argument that named nothing */
};

static bool remove_named(struct removing *removing, const char *name, struct err *err) {
    struct origin origin;
    bool found;
    uint64_t before = removing->removed.origins;
    if (store_remove_zone(removing->store, name, removing->now_ms, &found, &removing->removed,
                          err) != STORE_OK)
        return false;
    if (origin_parse_any_port(name, &origin) &&
        store_remove_host(removing->store, origin.host, origin.port, removing->now_ms,
                          &removing->removed, err) != STORE_OK)
        return false;
    if (!found && removing->removed.origins == before) {
        char quoted[QUOTE_SIZE];
        cmd_say("remove", "there is no zone or host %s", quote_text(name, quoted));
        removing->some_unknown = true;
    }
    return true;
}

static bool remove_from(struct removing *removing, const char *zone, int64_t zone_id,
                        const char *name, struct err *err) {
    struct origin origin;
    char quoted_zone[QUOTE_SIZE], quoted[QUOTE_SIZE];
    uint64_t before = removing->removed.origins + removing->removed.memberships;
    if (origin_parse_any_port(name, &origin) &&
        store_remove_from_zone(removing->store, zone_id, origin.host, origin.port, removing->now_ms,
                               &removing->removed, err) != STORE_OK)
        return false;
    if (removing->removed.origins + removing->removed.memberships == before) {
        cmd_say("remove", "zone %s has no host %s", quote_text(zone, quoted_zone),
                quote_text(name, quoted));
        removing->some_unknown = true;
    }
    return true;
}

static bool remove_from_zone(struct removing *removing, const struct arguments *arguments,
                             const char *zone, struct err *err) {
    char quoted[QUOTE_SIZE];
    int64_t zone_id;
    if (cmd_find_zone(removing->store, zone, &zone_id, err) != STORE_OK)
        return false;
    if (zone_id == 0) {
        cmd_say("remove", "there is no zone %s", quote_text(zone, quoted));
        removing->some_unknown = true;
        return true;
    }
    for (size_t i = 0; i < arguments->n; i++)
        if (!remove_from(removing, zone, zone_id, arguments->names[i], err))
            return false;
    return true;
}

/* Zones that lost an origin may have another setting now. */
static bool settle_rest(struct removing *removing, struct err *err) {
    struct settle_options settling;
    return settle_options_load(&settling, removing->store, err) == STORE_OK &&
           settle_all(removing->store, &settling, removing->now_ms, NULL, err) == STORE_OK;
}

static void print_removed(const struct store_removed *removed) {
    printf("%" PRIu64 " origin%s removed", removed->origins, removed->origins == 1 ? "" : "s");
    if (removed->memberships)
        printf(", %" PRIu64 " kept in other zones", removed->memberships);
    if (removed->zones)
        printf(", and %" PRIu64 " zone%s", removed->zones, removed->zones == 1 ? "" : "s");
    if (removed->orders)
        printf(" with %" PRIu64 " order%s", removed->orders, removed->orders == 1 ? "" : "s");
    putchar('\n');
}

static int remove_all(const struct arguments *arguments, struct store *store) {
    struct removing removing = {.store = store, .now_ms = clock_wall_ms()};
    struct err err;
    bool good = true;
    for (size_t i = 0; i < arguments->zones_n && good; i++)
        good = remove_from_zone(&removing, arguments, arguments->zones[i], &err);
    for (size_t i = 0; i < arguments->n && good && arguments->zones_n == 0; i++)
        good = remove_named(&removing, arguments->names[i], &err);
    print_removed(&removing.removed);
    if (!good || !settle_rest(&removing, &err))
        return cmd_fail("remove", &err);
    return removing.some_unknown ? CMD_SOME_FAILED : CMD_DONE;
}

int cmd_remove(int argc, char **argv) {
    const struct argp argp = {
        .options = options,
        .parser = parse_option,
        .args_doc = "ZONE|HOST[:PORT]...\n--zone=ZONE HOST[:PORT]...",
        .doc =
            "Removes zones with all their origins and orders, and origins by their host, from a "
            "database. May be used while a daemon runs.\v"
            "An origin that is in another zone, too, stays there when a ZONE is removed. A HOST "
            "is removed from all zones; with --zone it leaves that zone only, and stays in the "
            "others that it has. Without a port it means every port. A zone that is left without "
            "origins goes too, unless it has orders. What was measured of an origin is lost with "
            "it; one that is imported again begins anew.\n\n"
            "Exit status: 0 done, 1 an argument named nothing or removing failed, 2 wrong usage "
            "or no usable database.",
    };
    struct arguments arguments = {.names = alloc_zero((size_t)argc, sizeof(char *)),
                                  .zones = alloc_zero((size_t)argc, sizeof(char *))};
    cmd_parse(&argp, argc, argv, 0, &arguments);
    struct store *store = cmd_open_store("remove", arguments.db, STORE_BESIDE);
    int status = store ? remove_all(&arguments, store) : CMD_USAGE;
    store_close(store);
    free(arguments.names);
    free(arguments.zones);
    return status;
}
