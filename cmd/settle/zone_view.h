/* A zone of the store as the report library knows it: its setting, its origins and what the rule
 * advises for each. The only place where stored values become those of the rule. */
#pragma once

#include "cmd/settle/settle.h"
#include "report/export/export.h"
#include "store/store_read.h"

/* An origin and, where the rule has evidence, its advice. */
struct zone_view_origin {
    struct store_origin stored;
    double weight; /* in its zone: by traffic where that is known, else as it was imported */
    bool by_traffic;
    bool advised;
    struct origin_advice advice;
};

/* Plain values, valid until the next zone_view_load or zone_view_clear. */
struct zone_view {
    int64_t id;
    char name[ORIGIN_HOST_SIZE];
    bool any; /* the zone has a setting */
    struct recommendation advice;
    struct zone_target target; /* what the evidence allows; origins by their place in this view */
    enum compliance compliance;
    bool deny[LEVEL_COUNT];
    bool kept; /* frozen, or under the global brake */
    bool shadow;
    bool off_stands_in; /* nothing is advised, and `off` is written in place of it */
    size_t origins_n;
    struct zone_view_origin *origins; /* in the order of their ids */
    size_t room;
};

struct zone_view_source {
    struct store *store;
    struct settle_options options; /* what the settings were made with */
    int64_t now_ms;
    const char *const *zones; /* export only these, in this order; zones_n 0: all, by name */
    size_t zones_n;
    /* Export, each for a price: who asks for a client certificate, by reading each last scan; which
     * zones of an origin are held, by reading all of them. */
    bool certificates;
    bool holds;
};

/* Reads the options from the store. */
bool zone_view_source_init(struct zone_view_source *source, struct store *store, int64_t now_ms,
                           struct err *err);

/* Since when and why the global brake is on: exports are to stay as they are. "" in `why` if it is
 * off. */
bool zone_view_brake(const struct zone_view_source *source, char why[64], int64_t *since_ms,
                     struct err *err);

/* Fills the view of that zone. `setting` is NULL if it has none. */
bool zone_view_load(struct zone_view *view, const struct zone_view_source *source, int64_t zone_id,
                    const char *name, const struct store_setting *setting, struct err *err);
void zone_view_clear(struct zone_view *view);

/* The same from what was read already: the zone, each of its origins in the order of their ids, and
 * what settling makes of them. */
void zone_view_begin(struct zone_view *view, int64_t zone_id, const char *name);
void zone_view_add_origin(struct zone_view *view, const struct store_origin *stored);
void zone_view_finish(struct zone_view *view, const struct zone_view_source *source,
                      const struct settle_view *settled, const struct store_setting *setting);

/* What the zone's traffic meets, as fractions of its weight: with the setting at its ramp's stage and
 * the previous one for the rest, with the setting for all, and with the best choice in reach. A zone
 * without advice is taken to send `off`. */
struct zone_view_expectation {
    struct candidate_sum now;
    struct candidate_sum recommended;
    struct candidate_sum possible;
};
struct zone_view_expectation zone_view_expect(const struct zone_view *view);

/* An export_source; `arg` is a struct zone_view_source. */
bool zone_view_export(void *arg, export_sink *sink, void *sink_arg, struct err *err);
