/* From a scan that is being stored to its origin's state. */
#include "cmd/settle/origin_update.h"
#include "cmd/settle/settle.h"
#include "report/rule/extra_visit.h"
#include "scanner/base/duration.h"
#include "scanner/visit/scan.h"

static void ask_for_extra_visit(const struct origin_update *o, struct store_observed *observed) {
    int64_t begun_ms = observed->scan->started_ms;
    struct extra_visit next =
        extra_visit_next(&o->history.state, &o->options->params, begun_ms, begun_ms);
    if (!next.wanted)
        return;
    if (scan_ran_late(observed->scan) && next.at_ms < begun_ms + HOUR_MS)
        next.at_ms = begun_ms + HOUR_MS; /* a confirmation soon would find us as late as before */
    observed->extra_after_ms = next.at_ms > begun_ms ? next.at_ms - begun_ms : 1;
    observed->extra_again = next.kind == KIND_CONFIRM;
}

static void add_observed_scan(struct origin_update *o, struct store_observed *observed) {
    origin_update_scan(o, observed->scan, observed->judgement);
    origin_update_write(o);
    observed->touch_zones =
        o->changed || observed->visits == 0; /* the first makes a setting anyway */
    observed->sums = o->sums;
    observed->sums.hour = observed->scan->started_ms / HOUR_MS;
    ask_for_extra_visit(o, observed);
}

/* An error of the store makes the whole commit fail, which tells it. */
void settle_observe(void *options, struct store *store, struct store_observed *observed) {
    struct origin_update o;
    origin_update_init(&o, options, store, observed->origin_id, observed->rule);
    o.now_ms = observed->scan->started_ms;
    if (origin_update_read(&o, observed->visits, NULL) == STORE_OK)
        add_observed_scan(&o, observed);
    origin_update_clear(&o);
}
