/* From stored zones to the values that are exported, reported and explained. */
#include "cmd/zone_view.h"

#include "cmd/origin_memo.h"
#include "report/zone_pack.h"
#include "scanner/base/alloc.h"

#include <stdlib.h>
#include <string.h>

static bool note_lever(void *arg, const struct store_lever *lever) {
    *(bool *)arg = lever->zone_id != 0;
    return lever->zone_id == 0;
}

bool zone_view_source_init(struct zone_view_source *source, struct store *store, int64_t now_ms,
                           struct err *err) {
    *source = (struct zone_view_source){.store = store, .now_ms = now_ms};
    return settle_options_load(&source->options, store, err) == STORE_OK &&
           zone_levers_read(&source->all, store, 0, err) == STORE_OK &&
           store->ops->levers_all(store, note_lever, &source->zone_levers, err) == STORE_OK;
}

void zone_view_clear(struct zone_view *view) {
    free(view->origins);
    *view = (struct zone_view){0};
}

/* ---- loading --------------------------------------------------------------------------------- */

struct loading {
    struct zone_view *view;
    const struct zone_view_source *source;
    struct err *err;
    bool failed;
};

static bool load_advice(struct loading *loading, struct zone_view_origin *origin) {
    const struct zone_view_source *source = loading->source;
    uint8_t bytes[ORIGIN_MEMO_MAX];
    size_t n = 0;
    struct origin_memo memo;
    if (source->store->ops->evidence_get(source->store, origin->stored.id, bytes, sizeof bytes, &n,
                                         loading->err) != STORE_OK)
        return false;
    origin->advised = origin_memo_read(bytes, n <= sizeof bytes ? n : 0, &memo);
    origin_advice_make(&memo.state, &source->options.params, source->now_ms, &origin->advice);
    return true;
}

static bool take_origin(void *arg, const struct store_origin *stored) {
    struct loading *loading = arg;
    struct zone_view *view = loading->view;
    if (view->origins_n == view->room) {
        view->room = view->room ? 2 * view->room : 8;
        view->origins = alloc_resize(view->origins, view->room, sizeof *view->origins);
    }
    struct zone_view_origin *origin = &view->origins[view->origins_n++];
    origin->stored = *stored;
    loading->failed = !load_advice(loading, origin);
    return !loading->failed;
}

static void make_target(struct zone_view *view, const struct zone_view_source *source) {
    struct zone_origin *origins = alloc_zero(view->origins_n + 1, sizeof *origins);
    for (size_t i = 0; i < view->origins_n; i++)
        origins[i] =
            (struct zone_origin){view->origins[i].stored.origin.weight, &view->origins[i].advice};
    zone_rule_target(&source->options.params, view->compliance, origins, view->origins_n,
                     &view->target);
    free(origins);
}

static struct zone_setting stored_setting(const struct store_setting *from) {
    struct zone_setting setting = {.first_share = from->first_share};
    if (!rule_level_parse(from->setting, &setting.level))
        return (struct zone_setting){.level = LEVEL_NONE};
    for (unsigned i = 0; i < from->groups_n && i < ZONE_GROUPS_MAX; i++)
        setting.groups[setting.groups_n++] = from->groups[i];
    return setting;
}

/* The stored setting is what was decided; the evidence is what it rests on now. */
static void make_advice(struct zone_view *view, const struct zone_view_source *source,
                        const struct store_setting *from) {
    const struct zone_target *target = &view->target;
    struct recommendation *advice = &view->advice;
    *advice = (struct recommendation){
        .setting = stored_setting(from),
        .stage_percent = from->stage_percent,
        .since_ms = from->since_ms,
        .not_after_ms = from->valid_until_ms,
        .provisional = target->provisional,
        .days = target->days,
        .trials = target->trials ? target->trials : from->evidence_scans,
        .failures = target->failures,
        .upper95 = target->trials ? target->upper95 : 1,
    };
    rule_reason_parse(from->reason, &advice->reason);
    bool dual = from->variant && strcmp(from->variant, "dual") == 0;
    advice->setting.dual_ok =
        dual || (advice->setting.level == LEVEL_PREFERRED &&
                 target->setting.level == LEVEL_PREFERRED && target->setting.dual_ok);
    enum rule_level previous = LEVEL_NONE;
    if (from->previous)
        rule_level_parse(from->previous, &previous);
    advice->previous = zone_rule_setting(&source->options.params, view->compliance, previous,
                                         target->classical_share);
}

/* What the row of the setting has no room for. */
static bool add_state(struct zone_view *view, const struct zone_view_source *source,
                      struct err *err) {
    uint8_t bytes[ZONE_PACK_MAX];
    size_t n = 0;
    struct zone_state state;
    if (source->store->ops->zone_memo_get(source->store, view->id, bytes, sizeof bytes, &n, err) !=
        STORE_OK)
        return false;
    if (!zone_pack_read(bytes, n <= sizeof bytes ? n : 0, &state))
        return true;
    view->advice.waits_for = state.waits_for;
    if (state.setting.level != view->advice.setting.level)
        return true;
    view->advice.setting = state.setting;
    view->advice.previous = state.previous;
    return true;
}

