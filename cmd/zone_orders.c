/* What an operator orders for zones. */
#include "cmd/zone_orders.h"

#include "cmd/cmd.h"
#include "cmd/settle/settle.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "scanner/base/quote.h"
#include "store/store_lever.h"
#include "store/store_zone.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RELEASE_HOURS = 24 };

/* Does something to one zone; 0: to all. */
typedef bool act_on_zone(const struct zone_orders *orders,
                         const struct zone_orders_context *context, int64_t zone_id,
                         struct err *err);

/* A pin has to pass the filter that holds for the zone, which may be set by the same command. */
static bool check_values(const struct zone_orders *orders,
                         const struct zone_orders_context *context, int64_t zone_id,
                         struct err *err) {
    struct lever_set all, own;
    if (lever_set_read(&all, context->store, 0, err) != STORE_OK ||
        lever_set_read(&own, context->store, zone_id, err) != STORE_OK)
        return false;
    struct lever_set merged = lever_set_merge(&all, &own, &context->options);
    enum compliance compliance = merged.compliance;
    struct lever_set ordered = {0};
    for (size_t i = 0; i < orders->n; i++)
        lever_set_add(&ordered, &(struct store_lever){.name = orders->orders[i].kind->name,
                                                      .value = orders->orders[i].value});
    if (ordered.has_compliance)
        compliance = ordered.compliance;
    for (size_t i = 0; i < orders->n; i++) {
        struct err why;
        const struct zone_order *order = &orders->orders[i];
        if (!lever_set_check(order->kind, order->value, compliance, context->options.params.hybrid,
                             &why))
            return err_set(err, "--%s: %s", order->kind->name, why.text);
    }
    return true;
}

static bool set_of_zone(const struct zone_orders *orders, const struct zone_orders_context *context,
                        int64_t zone_id, struct err *err) {
    struct store *store = context->store;
    if (!check_values(orders, context, zone_id, err))
        return false;
    for (size_t i = 0; i < orders->n; i++)
        if (store_lever_order(store,
                              &(struct store_lever){.zone_id = zone_id,
                                                    .name = orders->orders[i].kind->name,
                                                    .value = orders->orders[i].value,
                                                    .comment = orders->comment,
                                                    .until_ms = orders->until_ms},
                              context->now_ms, "operator", err) != STORE_OK)
            return false;
    return true;
}

static bool clear_brake(const struct zone_orders_context *context, struct err *err) {
    struct store *store = context->store;
    char until[24];
    snprintf(until, sizeof until, "%" PRId64, context->now_ms + RELEASE_HOURS * HOUR_MS);
    return store_lever_set(store, 0, "release", until, context->now_ms, "operator", err) ==
               STORE_OK &&
           store_lever_set(store, 0, "brake", NULL, context->now_ms, "operator", err) == STORE_OK;
}

/* Those that are named, or all where none is. */
static bool clear_of_zone(const struct zone_orders *orders,
                          const struct zone_orders_context *context, int64_t zone_id,
                          struct err *err) {
    struct store *store = context->store;
    bool named = orders->n > 0 || orders->brake || orders->demotions;
    size_t n;
    const struct lever_kind *kinds = lever_set_kinds(&n);
    for (size_t i = 0; i < n; i++) {
        bool wanted = !named;
        for (size_t k = 0; k < orders->n; k++)
            wanted = wanted || orders->orders[k].kind == &kinds[i];
        if (wanted && store_lever_set(store, zone_id, kinds[i].name, NULL, context->now_ms,
                                      "operator", err) != STORE_OK)
            return false;
    }
    if (orders->brake && !clear_brake(context, err))
        return false;
    if (orders->demotions && zone_id != 0 &&
        settle_release(store, &context->options, zone_id, context->now_ms, err) != STORE_OK)
        return false;
    return zone_id == 0 || store_zone_drop(store, zone_id, err) == STORE_OK;
}

struct carrying_out {
    const struct zone_orders *orders;
    const struct zone_orders_context *context;
    act_on_zone *act;
};

/* Orders may wait for the origins of a zone, but a misspelt name must not pass unseen. */
static bool make_zone(const struct zone_orders_context *context, const char *name, int64_t *id,
                      struct err *err) {
    char quoted[QUOTE_SIZE];
    if (store_zone_make(context->store, name, id, err) != STORE_OK)
        return false;
    cmd_say("zone", "there is no zone %s yet; the orders wait for its origins",
            quote_text(name, quoted));
    return true;
}

static bool act_on_zones(const struct carrying_out *c, struct err *err) {
    const struct zone_orders *orders = c->orders;
    const struct zone_orders_context *context = c->context;
    if (orders->global)
        return c->act(orders, context, 0, err);
    for (size_t i = 0; i < orders->zones_n; i++) {
        int64_t id;
        if (cmd_find_zone(context->store, orders->zones[i], &id, err) != STORE_OK)
            return false;
        if (id == 0 && c->act == set_of_zone && !make_zone(context, orders->zones[i], &id, err))
            return false;
        if (id == 0)
            return err_set(err, "there is no zone \"%s\"", orders->zones[i]);
        if (!c->act(orders, context, id, err))
            return false;
    }
    return true;
}

static enum store_result carry_out_whole(void *arg, struct err *err) {
    return act_on_zones(arg, err) ? STORE_OK : STORE_BROKEN;
}

static bool carry_out(const struct zone_orders *orders, const struct zone_orders_context *context,
                      act_on_zone *act, struct err *err) {
    struct store *store = context->store;
    struct carrying_out c = {orders, context, act};
    return store_transaction(store, carry_out_whole, &c, err) == STORE_OK &&
           settle_all(store, &context->options, context->now_ms, NULL, err) == STORE_OK;
}

