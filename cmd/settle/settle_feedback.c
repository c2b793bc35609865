/* Taking reports of real traffic about a zone. */
#include "cmd/settle/settle_zone.h"

#include "report/zone/zone_feedback.h"
#include "store/store_rule.h"
#include "store/store_traffic.h"

#include <assert.h>

struct reporting {
    struct store *store;
    const struct settle_options *options;
    struct settle_report *report;
    int64_t now_ms;
};

static enum store_result judge_report(struct reporting *r, struct settle_zone *zone,
                                      struct err *err) {
    const struct store_feedback *report = &r->report->feedback;
    struct feedback feedback = {
        .handshakes = report->handshakes, .failures = report->failures, .retries = report->retries};
    struct settle_context context;
    bool known = zone_feedback_arm_parse(report->arm, &feedback.arm);
    assert(known);
    (void)known;
    enum store_result result = settle_zone_context(&context, r->store, r->options, r->now_ms, err);
    if (result == STORE_OK)
        result = settle_zone_load(zone, &context, NULL, err);
    if (result != STORE_OK)
        return result;
    struct zone_input input = settle_zone_input(zone, &context, *context.all.brake != '\0', true);
    zone->after = zone->before;
    r->report->rolled_back =
        zone_feedback_take(&zone->after, &r->options->params, &input, &feedback);
    result = settle_zone_save(zone, &context, err);
    return result == STORE_OK ? store_zone_touch(r->store, zone->id, err) : result;
}

static enum store_result add_report(void *arg, struct err *err) {
    struct reporting *r = arg;
    struct settle_report *report = r->report;
    struct settle_zone zone = {.id = report->feedback.zone_id};
    enum store_result result = store_feedback_add(r->store, &report->feedback, &report->added, err);
    if (result == STORE_OK && report->added && report->origins_n > 0)
        result =
            store_traffic_add(r->store, &report->feedback, report->origins, report->origins_n, err);
    if (result == STORE_OK && report->added)
        result = judge_report(r, &zone, err);
    settle_zone_forget_origins(&zone);
    return result;
}

enum store_result settle_feedback(struct store *store, const struct settle_options *options,
                                  struct settle_report *report, int64_t now_ms, struct err *err) {
    struct reporting r = {.store = store, .options = options, .report = report, .now_ms = now_ms};
    report->added = report->rolled_back = false;
    return store_transaction(store, add_report, &r, err);
}
