/* originscan explain: the evidence behind a zone's or an origin's setting. */
#include "cmd/cmd.h"

#include "cmd/settle/zone_view.h"
#include "cmd/zone_orders.h"
#include "report/view/explain.h"
#include "report/view/setting_explain.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "store/store_read.h"

#include <stdlib.h>
#include <string.h>

static error_t parse_option(int key, char *text, struct argp_state *state) {
    const struct cmd_target *target = state->input;
    if (key == ARGP_KEY_END && !target->argument)
        cmd_usage_error(state, "ZONE or HOST is missing");
    return cmd_target_parse(key, text, state);
}

struct explaining {
    struct zone_view_source source;
    struct zone_view view;
    size_t found;
    struct err *err;
    bool failed;
};

/* A name's address; a literal one is said already. */
static bool names_address(const struct store_origin *stored) {
    return stored->dialled[0] && !stored->origin.address[0] &&
           !origin_host_is_address(&stored->origin);
}

/* When the scan was made that the facts of an origin come from; 0: never. */
static int64_t deciding_scan_ms(const struct store_origin *stored) {
    if (!stored->scanned)
        return 0;
    return stored->decided_ms ? stored->decided_ms : stored->scanned_ms;
}

static struct setting_explain_origin explain_origin(const struct zone_view_origin *from,
                                                    char *name) {
    const struct store_origin *stored = &from->stored;
    return (struct setting_explain_origin){
        .name = origin_format(&stored->origin, name),
        .weight = from->weight,
        .by_traffic = from->by_traffic,
        .advised = from->advised,
        .verdict =
            stored->scanned && stored->facts.any ? verdict_name(stored->facts.verdict) : NULL,
        .status = stored->scanned ? status_name(stored->status) : NULL,
        .scanned_ms = deciding_scan_ms(stored),
        .address = names_address(stored) ? stored->dialled : NULL,
        .advice = &from->advice,
    };
}

/* The addresses of one origin. */
struct listed_addresses {
    size_t n;
    size_t room;
    struct setting_explain_address *list;
};

static bool list_address(void *arg, const struct store_origin_address *from) {
    struct listed_addresses *listed = arg;
    listed->list = array_reserve(listed->list, listed->n + 1, &listed->room, sizeof *listed->list);
    struct setting_explain_address *one = &listed->list[listed->n++];
    snprintf(one->address, sizeof one->address, "%s", from->address);
    one->verdict = from->verdict < VERDICT_COUNT ? verdict_name(from->verdict) : NULL;
    one->scanned_ms = from->scanned_ms;
    return true;
}

/* To be freed by the caller. */
static const struct setting_explain_address *list_addresses(struct explaining *explaining,
                                                            int64_t origin_id, size_t *n) {
    struct listed_addresses listed = {0};
    if (store_origin_addresses(explaining->source.store, origin_id, list_address, &listed,
                               explaining->err) != STORE_OK)
        explaining->failed = true;
    *n = listed.n;
    return listed.list;
}

/* The zones of an origin but for the one that is explained. */
enum { ZONES_SHOWN = 10 };

struct other_zones {
    int64_t but;
    size_t n;
    FILE *to;
};

static bool name_zone(void *arg, int64_t id, const char *name) {
    struct other_zones *zones = arg;
    char quoted[QUOTE_SIZE];
    if (id == zones->but)
        return true;
    if (zones->n++ < ZONES_SHOWN)
        fprintf(zones->to, "%s%s", zones->n > 1 ? ", " : "", quote_text(name, quoted));
    return true;
}

/* As they are shown, NULL if there is none; to be freed by the caller. */
static char *list_other_zones(struct explaining *explaining, int64_t origin_id) {
    char *text = NULL;
    size_t size;
    struct other_zones zones = {.but = explaining->view.id, .to = open_memstream(&text, &size)};
    if (!zones.to)
        abort();
    if (store_zones_of_origin(explaining->source.store, origin_id, name_zone, &zones,
                              explaining->err) != STORE_OK)
        explaining->failed = true;
    if (zones.n > ZONES_SHOWN)
        fprintf(zones.to, " and %zu more", zones.n - ZONES_SHOWN);
    fclose(zones.to);
    if (zones.n > 0)
        return text;
    free(text);
    return NULL;
}