static bool add_levers(struct zone_view *view, const struct zone_view_source *source,
                       struct err *err) {
    struct lever_set own = {.has_pin = false};
    if (source->zone_levers && zone_levers_read(&own, source->store, view->id, err) != STORE_OK)
        return false;
    struct lever_set merged = zone_levers_merge(&source->all, &own, &source->options);
    view->compliance = merged.compliance;
    view->shadow = merged.shadow;
    return true;
}

bool zone_view_load(struct zone_view *view, const struct zone_view_source *source, int64_t zone_id,
                    const char *name, const struct store_setting *setting, struct err *err) {
    struct store *store = source->store;
    struct loading loading = {.view = view, .source = source, .err = err};
    view->id = zone_id;
    view->origins_n = 0;
    snprintf(view->name, sizeof view->name, "%s", name);
    enum store_result result =
        store->ops->origins_of_zone(store, zone_id, take_origin, &loading, err);
    if (result != STORE_OK || loading.failed)
        return false;
    if (!add_levers(view, source, err))
        return false;
    make_target(view, source);
    view->any = setting != NULL;
    if (setting)
        make_advice(view, source, setting);
    else
        view->advice = (struct recommendation){
            .stage_percent = ZONE_WHOLE, .reason = REASON_NO_EVIDENCE, .upper95 = 1};
    return !setting || add_state(view, source, err);
}

/* ---- exporting ------------------------------------------------------------------------------- */

/* What it supports: the group that it picks first, then the others in the usual order. */
static void list_groups(const struct facts *facts, struct export_origin *out) {
    static const uint16_t ids[JUDGED_GROUPS] = {
        [JUDGED_X25519] = GROUP_X25519,
        [JUDGED_P256] = GROUP_P256,
        [JUDGED_P384] = GROUP_P384,
        [JUDGED_P521] = GROUP_P521,
        [JUDGED_DRAFT] = GROUP_X25519KYBER768DRAFT00,
    };
    if (!facts->any)
        return;
    if (facts->preferred_group != GROUP_NONE)
        out->groups[out->groups_n++] = facts->preferred_group;
    for (unsigned i = 0; i < JUDGED_GROUPS; i++) {
        uint16_t group = i == JUDGED_HYBRID ? facts->hybrid : ids[i];
        if (facts->groups[i] == TRUTH_TRUE && group != facts->preferred_group &&
            out->groups_n < ZONE_GROUPS_MAX)
            out->groups[out->groups_n++] = group;
    }
}

static struct export_origin export_origin(const struct zone_view *view,
                                          const struct zone_view_source *source,
                                          const struct zone_view_origin *from) {
    const struct origin *origin = &from->stored.origin;
    struct export_origin out = {
        .host = origin->host,
        .port = origin->port,
        .sni = origin->sni,
        .address = origin->address,
        .weight = origin->weight,
    };
    if (from->stored.scanned)
        list_groups(&from->stored.facts, &out);
    out.exception =
        from->advised && zone_rule_exception(&source->options.params, view->compliance,
                                             &from->advice, &view->advice.setting, &out.setting);
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
        exporting->origins[i] = export_origin(view, exporting->source, &view->origins[i]);
        if (stored->scanned && stored->scanned_ms > data_ms)
            data_ms = stored->scanned_ms;
    }
    struct export_zone zone = {
        .name = view->name,
        .advice = view->advice,
        .compliance = view->compliance,
        .classical_share = view->target.classical_share,
        .shadow = view->shadow,
        .data_ms = data_ms,
        .origins_n = view->origins_n,
        .origins = exporting->origins,
    };
    return exporting->sink(exporting->sink_arg, &zone);
}

static bool take_zone(void *arg, int64_t zone_id, const char *name,
                      const struct store_setting *setting) {
    struct exporting *exporting = arg;
    exporting->failed = !zone_view_load(&exporting->view, exporting->source, zone_id, name, setting,
                                        exporting->err);
    return !exporting->failed && export_zone(exporting);
}

static bool run(struct exporting *exporting) {
    const struct zone_view_source *source = exporting->source;
    struct store *store = source->store;
    if (source->zones_n == 0)
        return store->ops->zones(store, take_zone, exporting, exporting->err) == STORE_OK;
    for (size_t i = 0; i < source->zones_n; i++) {
        if (store->ops->zone_by_name(store, source->zones[i], take_zone, exporting,
                                     exporting->err) != STORE_OK ||
            exporting->failed)
            return false;
    }
    return true;
}

bool zone_view_export(void *arg, export_sink *sink, void *sink_arg, struct err *err) {
    struct zone_view_source *source = arg;
    struct exporting exporting = {.source = source, .sink = sink, .sink_arg = sink_arg, .err = err};
    bool done = run(&exporting) && !exporting.failed;
    zone_view_clear(&exporting.view);
    free(exporting.origins);
    return done;
}
