/* Taking reports of real traffic about a zone. */
#include "cmd/settle/settle_zone.h"

#include "report/zone/zone_feedback.h"
#include "store/store_rule.h"

#include <assert.h>

static enum store_result take_report(struct settle_zone *zone, struct store *store,
                                     const struct settle_options *options,
                                     const struct store_feedback *report, int64_t now_ms,
                                     bool *rolled_back, struct err *err) {
    struct feedback feedback = {
        .handshakes = report->handshakes, .failures = report->failures, .retries = report->retries};
    struct settle_context context;
    bool known = zone_feedback_arm_parse(report->arm, &feedback.arm);
    assert(known);
    (void)known;
    enum store_result result = settle_zone_context(&context, store, options, now_ms, err);
    if (result == STORE_OK)
        result = settle_zone_load(zone, &context, NULL, err);
    if (result != STORE_OK)
        return result;
    struct zone_input input = settle_zone_input(zone, &context, *context.all.brake != '\0', true);
    zone->after = zone->before;
    *rolled_back = zone_feedback_take(&zone->after, &options->params, &input, &feedback);
    result = settle_zone_save(zone, &context, err);
    return result == STORE_OK ? store_zone_touch(store, zone->id, err) : result;
}

enum store_result settle_feedback(struct store *store, const struct settle_options *options,
                                  const struct store_feedback *report, int64_t now_ms, bool *added,
                                  bool *rolled_back, struct err *err) {
    struct settle_zone zone = {.id = report->zone_id};
    *added = *rolled_back = false;
    enum store_result result = store_begin(store, err);
    if (result != STORE_OK)
        return result;
    result = store_feedback_add(store, report, added, err);
    if (result == STORE_OK && *added)
        result = take_report(&zone, store, options, report, now_ms, rolled_back, err);
    settle_zone_forget_origins(&zone);
    enum store_result ended = store_end(store, result == STORE_OK, result ? NULL : err);
    return result == STORE_OK ? ended : result;
}
