/* What the decision rule keeps: zones' settings, its states of origins and zones, which zones are
 * to be settled, what hours added up to, and its parameters.
 *
 * States are bytes in a form of the rule's own, which the store never looks into. get: *n is 0 if
 * there are none; at most `size` bytes are copied. */
#pragma once

#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

struct store_setting;

/* Sets a zone's setting and writes a change where setting, variant, first share or groups differ
 * from before. A first setting is a change from NULL unless it is `off` or `none`. */
STORE_RESULT store_setting_put(struct store *store, int64_t zone_id,
                               const struct store_setting *setting, int64_t now_ms,
                               struct err *err);

/* --- origins --- */

/* The most that may be kept of an origin. */
#define STORE_ORIGIN_STATE_MAX 2048
#define STORE_ORIGIN_VISITS_MAX 4096

/* Both together, as an observer of a commit (store_schedule.h) is given them. */
struct store_origin_rule {
    size_t state_n; /* 0: there is none */
    size_t visits_n;
    uint8_t state[STORE_ORIGIN_STATE_MAX];
    uint8_t visits[STORE_ORIGIN_VISITS_MAX];
};

/* What the rule knows of an origin, so that it need not read the history again for each scan. */
STORE_RESULT store_origin_state_get(struct store *store, int64_t origin_id, void *state,
                                    size_t size, size_t *n, struct err *err);
STORE_RESULT store_origin_state_put(struct store *store, int64_t origin_id, const void *state,
                                    size_t n, struct err *err);

/* An origin's recent visits, from which its state can be made again. */
STORE_RESULT store_origin_visits_get(struct store *store, int64_t origin_id, void *visits,
                                     size_t size, size_t *n, struct err *err);
STORE_RESULT store_origin_visits_put(struct store *store, int64_t origin_id, const void *visits,
                                     size_t n, struct err *err);

/* Touches all zones that the origin is in. */
STORE_RESULT store_origin_touch(struct store *store, int64_t origin_id, struct err *err);

/* --- origins in their zones --- */

/* What a zone wishes to be proven of one of its origins, for whoever claims it. All zeroes: nothing. */
struct store_wish {
    bool supported; /* the hello of that setting, even where it gains the origin nothing */
    bool preferred; /* or of that one */
    /* a classical share: with `preferred` beside the hybrid's, else alone; GROUP_NONE: none */
    uint16_t share;
};

/* Of an origin that is not in the zone: nothing happens. */
STORE_RESULT store_wish_put(struct store *store, int64_t zone_id, int64_t origin_id,
                            const struct store_wish *wish, struct err *err);

struct store_member {
    int64_t origin_id;
    double weight; /* in the zone */
    struct store_wish wish;
    bool others_supported; /* another zone of the origin wishes that, or more */
    bool others_preferred;
};

typedef bool store_each_member(void *arg, const struct store_member *member, const void *bytes,
                               size_t n); /* n is 0 if there are none */

/* The states or visits of all origins of a zone, in the order of their ids. */
STORE_RESULT store_origin_states_of_zone(struct store *store, int64_t zone_id,
                                         store_each_member *each, void *arg, struct err *err);
STORE_RESULT store_origin_visits_of_zone(struct store *store, int64_t zone_id,
                                         store_each_member *each, void *arg, struct err *err);

/* --- zones --- */

STORE_RESULT store_zone_state_get(struct store *store, int64_t zone_id, void *state, size_t size,
                                  size_t *n, struct err *err);
STORE_RESULT store_zone_state_put(struct store *store, int64_t zone_id, const void *state, size_t n,
                                  struct err *err);

typedef bool store_each_id(void *arg, int64_t id);

/* Zones whose evidence or levers changed since they were settled. touch: 0 for all zones. touched:
 * at most `limit` of them after zone `after`, by id. */
STORE_RESULT store_zone_touch(struct store *store, int64_t zone_id, struct err *err);
STORE_RESULT store_zone_untouch(struct store *store, int64_t zone_id, struct err *err);
STORE_RESULT store_zones_touched(struct store *store, int64_t after, size_t limit,
                                 store_each_id *each, void *arg, struct err *err);

/* --- hours --- */

/* What an hour added up to, for the global brake and the day's budget of upward moves. */
struct store_hour {
    int64_t hour; /* hours since 1970 */
    uint64_t controls;
    uint64_t controls_failed;
    uint64_t zones_up;
    uint64_t zones_down;
};

typedef bool store_each_hour(void *arg, const struct store_hour *hour);

/* Adds to an hour's sums; those of more than 31 days before it go. */
STORE_RESULT store_hour_add(struct store *store, const struct store_hour *more, struct err *err);

/* From that hour on. */
STORE_RESULT store_hours(struct store *store, int64_t from_hour, store_each_hour *each, void *arg,
                         struct err *err);

/* --- parameters --- */

typedef bool store_each_text(void *arg, const char *name, const char *value);

/* Those that the settings were made with, by name. */
STORE_RESULT store_rule_value_put(struct store *store, const char *name, const char *value,
                                  struct err *err);
STORE_RESULT store_rule_values(struct store *store, store_each_text *each, void *arg,
                               struct err *err);
