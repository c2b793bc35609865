/* Looking at a zone. */
#include "cmd/settle/settle_zone.h"

struct settle_view settle_zone_view(const struct settle_zone *zone,
                                    const struct settle_context *context) {
    return (struct settle_view){
        .state = zone->before,
        .target = zone->target,
        .levers = zone->levers,
        .frozen = zone->frozen,
        .brake = *context->all.brake != '\0',
        .origins_n = zone->origins_n,
        .origins = zone->origins,
    };
}

enum store_result settle_view(struct store *store, const struct settle_options *options,
                              int64_t zone_id, int64_t now_ms, struct settle_view *out,
                              struct err *err) {
    struct settle_zone zone = {.id = zone_id};
    struct settle_context context;
    *out = (struct settle_view){.origins_n = 0};
    enum store_result result = settle_zone_context(&context, store, options, now_ms, err);
    if (result == STORE_OK)
        result = settle_zone_load(&zone, &context, NULL, err);
    if (result != STORE_OK) {
        settle_zone_forget_origins(&zone);
        return result;
    }
    *out = settle_zone_view(&zone, &context); /* which owns the origins from here on */
    return STORE_OK;
}

void settle_view_clear(struct settle_view *view) {
    struct settle_zone zone = {.origins = view->origins};
    settle_zone_forget_origins(&zone);
    *view = (struct settle_view){.origins_n = 0};
}