/* A scan among the newest ones of an origin. */
struct sought_scan {
    int64_t started_ms;  /* the one of this time is sought */
    const char *address; /* or else the newest of this address */
    bool exact;          /* that of the time was found */
    size_t n;            /* scans that were looked at */
    size_t found;        /* which of them it is, from 1; 0: none */
};

static bool seek_scan(void *arg, const struct scan *scan) {
    struct sought_scan *sought = arg;
    bool same_address = strcmp(scan->address, sought->address) == 0;
    bool exact = same_address && scan->started_ms == sought->started_ms;
    sought->n++;
    if (exact || (same_address && !sought->exact))
        sought->found = sought->n;
    sought->exact = sought->exact || exact;
    return true;
}

/* Only the first that comes: history is told oldest first. */
static bool show_scan(void *arg, const struct scan *scan) {
    struct judgement judgement;
    (void)arg;
    verdict_judge(scan, &judgement);
    explain_scan(stdout, scan, &judgement);
    return false;
}

/* The scan that the facts come from, or else the last one of its address, or the last one at all,
 * where it is not kept any more. */
static enum store_result show_deciding_scan(struct store *store, const struct store_origin *stored,
                                            struct err *err) {
    enum { LOOKED_AT = 256 };
    struct sought_scan sought = {.started_ms = deciding_scan_ms(stored),
                                 .address = stored->dialled};
    enum store_result result = store_history(store, stored->id, LOOKED_AT, seek_scan, &sought, err);
    size_t back = sought.found ? sought.n - sought.found + 1 : 1;
    return result == STORE_OK ? store_history(store, stored->id, back, show_scan, NULL, err)
                              : result;
}

/* One scan of each origin, probe by probe. */
static void show_scans(struct explaining *explaining) {
    const struct zone_view *view = &explaining->view;
    for (size_t i = 0; i < view->origins_n && !explaining->failed; i++)
        explaining->failed = show_deciding_scan(explaining->source.store, &view->origins[i].stored,
                                                explaining->err) != STORE_OK;
}

/* The orders of a zone and those for all zones, as texts. */
struct order_texts {
    char **texts;
    size_t n;
    size_t room;
};

static bool add_order(void *arg, const struct store_lever *order) {
    struct order_texts *orders = arg;
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        abort();
    fprintf(to, "%s%s ", order->zone ? "" : "--global ", order->name);
    quote_print(to, order->value, "");
    fputs("  ", to);
    zone_orders_write_dates(to, order);
    fclose(to);
    orders->texts =
        array_reserve(orders->texts, orders->n + 1, &orders->room, sizeof *orders->texts);
    orders->texts[orders->n++] = text;
    return true;
}

static void list_orders(struct explaining *explaining, struct order_texts *orders) {
    struct store *store = explaining->source.store;
    explaining->failed =
        store_levers(store, explaining->view.id, add_order, orders, explaining->err) != STORE_OK ||
        store_levers(store, 0, add_order, orders, explaining->err) != STORE_OK;
}

static void clear_orders(struct order_texts *orders) {
    for (size_t i = 0; i < orders->n; i++)
        free(orders->texts[i]);
    free(orders->texts);
}

