/* From stored zones to the values that are exported, reported and explained. */
#include "cmd/settle/zone_view.h"

#include "report/zone/zone_pack.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/judge/verdict.h"

#include <stdlib.h>
#include <string.h>

bool zone_view_source_init(struct zone_view_source *source, struct store *store, int64_t now_ms,
                           struct err *err) {
    *source = (struct zone_view_source){.store = store, .now_ms = now_ms};
    return settle_options_load(&source->options, store, err) == STORE_OK;
}

bool zone_view_brake(const struct zone_view_source *source, char why[64], int64_t *since_ms,
                     struct err *err) {
    struct lever_set all;
    if (lever_set_read(&all, source->store, 0, err) != STORE_OK)
        return false;
    memcpy(why, all.brake, sizeof all.brake);
    *since_ms = all.brake_since_ms;
    return true;
}

void zone_view_clear(struct zone_view *view) {
    free(view->origins);
    *view = (struct zone_view){0};
}

/* ---- loading --------------------------------------------------------------------------------- */

void zone_view_begin(struct zone_view *view, int64_t zone_id, const char *name) {
    view->id = zone_id;
    view->origins_n = 0;
    view->off_stands_in = false;
    size_t n = strnlen(name, sizeof view->name - 1);
    memcpy(view->name, name, n);
    view->name[n] = '\0';
}

void zone_view_add_origin(struct zone_view *view, const struct store_origin *stored) {
    view->origins =
        array_reserve(view->origins, view->origins_n + 1, &view->room, sizeof *view->origins);
    view->origins[view->origins_n++] =
        (struct zone_view_origin){.stored = *stored, .weight = stored->origin.weight};
}

static bool add_stored_origin(void *arg, const struct store_origin *stored) {
    zone_view_add_origin(arg, stored);
    return true;
}

/* Both lists are in the order of ids. */
static void join_advice(struct zone_view *view, const struct settle_view *settled) {
    size_t at = 0;
    for (size_t i = 0; i < view->origins_n; i++) {
        struct zone_view_origin *origin = &view->origins[i];
        while (at < settled->origins_n && settled->origins[at].id < origin->stored.id)
            at++;
        if (at == settled->origins_n || settled->origins[at].id != origin->stored.id)
            continue;
        origin->weight = settled->origins[at].weight;
        origin->by_traffic = settled->origins[at].by_traffic;
        origin->advice = settled->origins[at].advice;
        origin->advised = origin->advice.last_ms != 0;
    }
}

/* The place in the view of the origin at that place among the settled ones: origins may have come or
 * gone between the two readings. */
static size_t place_in_view(const struct zone_view *view, const struct settle_view *settled,
                            size_t at) {
    for (size_t i = 0; at < settled->origins_n && i < view->origins_n; i++) {
        if (view->origins[i].stored.id == settled->origins[at].id)
            return i;
    }
    return SIZE_MAX;
}

static void take_target(struct zone_view *view, const struct settle_view *settled) {
    view->target = settled->target;
    view->target.limiting = place_in_view(view, settled, settled->target.limiting);
    for (unsigned which = 0; which < CANDIDATE_COUNT; which++)
        view->target.candidates[which].barred_by =
            place_in_view(view, settled, settled->target.candidates[which].barred_by);
}

static struct zone_setting stored_setting(const struct store_setting *from) {
    struct zone_setting setting = {.first_share = from->first_share};
    if (!rule_level_parse(from->setting, &setting.level))
        return (struct zone_setting){.level = LEVEL_NONE};
    for (unsigned i = 0; i < from->groups_n && i < ZONE_GROUPS_MAX; i++)
        setting.groups[setting.groups_n++] = from->groups[i];
    bool dual = setting.level == LEVEL_PREFERRED && from->variant &&
                strcmp(from->variant, "dual") == 0 && setting.groups_n > 1;
    setting.dual_share = dual ? setting.groups[1] : GROUP_NONE;
    return setting;
}

/* Where nothing is advised the row says `off` all the same, for whoever needs a setting, if that is
 * not known to fail. */
static bool stands_for_nothing(const struct settle_view *settled,
                               const struct store_setting *from) {
    return settled->state.setting.level == LEVEL_NONE && from->valid_until_ms == 0 &&
           strcmp(from->setting, "off") == 0 &&
           strcmp(from->reason, rule_reason_name(REASON_OPERATOR_PIN)) != 0;
}

/* The stored row is what operators see and what is exported. The rule's own state, where it speaks
 * of the same setting, knows more about it. */
