/* What an operator orders for zones, over the evidence: setting levers, clearing and listing them. */
#pragma once

#include "cmd/settle/lever_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    bool brake;     /* clear: the global brake, for a day */
    bool demotions; /* clear: what demotions and rollbacks left */
};

/* Who carries them out, and with what. */
struct zone_orders_context {
    struct store *store;
    struct settle_options options;
    int64_t now_ms;
};

/* Gives the orders, or takes back those that are named, or all where none is; then settles what
 * follows from it. All or nothing; false with `err`. */
bool zone_orders_set(const struct zone_orders *orders, const struct zone_orders_context *context,
                     struct err *err);
bool zone_orders_clear(const struct zone_orders *orders, const struct zone_orders_context *context,
                       struct err *err);

/* Prints the orders in force of the zones that are named, or of all. */
bool zone_orders_list(const struct zone_orders *orders, const struct zone_orders_context *context,
                      struct err *err);
