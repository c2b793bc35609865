/* What an operator orders for zones, over the evidence: setting levers, clearing and listing them. */
#pragma once

#include "cmd/settle/lever_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { ZONE_ORDERS_MAX = 8 };

struct zone_order {
    const struct lever_kind *kind;
    const char *value; /* NULL: to be cleared */
};

/* What is ordered, for which zones; all borrowed. */
struct zone_orders {
    bool global; /* for all zones that have no order of their own */
    size_t zones_n;
    const char **zones;
    size_t n;
    struct zone_order orders[ZONE_ORDERS_MAX];
    const char *comment; /* of those that are set; NULL: none */
    int64_t until_ms;    /* their end; 0: until they are cleared */
    bool brake;          /* clear: the global brake, for a day */
    bool demotions;      /* clear: what demotions and rollbacks left */
};

/* Who carries them out, and with what. */
struct zone_orders_context {
    struct store *store;
    struct settle_options options;
    int64_t now_ms;
};

/* Reads an end: 7d, 12h or 30m from now, or a date or time in UTC (2026-12-24, 2026-12-24T18:00).
 * False, with `err`, for anything else and for what is past. */
bool zone_orders_until(const char *text, int64_t now_ms, int64_t *until_ms, struct err *err);

/* Gives the orders, also to zones that are not there yet, or takes back those that are named, or all where
 * none is; then settles what follows from it. All or nothing; false with `err`. Says on standard error where
 * the evidence speaks against a pin. */
bool zone_orders_set(const struct zone_orders *orders, const struct zone_orders_context *context,
                     struct err *err);
bool zone_orders_clear(const struct zone_orders *orders, const struct zone_orders_context *context,
                       struct err *err);

/* Writes when an order was given, when it ends or ended and why it was given, without a line end; foreign
 * bytes of the comment are escaped. */
void zone_orders_write_dates(FILE *to, const struct store_lever *order);

/* Prints the orders, also those that have ended, of the zones that are named, or of all. */
bool zone_orders_list(const struct zone_orders *orders, const struct zone_orders_context *context,
                      struct err *err);
