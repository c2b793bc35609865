/* Reading, judging and writing one zone. */
#include "cmd/settle/settle_zone.h"

#include "cmd/settle/origin_weights.h"
#include "report/rule/advise.h"
#include "report/rule/origin_history.h"
#include "report/zone/zone_pack.h"
#include "report/zone/zone_place.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/duration.h"
#include "store/store_read.h"
#include "store/store_rule.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum store_result settle_zone_context(struct settle_context *context, struct store *store,
                                      const struct settle_options *options, int64_t now_ms,
                                      struct err *err) {
    *context = (struct settle_context){.store = store, .options = options, .now_ms = now_ms};
    int64_t since_ms = now_ms - ORIGIN_WEIGHTS_DAYS * DAY_MS;
    enum store_result result = lever_set_read(&context->all, store, 0, err);
    return result == STORE_OK ? store_traffic_any(store, since_ms, &context->traffic, err) : result;
}

/* ---- origins ---- */

struct loading {
    struct settle_zone *zone;
    const struct settle_context *context;
    uint64_t *changed;
    enum store_result result; /* of the origin that was taken last */
    struct err *err;
};

static enum rule_level others_level(const struct store_member *member) {
    if (member->others_preferred)
        return LEVEL_PREFERRED;
    return member->others_supported ? LEVEL_SUPPORTED : LEVEL_NONE;
}

static void add_advised_origin(struct settle_zone *zone, const struct settle_context *context,
                               const struct store_member *member,
                               const struct origin_state *state) {
    zone->origins = array_reserve(zone->origins, zone->origins_n + 1, &zone->origins_room,
                                  sizeof *zone->origins);
    struct settle_origin *origin = &zone->origins[zone->origins_n++];
    *origin = (struct settle_origin){.id = member->origin_id,
                                     .weight = member->weight,
                                     .wish = member->wish,
                                     .others_wish = others_level(member),
                                     .wish_in_state = state->wish.level};
    advise_origin(state, &context->options->params, context->now_ms, &origin->advice);
}

void settle_zone_add_origin(struct settle_zone *zone, const struct settle_context *context,
                            const struct store_member *member, const void *state, size_t n) {
    struct origin_history history;
    origin_history_read(state, n, &history);
    add_advised_origin(zone, context, member, &history.state);
}

static bool take_origin_state(void *arg, const struct store_member *member, const void *bytes,
                              size_t n) {
    struct loading *l = arg;
    settle_zone_add_origin(l->zone, l->context, member, bytes, n);
    return true;
}

/* The zones' wish comes from no visit: it stays. */
static enum store_result replace_state(struct loading *l, int64_t id,
                                       struct origin_history *history) {
    struct store *store = l->context->store;
    struct origin_history stored;
    uint8_t before[ORIGIN_HISTORY_MAX], after[ORIGIN_HISTORY_MAX];
    size_t before_n = 0;
    enum store_result result =
        store_origin_state_get(store, id, before, sizeof before, &before_n, l->err);
    if (result != STORE_OK)
        return result;
    origin_history_read(before, before_n <= sizeof before ? before_n : 0, &stored);
    history->state.wish = stored.state.wish;
    size_t after_n = origin_history_write(history, after);
    if (before_n == after_n && memcmp(before, after, after_n) == 0)
        return STORE_OK;
    ++*l->changed;
    return store_origin_state_put(store, id, after, after_n, l->err);
}

static enum store_result read_kept_state(struct loading *l, int64_t id,
                                         struct origin_history *history) {
    uint8_t kept[ORIGIN_HISTORY_MAX];
    size_t kept_n = 0;
    enum store_result result =
        store_origin_state_get(l->context->store, id, kept, sizeof kept, &kept_n, l->err);
    origin_history_read(kept, kept_n <= sizeof kept ? kept_n : 0, history);
    return result;
}

static bool take_origin_visits(void *arg, const struct store_member *member, const void *bytes,
                               size_t n) {
    struct loading *l = arg;
    int64_t id = member->origin_id;
    struct origin_visits visits;
    struct origin_history history;
    if (n == 0) { /* never visited */
        origin_history_init(&history);
    } else if (origin_visits_read(bytes, n, &visits)) {
        origin_visits_replay(&visits, &l->context->options->params, &history);
        l->result = replace_state(l, id, &history);
    } else {
        l->result = read_kept_state(l, id, &history);
    }
    add_advised_origin(l->zone, l->context, member, &history.state);
    return l->result == STORE_OK;
}

void settle_zone_forget_origins(struct settle_zone *zone) {
    free(zone->origins);
    zone->origins = NULL;
    zone->origins_n = zone->origins_room = 0;
}

/* ---- the zone ---- */

static void choose_target(struct settle_zone *zone, const struct settle_context *context,
                          const struct zone_origin *origins) {
    enum compliance compliance = zone->levers.compliance;
    if (context->targets)
        target_memo_choose(context->targets, compliance, origins, zone->origins_n, &zone->target);
    else
        zone_target_choose(&context->options->params, compliance, origins, zone->origins_n,
                           &zone->target);
}

