/* One zone while it is settled: read, judged on a copy, written. */
#pragma once

#include "cmd/settle/settle.h"
#include "report/zone/target_memo.h"

/* What every zone of a cycle is judged with. */
struct settle_context {
    struct store *store; /* borrowed, as the options */
    const struct settle_options *options;
    int64_t now_ms;
    struct lever_set all;        /* the levers for all zones */
    bool traffic;                /* some origin's traffic was reported lately */
    struct target_memo *targets; /* the caller's, with the options' parameters; NULL: none */
};

/* Reads the levers for all zones, and whether there is traffic to weigh by. */
STORE_RESULT settle_zone_context(struct settle_context *context, struct store *store,
                                 const struct settle_options *options, int64_t now_ms,
                                 struct err *err);

struct settle_zone {
    int64_t id;
    struct zone_state before;
    bool damaged; /* that could not be read: it is the one before anything was advised */
    struct zone_state after;
    struct zone_target target;
    struct lever_set levers;  /* merged */
    bool frozen;              /* by the lever for all zones */
    enum rule_reason blocker; /* of the limiting origin */
    enum zone_move move;
    size_t origins_n;
    size_t origins_room;
    struct settle_origin *origins; /* settle_zone_forget_origins frees them */
};

/* Fills in all but `after` and `move` from `id`. With `changed` (else NULL) the states of the
 * origins are rebuilt from their visits and written; it counts those that differed from what was
 * stored. */
STORE_RESULT settle_zone_load(struct settle_zone *zone, const struct settle_context *context,
                              uint64_t *changed, struct err *err);
void settle_zone_forget_origins(struct settle_zone *zone);

/* The same from what was read already: the zone's state; then each of its origins in the order of their
 * ids, with the weight that it was imported with and its state; then the zone's own levers. Room for
 * origins is kept from one zone to the next. */
void settle_zone_begin(struct settle_zone *zone, const struct settle_context *context, int64_t id,
                       const void *state, size_t n);
void settle_zone_add_origin(struct settle_zone *zone, const struct settle_context *context,
                            const struct store_member *member, const void *state, size_t n);
STORE_RESULT settle_zone_judge(struct settle_zone *zone, const struct settle_context *context,
                               const struct lever_set *own, struct err *err);

/* What was loaded or judged, as others see it. The origins are the zone's still. */
struct settle_view settle_zone_view(const struct settle_zone *zone,
                                    const struct settle_context *context);

/* Tells the origins what the zone would have them prove, where that is another thing than before. To be
 * called inside a transaction. */
STORE_RESULT settle_zone_wish(const struct settle_zone *zone, const struct settle_context *context,
                              struct err *err);

/* `after` from `before`. */
void settle_zone_step(struct settle_zone *zone, const struct settle_context *context, bool brake,
                      bool allow_up);

/* What zone_ramp_step and zone_feedback_take need to know. */
struct zone_input settle_zone_input(const struct settle_zone *zone,
                                    const struct settle_context *context, bool brake,
                                    bool allow_up);

/* Writes `after` as the zone's state and setting. */
STORE_RESULT settle_zone_save(const struct settle_zone *zone, const struct settle_context *context,
                              struct err *err);