/* A pin goes before the evidence; whoever gives it should know what that says. */
static void warn_of_pin(const char *zone, const struct settle_view *view) {
    enum rule_level level = view->levers.levers.pin;
    enum rule_reason reason = REASON_NONE;
    char quoted[QUOTE_SIZE];
    size_t against = 0;
    for (size_t i = 0; i < view->origins_n; i++) {
        const struct origin_advice *advice = &view->origins[i].advice;
        if (advice->tolerates[level] || advice->provable[level])
            continue;
        against++;
        reason = advice->bars[level];
    }
    if (against > 0)
        cmd_say("zone",
                "zone %s: what was measured speaks against `%s` at %zu of %zu "
                "origins (%s); it is pinned all the same",
                quote_text(zone, quoted), rule_level_name(level), against, view->origins_n,
                rule_reason_name(reason));
}

static bool warn_of_pins(const struct zone_orders *orders,
                         const struct zone_orders_context *context, struct err *err) {
    for (size_t i = 0; i < orders->zones_n; i++) {
        struct settle_view view;
        int64_t id;
        if (cmd_find_zone(context->store, orders->zones[i], &id, err) != STORE_OK)
            return false;
        bool seen = settle_view(context->store, &context->options, id, context->now_ms, &view,
                                err) == STORE_OK;
        if (seen && view.levers.has_pin)
            warn_of_pin(orders->zones[i], &view);
        settle_view_clear(&view);
        if (!seen)
            return false;
    }
    return true;
}

static bool orders_pin(const struct zone_orders *orders) {
    for (size_t i = 0; i < orders->n; i++)
        if (strcmp(orders->orders[i].kind->name, "pin") == 0)
            return true;
    return false;
}

bool zone_orders_set(const struct zone_orders *orders, const struct zone_orders_context *context,
                     struct err *err) {
    return carry_out(orders, context, set_of_zone, err) &&
           (!orders_pin(orders) || warn_of_pins(orders, context, err));
}

bool zone_orders_clear(const struct zone_orders *orders, const struct zone_orders_context *context,
                       struct err *err) {
    return carry_out(orders, context, clear_of_zone, err);
}

static bool is_wanted(const struct zone_orders *orders, const struct store_lever *lever) {
    if (!lever->zone)
        return orders->zones_n == 0;
    for (size_t i = 0; i < orders->zones_n; i++)
        if (strcmp(orders->zones[i], lever->zone) == 0)
            return true;
    return orders->zones_n == 0 && !orders->global;
}

void zone_orders_write_dates(FILE *to, const struct store_lever *order) {
    char iso[CLOCK_ISO_SIZE];
    fprintf(to, "set %.16sZ", clock_iso(order->set_ms, iso));
    if (order->until_ms)
        fprintf(to, "  %s %.16sZ", order->ended ? "ended" : "until",
                clock_iso(order->until_ms, iso));
    if (order->comment) {
        fputs("  # ", to);
        quote_print(to, order->comment, "");
    }
}

static bool print_lever(void *arg, const struct store_lever *lever) {
    if (!is_wanted(arg, lever))
        return true;
    char *dates = NULL;
    size_t n;
    FILE *to = open_memstream(&dates, &n);
    if (!to)
        abort();
    zone_orders_write_dates(to, lever);
    fclose(to);
    quote_line(stdout, "%-30s %-11s %-20s %s", lever->zone ? lever->zone : "--global", lever->name,
               lever->value, dates);
    free(dates);
    return true;
}

bool zone_orders_list(const struct zone_orders *orders, const struct zone_orders_context *context,
                      struct err *err) {
    struct store *store = context->store;
    for (size_t i = 0; i < orders->zones_n; i++) {
        char quoted[QUOTE_SIZE];
        int64_t id;
        if (cmd_find_zone(store, orders->zones[i], &id, err) != STORE_OK)
            return false;
        if (id == 0)
            return err_set(err, "there is no zone %s", quote_text(orders->zones[i], quoted));
    }
    return store_levers_all(store, print_lever, (void *)orders, err) == STORE_OK;
}

/* ---- when orders end ---- */

static bool read_span(const char *text, int64_t *ms) {
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'m', MINUTE_MS}, {'h', HOUR_MS}, {'d', DAY_MS}, {'w', 7 * DAY_MS}};
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 5 || !text[n] || text[n + 1])
        return false;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (text[n] == units[i].unit) {
            *ms = strtoll(text, NULL, 10) * units[i].ms;
            return true;
        }
    return false;
}

static bool read_time(const char *text, int64_t *ms) {
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        if (end && (!*end || strcmp(end, "Z") == 0)) {
            *ms = (int64_t)timegm(&tm) * SECOND_MS;
            return true;
        }
    }
    return false;
}

bool zone_orders_until(const char *text, int64_t now_ms, int64_t *until_ms, struct err *err) {
    char quoted[QUOTE_SIZE];
    int64_t ms;
    if (read_span(text, &ms))
        ms += now_ms;
    else if (!read_time(text, &ms))
        return err_set(err,
                       "unknown time %s; use a span such as 12h or 7d, or a date in UTC such as"
                       " 2026-12-24 or 2026-12-24T18:00",
                       quote_text(text, quoted));
    if (ms <= now_ms)
        return err_set(err, "%s is in the past", quote_text(text, quoted));
    *until_ms = ms;
    return true;
}
