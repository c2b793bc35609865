/* From rows that are read side by side to one zone after the other. */
#include "cmd/settle/zone_walk.h"

#include "cmd/settle/settle_zone.h"
#include "scanner/base/array.h"
#include "store/store_walk.h"

#include <stdlib.h>

struct walking {
    const struct zone_view_source *source;
    struct settle_context context;
    struct settle_zone zone;
    struct zone_view view;
    int64_t *ordered; /* zones that have levers, by id */
    size_t ordered_n;
    size_t ordered_room;
    size_t ordered_next;
    zone_walk_each *each;
    void *arg;
    struct err *err;
    bool failed;
};

static bool note_ordered_zone(void *arg, const struct store_lever *lever) {
    struct walking *walking = arg;
    walking->ordered = array_reserve(walking->ordered, walking->ordered_n + 1,
                                     &walking->ordered_room, sizeof *walking->ordered);
    walking->ordered[walking->ordered_n++] = lever->zone_id;
    return true;
}

static int compare_ids(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static bool has_levers(struct walking *walking, int64_t zone_id) {
    while (walking->ordered_next < walking->ordered_n &&
           walking->ordered[walking->ordered_next] < zone_id)
        walking->ordered_next++;
    return walking->ordered_next < walking->ordered_n &&
           walking->ordered[walking->ordered_next] == zone_id;
}

static bool begin_zone(void *arg, const struct store_walk_zone *from) {
    struct walking *walking = arg;
    zone_view_begin(&walking->view, from->id, from->name);
    settle_zone_begin(&walking->zone, &walking->context, from->id, from->state, from->state_n);
    return true;
}

static bool take_origin(void *arg, const struct store_walk_origin *from) {
    struct walking *walking = arg;
    const struct store_member member = {.origin_id = from->stored->id,
                                        .weight = from->stored->origin.weight};
    zone_view_add_origin(&walking->view, from->stored);
    settle_zone_add_origin(&walking->zone, &walking->context, &member, from->state, from->state_n);
    return true;
}

static bool judge_zone(struct walking *walking) {
    struct settle_zone *zone = &walking->zone;
    struct lever_set own = {.has_pin = false};
    enum store_result result = STORE_OK;
    if (has_levers(walking, zone->id))
        result = lever_set_read(&own, walking->source->store, zone->id, walking->err);
    if (result == STORE_OK)
        result = settle_zone_judge(zone, &walking->context, &own, walking->err);
    walking->failed = result != STORE_OK;
    return !walking->failed;
}

static bool end_zone(void *arg, const struct store_walk_zone *from) {
    struct walking *walking = arg;
    if (!judge_zone(walking))
        return false;
    const struct settle_view settled = settle_zone_view(&walking->zone, &walking->context);
    zone_view_finish(&walking->view, walking->source, &settled, from->setting);
    return walking->each(walking->arg, &walking->view, from->place, from->setting);
}

bool zone_walk(const struct zone_view_source *source, zone_walk_each *each, void *arg,
               struct err *err) {
    struct walking walking = {.source = source, .each = each, .arg = arg, .err = err};
    const struct store_walk walk = {begin_zone, take_origin, end_zone, &walking};
    struct store *store = source->store;
    bool done = settle_zone_context(&walking.context, store, &source->options, source->now_ms,
                                    err) == STORE_OK &&
                store_levers_all(store, note_ordered_zone, &walking, err) == STORE_OK;
    if (done && walking.ordered_n > 0)
        qsort(walking.ordered, walking.ordered_n, sizeof *walking.ordered, compare_ids);
    walking.context.targets = target_memo_new(&source->options.params);
    done = done && store_walk(store, &walk, err) == STORE_OK && !walking.failed;
    target_memo_free(walking.context.targets);
    settle_zone_forget_origins(&walking.zone);
    zone_view_clear(&walking.view);
    free(walking.ordered);
    return done;
}
