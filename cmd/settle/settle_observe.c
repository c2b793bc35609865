/* From a scan that is being stored to its origin's state. */
#include "cmd/settle/origin_update.h"
#include "cmd/settle/settle.h"
#include "report/rule/extra_visit.h"
#include "scanner/base/duration.h"
#include "store/store_read.h"

static void ask_for_extra_visit(const struct origin_update *o, struct store_finished *finished) {
    int64_t begun_ms = finished->scan->started_ms;
    struct extra_visit next =
        extra_visit_next(&o->history.state, &o->options->params, begun_ms, begun_ms);
    if (!next.wanted)
        return;
    finished->extra_after_ms = next.at_ms > begun_ms ? next.at_ms - begun_ms : 1;
    finished->extra_again = next.kind == KIND_CONFIRM;
}

/* Errors of the store make the whole commit fail, and are told there. */
void settle_observe(void *options, struct store *store, const struct store_origin *before,
                    struct store_finished *finished) {
    struct origin_update o;
    origin_update_init(&o, options, store, before->id);
    origin_update_load(&o, before->visits);
    o.sums.hour = finished->scan->started_ms / HOUR_MS;
    origin_update_scan(&o, finished->scan, finished->judgement);
    origin_update_save(&o);
    if (o.changed || before->visits == 0) /* the first scan makes a setting in any case */
        store_zone_touch(store, before->zone_id, NULL);
    if (o.sums.controls)
        store_hour_add(store, &o.sums, NULL);
    ask_for_extra_visit(&o, finished);
    origin_update_clear(&o);
}
