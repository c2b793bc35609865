/* Settling touched zones. */
#include "cmd/settle/settle.h"

#include "cmd/settle/settle_zone.h"
#include "scanner/base/alloc.h"
#include "scanner/base/duration.h"
#include "store/store_read.h"
#include "store/store_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_HOURS 24

enum { CYCLE_ZONES = 1000 };

/* ---- what went before ---- */

struct past {
    int64_t now_hour;
    struct brake_cycle cycle;
    uint64_t up_today;
    int64_t day;               /* whose rate is being summed */
    uint64_t controls, failed; /* of that day */
};

static void end_control_day(struct past *past) {
    struct brake_cycle *cycle = &past->cycle;
    if (past->controls > 0 && cycle->days_n < BRAKE_DAYS)
        cycle->daily_rates[cycle->days_n++] = (double)past->failed / (double)past->controls;
    past->controls = past->failed = 0;
}

/* The brake looks at what the last two hours' controls said, against those of the days before, and
 * at what moved down in a day; the budget is that of the UTC day. */
static bool add_hour(void *arg, const struct store_hour *hour) {
    struct past *past = arg;
    int64_t day = hour->hour / DAY_HOURS, today = past->now_hour / DAY_HOURS;
    if (day != past->day)
        end_control_day(past);
    past->day = day;
    if (hour->hour > past->now_hour)
        return true;
    if (day < today) {
        past->controls += hour->controls;
        past->failed += hour->controls_failed;
    } else {
        past->up_today += hour->zones_up;
    }
    if (past->now_hour - hour->hour < 2) {
        past->cycle.controls += hour->controls;
        past->cycle.controls_failed += hour->controls_failed;
    }
    if (past->now_hour - hour->hour < DAY_HOURS)
        past->cycle.zones_down += hour->zones_down;
    return true;
}

/* Counting the zones of a large fleet takes as long as settling hundreds of them: done once for all
 * cycles from the first zone to the last. */
static enum store_result count_fleet(struct store *store, struct settle_cycle *numbers,
                                     struct err *err) {
    bool counted = numbers->after != 0 && numbers->fleet != 0;
    return counted ? STORE_OK : store_zone_count(store, &numbers->fleet, err);
}

static enum store_result read_past(struct store *store, int64_t now_ms, struct past *past,
                                   struct err *err) {
    *past = (struct past){.now_hour = now_ms / HOUR_MS};
    int64_t first = past->now_hour - past->now_hour % DAY_HOURS - BRAKE_DAYS * DAY_HOURS;
    enum store_result result = store_hours(store, first, add_hour, past, err);
    end_control_day(past);
    return result;
}

/* ---- one cycle ---- */

struct cycle {
    struct settle_context context;
    struct settle_cycle *numbers;
    struct past past;
    uint64_t budget; /* of upward moves */
    size_t zones_n;
    struct settle_zone *zones;
    struct store_hour sums;
};

static bool add_touched_zone(void *arg, int64_t id) {
    struct cycle *cycle = arg;
    cycle->zones[cycle->zones_n++].id = id;
    return true;
}

/* What an operator or a filter orders is not the evidence's doing. */
static bool is_judged(const struct settle_zone *zone) {
    return zone->after.reason != REASON_OPERATOR_PIN &&
           zone->after.reason != REASON_OPERATOR_DENY && zone->after.reason != REASON_COMPLIANCE;
}

static enum store_result judge_zone(struct cycle *cycle, struct settle_zone *zone,
                                    struct err *err) {
    uint64_t changed = 0;
    enum store_result result =
        settle_zone_load(zone, &cycle->context, cycle->numbers->rebuild ? &changed : NULL, err);
    if (result == STORE_OK)
        result = settle_zone_wish(zone, &cycle->context, err);
    settle_zone_forget_origins(zone);
    if (result != STORE_OK)
        return result;
    cycle->numbers->origins_changed += changed;
    cycle->numbers->damaged += zone->damaged;
    settle_zone_step(zone, &cycle->context, false, cycle->budget > 0);
    enum rule_level expect = zone->levers.expect;
    if (expect != LEVEL_NONE && zone->target.setting.level != LEVEL_NONE &&
        zone->target.setting.level != expect)
        cycle->past.cycle.references_wrong++;
    if (!is_judged(zone))
        return STORE_OK;
    if (zone->move == MOVE_UP) {
        cycle->budget -= cycle->budget > 0;
        cycle->sums.zones_up++;
    }
    cycle->sums.zones_down += zone->move == MOVE_DOWN;
    return STORE_OK;
}