static void roll_up_zone(struct settle_zone *zone, const struct settle_context *context) {
    struct zone_origin one, *many = NULL;
    if (zone->origins_n > 1)
        many = alloc_zero(zone->origins_n, sizeof *many);
    struct zone_origin *origins = many ? many : &one;
    for (size_t i = 0; i < zone->origins_n; i++)
        origins[i] = (struct zone_origin){zone->origins[i].weight, &zone->origins[i].advice};
    choose_target(zone, context, origins);
    free(many);
    size_t limiting = zone->target.limiting;
    zone->blocker =
        limiting < zone->origins_n ? zone->origins[limiting].advice.blocker : REASON_NONE;
}

/* Moments that only a wall clock that was wrong explains are now: a stage would not end, and a hold-down not
 * either, before they are there. A clock that has not been set yet judges nothing. */
static void repair_times(struct zone_state *state, int64_t now_ms) {
    const int64_t latest_ms = now_ms + CLOCK_AHEAD_DAYS * DAY_MS;
    int64_t *const times[] = {&state->since_ms, &state->stage_ms, &state->canary_since_ms};
    if (now_ms < CLOCK_EARLIEST_MS)
        return;
    for (size_t i = 0; i < COUNT_OF(times); i++)
        if (*times[i] > latest_ms)
            *times[i] = now_ms;
    for (size_t i = 0; i < state->rollbacks_n; i++)
        if (state->rollbacks_ms[i] > latest_ms)
            state->rollbacks_ms[i] = now_ms;
    if (state->hold_until_ms > latest_ms + state->hold_days * DAY_MS)
        state->hold_until_ms = now_ms + state->hold_days * DAY_MS;
}

static enum store_result read_zone_state(struct settle_zone *zone,
                                         const struct settle_context *context, struct err *err) {
    uint8_t bytes[ZONE_PACK_MAX];
    size_t n = 0;
    enum store_result result =
        store_zone_state_get(context->store, zone->id, bytes, sizeof bytes, &n, err);
    bool read = zone_pack_read(bytes, n <= sizeof bytes ? n : 0, &zone->before);
    zone->damaged = result == STORE_OK && n > 0 && !read;
    repair_times(&zone->before, context->now_ms);
    return result;
}

void settle_zone_begin(struct settle_zone *zone, const struct settle_context *context, int64_t id,
                       const void *state, size_t n) {
    *zone = (struct settle_zone){.id = id,
                                 .frozen = context->all.levers.freeze,
                                 .origins = zone->origins,
                                 .origins_room = zone->origins_room};
    zone_pack_read(state, n <= ZONE_PACK_MAX ? n : 0, &zone->before);
    repair_times(&zone->before, context->now_ms);
}

enum store_result settle_zone_judge(struct settle_zone *zone, const struct settle_context *context,
                                    const struct lever_set *own, struct err *err) {
    if (context->traffic) {
        enum store_result result = origin_weights_by_traffic(
            context->store, zone->id, context->now_ms, zone->origins, zone->origins_n, err);
        if (result != STORE_OK)
            return result;
    }
    zone->levers = lever_set_merge(&context->all, own, context->options);
    if (own->has_freeze && !own->levers.freeze)
        zone->frozen = false; /* `freeze=no` of a zone goes before that for all */
    roll_up_zone(zone, context);
    return STORE_OK;
}

enum store_result settle_zone_load(struct settle_zone *zone, const struct settle_context *context,
                                   uint64_t *changed, struct err *err) {
    struct store *store = context->store;
    struct loading l = {.zone = zone, .context = context, .changed = changed, .err = err};
    struct lever_set own;
    *zone = (struct settle_zone){.id = zone->id, .frozen = context->all.levers.freeze};
    enum store_result result = lever_set_read(&own, store, zone->id, err);
    if (result == STORE_OK)
        result = read_zone_state(zone, context, err);
    if (result == STORE_OK)
        result = changed ? store_origin_visits_of_zone(store, zone->id, take_origin_visits, &l, err)
                         : store_origin_states_of_zone(store, zone->id, take_origin_state, &l, err);
    if (result == STORE_OK)
        result = l.result;
    return result == STORE_OK ? settle_zone_judge(zone, context, &own, err) : result;
}

/* For the extra visits of the origin, which are made if any of its zones wishes them. *kept is false if
 * it was never visited: it has nothing yet to keep a wish in. */
static enum store_result write_wish_to_state(struct store *store, int64_t origin_id,
                                             const struct proof_wish *wish, bool *kept,
                                             struct err *err) {
    struct origin_history history;
    uint8_t bytes[ORIGIN_HISTORY_MAX];
    size_t n = 0;
    enum store_result result =
        store_origin_state_get(store, origin_id, bytes, sizeof bytes, &n, err);
    *kept = result == STORE_OK && n <= sizeof bytes && origin_history_read(bytes, n, &history);
    if (!*kept)
        return result;
    history.state.wish = *wish;
    n = origin_history_write(&history, bytes);
    return store_origin_state_put(store, origin_id, bytes, n, err);
}

