/* From stored scans to the settings of zones: this folder is where the store and the decision rule
 * meet. (What is exported and explained is read through zone_view.h.)
 *
 *   commit of scans --settle_observe--> states of origins, touched zones, extra visits
 *   touched zones --settle_run--> levers, compliance, ramp, brake --> zone settings
 *
 * A cycle takes the touched zones, judges them all, asks the global brake, and only then keeps what
 * was judged, in one transaction. Nothing lives between calls but in the database, so that commands
 * and the daemon may settle side by side. */
#pragma once

#include "cmd/settle/lever_set.h"
#include "cmd/settle/settle_options.h"
#include "report/zone/brake.h"
#include "report/zone/recommend.h"
#include "store/store_read.h"
#include "store/store_schedule.h"
#include "store/store_traffic.h"

/* A store_observe; `options` is a const struct settle_options. */
void settle_observe(void *options, struct store *store, struct store_observed *observed);

/* What a cycle did. */
struct settle_cycle {
    int64_t after;  /* in and out: where the next cycle goes on; 0 to begin */
    uint64_t fleet; /* in and out: all zones there are; counted where `after` is 0 */
    bool rebuild;   /* in: rebuild the states of the zones' origins from their visits */
    uint64_t zones; /* out: settled or, under the brake, left for later */
    uint64_t up;
    uint64_t down;
    uint64_t origins_changed; /* states that were rebuilt to another than was stored */
    uint64_t damaged;         /* zones whose state could not be read, so that they begin anew */
    struct brake_verdict brake;
};

/* Settles up to 1,000 touched zones; `after` is 0 when it has reached the last of them. */
STORE_RESULT settle_run(struct store *store, const struct settle_options *options, int64_t now_ms,
                        struct settle_cycle *cycle, struct err *err);

/* All touched zones; those that the brake holds stay touched. `total` is added to; may be NULL. */
STORE_RESULT settle_all(struct store *store, const struct settle_options *options, int64_t now_ms,
                        struct settle_cycle *total, struct err *err);

/* One origin of a zone, for settle_view. */
struct settle_origin {
    int64_t id;
    double weight;
    bool by_traffic;        /* the weight is from reports of real traffic, not the imported one */
    struct store_wish wish; /* of this zone, as it is stored */
    enum rule_level others_wish;   /* the boldest level that its other zones wish */
    enum rule_level wish_in_state; /* the boldest of all its zones, as its state has it */
    struct origin_advice advice;
};

/* Everything that explains a zone's setting, as it stands. */
struct settle_view {
    struct zone_state state;
    struct zone_target target;
    struct lever_set levers; /* merged */
    bool frozen;             /* by the lever for all zones */
    bool brake;              /* the global brake is on: exports are to stay as they are */
    size_t origins_n;
    struct settle_origin *origins; /* in the order of their ids */
};

/* Clear with settle_view_clear whatever was returned. */
STORE_RESULT settle_view(struct store *store, const struct settle_options *options, int64_t zone_id,
                         int64_t now_ms, struct settle_view *out, struct err *err);
void settle_view_clear(struct settle_view *view);

/* A report of real traffic, and what it says of the zone's origins; may roll the zone back. */
struct settle_report {
    struct store_feedback feedback;
    struct store_traffic *origins; /* `unknown` is filled in if the report was added */
    size_t origins_n;
    bool added;       /* out: false, and nothing happened, if there was one of the same period */
    bool rolled_back; /* out: at once */
};

/* Adds a report to the zone's state and to the weights of its origins. */
STORE_RESULT settle_feedback(struct store *store, const struct settle_options *options,
                             struct settle_report *report, int64_t now_ms, struct err *err);

/* An operator's release: the zone and its origins that demotions or rollbacks hold down or pinned
 * may move up again. */
STORE_RESULT settle_release(struct store *store, const struct settle_options *options,
                            int64_t zone_id, int64_t now_ms, struct err *err);

/* What became of an origin that was judged again. */
struct settle_rejudged {
    bool changed; /* its state differs from what was stored */
    /* n > 0: scans of it cannot be read, and its state stays as it was */
    struct store_damaged damaged;
};

/* Rebuilds the state of one origin from the scans themselves, judged anew, as far back as they are
 * kept, and from its visits before that. */
STORE_RESULT settle_rejudge(struct store *store, const struct settle_options *options,
                            int64_t origin_id, struct settle_rejudged *out, struct err *err);