static void make_advice(struct zone_view *view, const struct zone_view_source *source,
                        const struct settle_view *settled, const struct store_setting *from) {
    struct recommendation *advice = &view->advice;
    struct zone_setting setting = stored_setting(from);
    *advice = recommend_zone(&settled->state, &settled->target);
    bool same = advice->setting.level == setting.level &&
                advice->setting.first_share == setting.first_share &&
                advice->setting.dual_share == setting.dual_share;
    setting.dual_ok = same && advice->setting.dual_ok;
    advice->setting = setting;
    if (!same) {
        enum rule_level previous = LEVEL_NONE;
        if (from->previous)
            rule_level_parse(from->previous, &previous);
        uint16_t share = previous == LEVEL_PREFERRED ? GROUP_NONE : view->target.classical_share;
        advice->previous = zone_setting_make(&source->options.params, view->compliance, previous,
                                             share, view->target.needed);
    }
    if (advice->trials == 0) {
        advice->trials = from->evidence_scans;
        advice->upper95 = 1;
    }
    rule_reason_parse(from->reason, &advice->reason);
    view->off_stands_in = stands_for_nothing(settled, from);
    if (view->off_stands_in) {
        view->target.classical_share = setting.first_share;
        advice->setting = (struct zone_setting){.level = LEVEL_NONE};
    }
    advice->stage_percent = from->stage_percent;
    advice->since_ms = from->since_ms;
    advice->not_after_ms = from->valid_until_ms;
}

void zone_view_finish(struct zone_view *view, const struct zone_view_source *source,
                      const struct settle_view *settled, const struct store_setting *setting) {
    take_target(view, settled);
    view->compliance = settled->levers.compliance;
    memcpy(view->deny, settled->levers.levers.deny, sizeof view->deny);
    view->kept = settled->levers.levers.freeze || settled->frozen || settled->brake;
    view->shadow = settled->levers.shadow;
    view->any = setting != NULL;
    join_advice(view, settled);
    if (setting)
        make_advice(view, source, settled, setting);
    else
        view->advice = (struct recommendation){
            .stage_percent = ZONE_WHOLE, .reason = REASON_NO_EVIDENCE, .upper95 = 1};
}

bool zone_view_load(struct zone_view *view, const struct zone_view_source *source, int64_t zone_id,
                    const char *name, const struct store_setting *setting, struct err *err) {
    struct store *store = source->store;
    struct settle_view settled;
    zone_view_begin(view, zone_id, name);
    bool done = store_origins_of_zone(store, zone_id, add_stored_origin, view, err) == STORE_OK;
    if (!done)
        return false;
    done = settle_view(store, &source->options, zone_id, source->now_ms, &settled, err) == STORE_OK;
    if (done)
        zone_view_finish(view, source, &settled, setting);
    settle_view_clear(&settled);
    return done;
}

/* ---- what the traffic meets ------------------------------------------------------------------ */

static struct candidate_sum expect_setting(const struct zone_view *view,
                                           const struct zone_setting *setting) {
    struct zone_setting sent = *setting;
    if (sent.level == LEVEL_NONE) {
        uint16_t share = view->target.classical_share;
        sent = (struct zone_setting){.level = LEVEL_OFF,
                                     .first_share = share == GROUP_NONE ? GROUP_X25519 : share};
    }
    return zone_target_expect(&view->target, &sent);
}

struct zone_view_expectation zone_view_expect(const struct zone_view *view) {
    const struct recommendation *advice = &view->advice;
    struct zone_view_expectation out = {
        .recommended = expect_setting(view, &advice->setting),
        .possible = zone_target_possible_sum(&view->target),
    };
    struct candidate_sum rest = expect_setting(view, &advice->previous);
    double share = advice->stage_percent / 100.0;
    out.now.hybrid = share * out.recommended.hybrid + (1 - share) * rest.hybrid;
    out.now.retry = share * out.recommended.retry + (1 - share) * rest.retry;
    if (view->target.possible == CANDIDATE_NONE)
        out.possible = out.recommended;
    return out;
}

/* ---- exporting ------------------------------------------------------------------------------- */

/* What it supports: the group that it picks first, then the others in the usual order. */
static void list_origin_groups(const struct facts *facts, struct export_origin *out) {
    if (!facts->any)
        return;
    if (facts->preferred_group != GROUP_NONE)
        out->groups[out->groups_n++] = facts->preferred_group;
    for (enum judged_group i = 0; i < JUDGED_GROUPS; i++) {
        uint16_t group = judgement_group(i, facts->hybrid);
        if (facts->groups[i] == TRUTH_TRUE && group != facts->preferred_group &&
            out->groups_n < ZONE_GROUPS_MAX)
            out->groups[out->groups_n++] = group;
    }
}

static bool look_for_request(void *arg, const struct scan *scan) {
    struct judgement judgement;
    verdict_judge(scan, &judgement);
    *(bool *)arg = judgement.verdicts >> VERDICT_CLIENT_CERTIFICATE & 1;
    return true;
}

/* Whether it did in its last scan. Only a comment rests on it: what cannot be read is no. */
static bool asks_for_certificate(const struct zone_view_source *source,
                                 const struct zone_view_origin *from) {
    struct store_damaged damaged;
    bool asks = false;
    return source->certificates && from->stored.scanned &&
           store_history_sound(source->store, from->stored.id, 1, look_for_request, &asks, &damaged,
                               NULL) == STORE_OK &&
           asks;
}