static enum store_result keep_wish(struct store *store, int64_t zone_id,
                                   const struct settle_origin *origin, struct proof_wish wish,
                                   struct err *err) {
    struct store_wish own = {.supported = wish.level == LEVEL_SUPPORTED,
                             .preferred = wish.level == LEVEL_PREFERRED,
                             .share = wish.share};
    bool kept = true;
    enum store_result result = STORE_OK;
    if (wish.level < origin->others_wish)
        wish = (struct proof_wish){.level = origin->others_wish};
    if (wish.level != origin->wish_in_state)
        result = write_wish_to_state(store, origin->id, &wish, &kept, err);
    bool same = own.supported == origin->wish.supported &&
                own.preferred == origin->wish.preferred && own.share == origin->wish.share;
    return result == STORE_OK && kept && !same
               ? store_wish_put(store, zone_id, origin->id, &own, err)
               : result;
}

enum store_result settle_zone_wish(const struct settle_zone *zone,
                                   const struct settle_context *context, struct err *err) {
    enum store_result result = STORE_OK;
    for (size_t i = 0; i < zone->origins_n && result == STORE_OK; i++) {
        const struct settle_origin *origin = &zone->origins[i];
        struct proof_wish wish = {.level = LEVEL_NONE};
        if (origin->weight > 0)
            wish = zone_target_wish(&zone->target, &origin->advice);
        result = keep_wish(context->store, zone->id, origin, wish, err);
    }
    return result;
}

struct zone_input settle_zone_input(const struct settle_zone *zone,
                                    const struct settle_context *context, bool brake,
                                    bool allow_up) {
    return (struct zone_input){
        .now_ms = context->now_ms,
        .target = &zone->target,
        .compliance = zone->levers.compliance,
        .levers = zone->levers.levers,
        .frozen = zone->frozen,
        .brake = brake,
        .allow_up = allow_up,
    };
}

void settle_zone_step(struct settle_zone *zone, const struct settle_context *context, bool brake,
                      bool allow_up) {
    struct zone_input input = settle_zone_input(zone, context, brake, allow_up);
    zone->after = zone->before;
    zone->move = zone_ramp_step(&zone->after, &context->options->params, &input);
}

/* ---- the setting ---- */

/* Where nothing is advised yet, whoever needs a setting takes `off`, if the filter lets it and the
 * origins that were measured do not fail on it. */
static struct zone_setting setting_to_write(const struct settle_zone *zone,
                                            const struct settle_options *options) {
    const struct zone_setting *setting = &zone->after.setting;
    if (setting->level != LEVEL_NONE ||
        !zone_place_off_stands(zone->target.measured, zone->target.off_fails) ||
        !compliance_allows_level(zone->levers.compliance, options->params.hybrid, LEVEL_OFF))
        return *setting;
    return zone_setting_make(&options->params, zone->levers.compliance, LEVEL_OFF,
                             zone->target.classical_share, zone->target.needed);
}

/* "no-evidence" says less than what is missing, or what the zone waits for. */
static enum rule_reason reason_of(const struct settle_zone *zone) {
    const struct zone_state *after = &zone->after;
    if (after->setting.level != LEVEL_NONE || after->reason != REASON_NO_EVIDENCE)
        return after->reason;
    if (after->waits_for != REASON_NONE && zone->target.setting.level != LEVEL_NONE)
        return after->waits_for;
    return zone->blocker != REASON_NONE ? zone->blocker : after->reason;
}

static enum store_result write_zone_setting(const struct settle_zone *zone,
                                            const struct settle_context *context, struct err *err) {
    struct zone_setting setting = setting_to_write(zone, context->options);
    struct store *store = context->store;
    struct recommendation advice = recommend_zone(&zone->after, &zone->target);
    struct candidate_sum expected = zone_target_expect(&zone->target, &setting);
    struct store_setting row = {
        .setting = rule_level_name(setting.level),
        .variant = recommend_variant(&setting, false),
        .first_share = setting.first_share,
        .groups_n = setting.groups_n,
        .reason = rule_reason_name(reason_of(zone)),
        .since_ms = zone->after.since_ms,
        .evidence_scans = advice.trials,
        .valid_until_ms = advice.not_after_ms,
        .stage_percent = advice.stage_percent,
        .hybrid_fraction = expected.hybrid,
        .retry_fraction = expected.retry,
    };
    static_assert(ZONE_GROUPS_MAX <= STORE_SETTING_GROUPS, "a setting has room for its groups");
    memcpy(row.groups, setting.groups, sizeof setting.groups);
    return store_setting_put(store, zone->id, &row, context->now_ms, err);
}

static enum store_result write_zone_state(const struct settle_zone *zone, struct store *store,
                                          struct err *err) {
    uint8_t bytes[ZONE_PACK_MAX];
    size_t n = zone_pack_write(&zone->after, bytes);
    return store_zone_state_put(store, zone->id, bytes, n, err);
}

enum store_result settle_zone_save(const struct settle_zone *zone,
                                   const struct settle_context *context, struct err *err) {
    enum store_result result = write_zone_state(zone, context->store, err);
    return result == STORE_OK ? write_zone_setting(zone, context, err) : result;
}