/* Why the brake is on, for the lever's text. */
static const char *brake_text(const struct brake_verdict *brake) {
    if (brake->references)
        return "a reference zone is judged wrongly";
    return brake->mass_down ? "too many zones would move down" : "too many control probes fail";
}

static enum store_result set_brake(struct cycle *cycle, struct err *err) {
    struct brake_verdict *brake = &cycle->numbers->brake;
    struct store *store = cycle->context.store;
    cycle->past.cycle.zones_down += cycle->sums.zones_down;
    *brake = brake_judge(&cycle->context.options->params, &cycle->past.cycle);
    if (cycle->context.all.release_until_ms > cycle->context.now_ms)
        brake->on = false;
    if (brake->on == (*cycle->context.all.brake != '\0'))
        return STORE_OK;
    return store_lever_set(store, 0, "brake", brake->on ? brake_text(brake) : NULL,
                           cycle->context.now_ms, "global brake", err);
}

static enum store_result keep_zone(struct cycle *cycle, struct settle_zone *zone, struct err *err) {
    if (cycle->numbers->brake.on) /* judged again when it is off */
        settle_zone_step(zone, &cycle->context, true, false);
    enum store_result result = settle_zone_save(zone, &cycle->context, err);
    if (result != STORE_OK || cycle->numbers->brake.on)
        return result;
    return store_zone_untouch(cycle->context.store, zone->id, err);
}

static enum store_result keep_zones(struct cycle *cycle, struct err *err) {
    enum store_result result = STORE_OK;
    for (size_t i = 0; i < cycle->zones_n && result == STORE_OK; i++)
        result = keep_zone(cycle, &cycle->zones[i], err);
    if (cycle->numbers->brake.on)
        cycle->sums.zones_up = cycle->sums.zones_down = 0;
    cycle->sums.hour = cycle->past.now_hour;
    if (result == STORE_OK && (cycle->sums.zones_up || cycle->sums.zones_down))
        result = store_hour_add(cycle->context.store, &cycle->sums, err);
    return result;
}

/* Small private fleets of profile `fast` have no budget. */
static uint64_t upward_budget(const struct cycle *cycle) {
    const struct rule_params *params = &cycle->context.options->params;
    if (params->profile == PROFILE_FAST)
        return UINT64_MAX;
    return brake_up_budget(params, cycle->past.cycle.zones, cycle->past.up_today);
}

static enum store_result settle_touched(void *arg, struct err *err) {
    struct cycle *cycle = arg;
    struct settle_cycle *numbers = cycle->numbers;
    struct store *store = cycle->context.store;
    struct settle_context *context = &cycle->context;
    enum store_result result = store_lever_end(store, context->now_ms, err);
    if (result == STORE_OK)
        result = settle_zone_context(context, store, context->options, context->now_ms, err);
    if (result == STORE_OK)
        result = read_past(store, context->now_ms, &cycle->past, err);
    if (result == STORE_OK)
        result = count_fleet(store, numbers, err);
    cycle->past.cycle.zones = numbers->fleet;
    cycle->budget = upward_budget(cycle);
    if (result == STORE_OK)
        result =
            store_zones_touched(store, numbers->after, CYCLE_ZONES, add_touched_zone, cycle, err);
    for (size_t i = 0; i < cycle->zones_n && result == STORE_OK; i++)
        result = judge_zone(cycle, &cycle->zones[i], err);
    if (result == STORE_OK)
        result = set_brake(cycle, err);
    return result == STORE_OK ? keep_zones(cycle, err) : result;
}

enum store_result settle_run(struct store *store, const struct settle_options *options,
                             int64_t now_ms, struct settle_cycle *numbers, struct err *err) {
    struct cycle cycle = {
        .context = {.store = store, .options = options, .now_ms = now_ms},
        .numbers = numbers,
        .zones = alloc_zero(CYCLE_ZONES, sizeof *cycle.zones),
    };
    enum store_result result = store_transaction(store, settle_touched, &cycle, err);
    if (result == STORE_OK) {
        numbers->zones += cycle.zones_n;
        numbers->up += cycle.sums.zones_up;
        numbers->down += cycle.sums.zones_down;
        numbers->after = cycle.zones_n == CYCLE_ZONES ? cycle.zones[CYCLE_ZONES - 1].id : 0;
    }
    free(cycle.zones);
    return result;
}

enum store_result settle_all(struct store *store, const struct settle_options *options,
                             int64_t now_ms, struct settle_cycle *total, struct err *err) {
    struct settle_cycle own = {.after = 0};
    struct settle_cycle *numbers = total ? total : &own;
    enum store_result result;
    do
        result = settle_run(store, options, now_ms, numbers, err);
    while (result == STORE_OK && numbers->after != 0);
    return result;
}