/* How long some zone of an origin is held. */
struct holding {
    struct store *store;
    int64_t until_ms;
};

static bool note_hold(void *arg, int64_t zone_id, const char *name) {
    struct holding *holding = arg;
    uint8_t bytes[ZONE_PACK_MAX];
    size_t n = 0;
    struct zone_state state;
    int64_t until_ms = 0;
    (void)name;
    if (store_zone_state_get(holding->store, zone_id, bytes, sizeof bytes, &n, NULL) != STORE_OK)
        until_ms = INT64_MAX;
    else if (zone_pack_read(bytes, n <= sizeof bytes ? n : 0, &state))
        until_ms = state.pinned ? INT64_MAX : state.hold_until_ms;
    else if (n > 0)
        until_ms = INT64_MAX;
    if (until_ms > holding->until_ms)
        holding->until_ms = until_ms;
    return true;
}

/* What cannot be read is held. */
static int64_t held_until(const struct zone_view_source *source, int64_t origin_id) {
    struct holding holding = {.store = source->store};
    bool read = !source->holds || store_zones_of_origin(source->store, origin_id, note_hold,
                                                        &holding, NULL) == STORE_OK;
    return read ? holding.until_ms : INT64_MAX;
}

static struct export_origin export_origin(const struct zone_view_source *source,
                                          const struct zone_view_origin *from) {
    const struct origin *origin = &from->stored.origin;
    struct export_origin out = {
        .host = origin->host,
        .port = origin->port,
        .sni = origin->sni,
        .address = origin->address,
        .weight = origin->weight,
        .asks_certificate = asks_for_certificate(source, from),
        .held_until_ms = held_until(source, from->stored.id),
    };
    if (from->stored.scanned)
        list_origin_groups(&from->stored.facts, &out);
    if (from->advised)
        out.advice = &from->advice;
    return out;
}

struct exporting {
    const struct zone_view_source *source;
    struct zone_view view;
    struct export_origin *origins;
    size_t room;
    export_sink *sink;
    void *sink_arg;
    struct err *err;
    bool failed;
};

static bool export_zone(struct exporting *exporting) {
    const struct zone_view *view = &exporting->view;
    int64_t data_ms = 0;
    if (view->origins_n > exporting->room) {
        exporting->room = 2 * view->origins_n;
        exporting->origins =
            alloc_resize(exporting->origins, exporting->room, sizeof *exporting->origins);
    }
    for (size_t i = 0; i < view->origins_n; i++) {
        const struct store_origin *stored = &view->origins[i].stored;
        exporting->origins[i] = export_origin(exporting->source, &view->origins[i]);
        if (stored->scanned && stored->scanned_ms > data_ms)
            data_ms = stored->scanned_ms;
    }
    struct export_zone zone = {
        .name = view->name,
        .advice = view->advice,
        .params = &exporting->source->options.params,
        .compliance = view->compliance,
        .classical_share = view->target.classical_share,
        .off_fails = view->target.off_fails,
        .measured = view->target.measured,
        .target = &view->target,
        .always_hybrid = view->target.always_hybrid,
        .kept = view->kept,
        .shadow = view->shadow,
        .data_ms = data_ms,
        .origins_n = view->origins_n,
        .origins = exporting->origins,
    };
    memcpy(zone.deny, view->deny, sizeof zone.deny);
    memcpy(zone.needed, view->target.needed, sizeof zone.needed);
    memcpy(zone.share_fails, view->target.share_fails, sizeof zone.share_fails);
    return exporting->sink(exporting->sink_arg, &zone);
}

static bool take_zone_for_export(void *arg, int64_t zone_id, const char *name,
                                 const struct store_setting *setting) {
    struct exporting *exporting = arg;
    exporting->failed = !zone_view_load(&exporting->view, exporting->source, zone_id, name, setting,
                                        exporting->err);
    if (!exporting->failed && exporting->view.origins_n == 0)
        return true; /* it has orders, and waits for its origins */
    return !exporting->failed && export_zone(exporting);
}

static bool export_zones(struct exporting *exporting) {
    const struct zone_view_source *source = exporting->source;
    struct store *store = source->store;
    if (source->zones_n == 0)
        return store_zones(store, take_zone_for_export, exporting, exporting->err) == STORE_OK;
    for (size_t i = 0; i < source->zones_n; i++) {
        if (store_zone_by_name(store, source->zones[i], take_zone_for_export, exporting,
                               exporting->err) != STORE_OK ||
            exporting->failed)
            return false;
    }
    return true;
}

bool zone_view_export(void *arg, export_sink *sink, void *sink_arg, struct err *err) {
    struct zone_view_source *source = arg;
    struct exporting exporting = {.source = source, .sink = sink, .sink_arg = sink_arg, .err = err};
    bool done = export_zones(&exporting) && !exporting.failed;
    zone_view_clear(&exporting.view);
    free(exporting.origins);
    return done;
}
