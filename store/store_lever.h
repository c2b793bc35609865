/* What operators set for zones, and what they report of their traffic. */
#pragma once

#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an operator has set, as texts by name: a zone's, or for all zones where `zone` is NULL. */
struct store_lever {
    int64_t zone_id; /* 0 for all zones */
    const char *zone;
    const char *name;
    const char *value;
    const char *comment; /* NULL: none */
    int64_t set_ms;
    int64_t until_ms; /* 0: until it is cleared */
    bool ended;       /* it was, and counts no more; kept to be shown */
};

typedef bool store_each_lever(void *arg, const struct store_lever *lever);

/* Sets a lever of a zone (0: of all), or takes it away with a NULL value; writes a change where it
 * differs from what counted before, and touches the zones. */
STORE_RESULT store_lever_set(struct store *store, int64_t zone_id, const char *name,
                             const char *value, int64_t now_ms, const char *reason,
                             struct err *err);

/* The same with a comment and an end; zone, set_ms and ended are not read. The comment is part of
 * the change's reason. */
STORE_RESULT store_lever_order(struct store *store, const struct store_lever *order, int64_t now_ms,
                               const char *reason, struct err *err);

/* Marks the levers whose end has come as ended, writes a change for each and touches their zones. */
STORE_RESULT store_lever_end(struct store *store, int64_t now_ms, struct err *err);

/* Those of that zone, or with 0 those for all. */
STORE_RESULT store_levers(struct store *store, int64_t zone_id, store_each_lever *each, void *arg,
                          struct err *err);

/* Every one: those for all first, then by zone and name. */
STORE_RESULT store_levers_all(struct store *store, store_each_lever *each, void *arg,
                              struct err *err);

/* A report of what real traffic met. */
struct store_feedback {
    int64_t zone_id;
    int64_t reported_ms;
    int64_t until_ms; /* end of the period that it speaks of; 0 not said */
    const char *arm;
    uint64_t handshakes;
    uint64_t failures;
    uint64_t retries;
};

/* Keeps a report. *added is false, and nothing happens, if one of the same zone, arm and period is
 * there already; those without a period never are. Reports older than 180 days go. */
STORE_RESULT store_feedback_add(struct store *store, const struct store_feedback *feedback,
                                bool *added, struct err *err);

/* What a zone's reports of a time counted together. */
struct store_feedback_sum {
    int64_t zone_id;
    uint64_t handshakes;
    uint64_t retries;
};

typedef bool store_each_feedback_sum(void *arg, const struct store_feedback_sum *sum);

/* Of each zone with reports that came since then and speak of a time since then, by the zone's id. */
STORE_RESULT store_feedback_sums(struct store *store, int64_t since_ms,
                                 store_each_feedback_sum *each, void *arg, struct err *err);
