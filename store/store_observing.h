/* What a commit does for the decision rule: gives an observer what is kept of each origin, and keeps
 * what it returns. Nothing outside store/ includes this. */
#pragma once

#include "store/db/db.h"
#include "store/store_schedule.h"

/* Of one commit. Zero it but for the first three. */
struct store_observing {
    struct store *store;
    struct db *db;
    const struct store_commit *commit;
    struct store_origin_rule rule; /* of the origin whose scan is being stored */
    struct store_origin_rule before;
    struct store_hour sums;
};

/* To be added to a query of `origin o`: what store_observing_read() reads. */
#define STORE_OBSERVING_COLUMNS ", e.memo AS rule_state, v.visits AS rule_visits"
#define STORE_OBSERVING_JOIN                                                                       \
    " LEFT JOIN evidence e ON e.origin_id = o.id LEFT JOIN origin_visits v ON v.origin_id = o.id"
void store_observing_read(struct store_observing *o, struct db_query *query);

/* Calls the observer for the origin that was read last, and writes what it returns but for the wish
 * for an extra visit. */
void store_observing_ask(struct store_observing *o, struct store_observed *observed);

/* Writes what is written once a commit. */
void store_observing_end(struct store_observing *o);