static void show_zone(struct explaining *explaining) {
    const struct zone_view *view = &explaining->view;
    struct order_texts orders = {0};
    list_orders(explaining, &orders);
    struct setting_explain_origin *origins = alloc_zero(view->origins_n + 1, sizeof *origins);
    char(*names)[ORIGIN_TEXT_SIZE] = alloc_zero(view->origins_n + 1, sizeof *names);
    for (size_t i = 0; i < view->origins_n; i++)
        origins[i] = explain_origin(&view->origins[i], names[i]);
    for (size_t i = 0; i < view->origins_n; i++) {
        int64_t id = view->origins[i].stored.id;
        origins[i].addresses = list_addresses(explaining, id, &origins[i].addresses_n);
        origins[i].other_zones = list_other_zones(explaining, id);
    }
    struct setting_explain_zone zone = {
        .name = view->name,
        .any = view->any,
        .shadow = view->shadow,
        .off_stands_in = view->off_stands_in,
        .compliance = view->compliance,
        .advice = &view->advice,
        .orders_n = orders.n,
        .orders = orders.texts,
        .target = &view->target,
        .origins_n = view->origins_n,
        .origins = origins,
    };
    setting_explain_zone(stdout, &zone, &explaining->source.options.params);
    show_scans(explaining);
    clear_orders(&orders);
    for (size_t i = 0; i < view->origins_n; i++) {
        free((void *)origins[i].addresses);
        free((void *)origins[i].other_zones);
    }
    free(names);
    free(origins);
}

static bool take_zone(void *arg, int64_t zone_id, const char *name,
                      const struct store_setting *setting) {
    struct explaining *explaining = arg;
    explaining->found++;
    explaining->failed = !zone_view_load(&explaining->view, &explaining->source, zone_id, name,
                                         setting, explaining->err);
    if (!explaining->failed)
        show_zone(explaining);
    return !explaining->failed;
}

/* The zones of a host's origins, each once. */
struct zones_of_host {
    int64_t *ids;
    size_t n;
    size_t room;
};

static bool note_zone(void *arg, const struct store_origin *origin) {
    struct zones_of_host *zones = arg;
    for (size_t i = 0; i < zones->n; i++) {
        if (zones->ids[i] == origin->zone_id)
            return true;
    }
    zones->ids = array_reserve(zones->ids, zones->n + 1, &zones->room, sizeof *zones->ids);
    zones->ids[zones->n++] = origin->zone_id;
    return true;
}

static bool by_host(struct explaining *explaining, const char *text) {
    struct store *store = explaining->source.store;
    struct origin origin;
    struct zones_of_host zones = {0};
    if (!origin_parse_any_port(text, &origin))
        return true;
    bool done = store_origins_by_host(store, origin.host, origin.port, note_zone, &zones,
                                      explaining->err) == STORE_OK;
    for (size_t i = 0; done && i < zones.n; i++)
        done = store_zone_by_id(store, zones.ids[i], take_zone, explaining, explaining->err) ==
                   STORE_OK &&
               !explaining->failed;
    free(zones.ids);
    return done;
}

static int explain_name(const struct cmd_target *target, struct store *store) {
    struct err err;
    char quoted[QUOTE_SIZE];
    struct explaining explaining = {.err = &err};
    bool done =
        zone_view_source_init(&explaining.source, store, clock_wall_ms(), &err) &&
        store_zone_by_name(store, target->argument, take_zone, &explaining, &err) == STORE_OK &&
        !explaining.failed;
    if (done && explaining.found == 0)
        done = by_host(&explaining, target->argument);
    zone_view_clear(&explaining.view);
    if (!done)
        cmd_fail("explain", &err);
    else if (explaining.found == 0)
        cmd_say("explain", "there is no zone or origin named %s",
                quote_text(target->argument, quoted));
    return done && explaining.found ? CMD_DONE : CMD_SOME_FAILED;
}

int cmd_explain(int argc, char **argv) {
    const struct argp argp = {
        .options = cmd_target_options,
        .parser = parse_option,
        .args_doc = "ZONE|HOST[:PORT]",
        .doc =
            "Explains the setting of a zone, or of each zone that a host belongs to: what it rests "
            "on, what would change it and when; then shows the last scan of each origin, probe by "
            "probe.\v"
            "Exit status: 0 done, 1 there is no such zone or host, 2 wrong usage or no usable "
            "database.",
    };
    struct cmd_target target = {0};
    cmd_parse(&argp, argc, argv, 0, &target);
    struct store *store = cmd_open_store("explain", target.db, STORE_READ);
    int status = store ? explain_name(&target, store) : CMD_USAGE;
    store_close(store);
    return status;
}
