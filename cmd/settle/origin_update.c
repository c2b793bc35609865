/* Adding a visit to an origin's stored state. */
#include "cmd/settle/origin_update.h"

#include "report/rule/extra_visit.h"
#include "report/rule/observe.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "store/store_read.h"

#include <assert.h>
#include <stdlib.h>

void origin_update_init(struct origin_update *o, const struct settle_options *options,
                        struct store *store, int64_t origin_id, struct store_origin_rule *rule) {
    static_assert(ORIGIN_HISTORY_MAX <= STORE_ORIGIN_STATE_MAX, "the store has room for a state");
    static_assert(ORIGIN_VISITS_SIZE <= STORE_ORIGIN_VISITS_MAX, "and for the visits");
    *o = (struct origin_update){
        .options = options, .store = store, .origin_id = origin_id, .rule = rule};
    origin_history_init(&o->history);
    if (!rule)
        o->rule = o->own = alloc_zero(1, sizeof *o->own);
}

void origin_update_clear(struct origin_update *o) {
    free(o->own);
}

/* An extra visit while a failure waits to be confirmed is one that confirms it. The visit is packed
 * and unpacked first, because the state must not know more than the stored visits do. */
void origin_update_keep(struct origin_update *o, struct observation *scan) {
    const struct rule_params *params = &o->options->params;
    if (scan->kind == KIND_EXTRA) {
        struct extra_visit next =
            extra_visit_next(&o->history.state, params, scan->time_ms, scan->time_ms);
        if (next.wanted && next.kind == KIND_CONFIRM)
            scan->kind = KIND_CONFIRM;
    }
    uint8_t packed[OBSERVATION_PACKED];
    observation_pack(scan, packed);
    observation_unpack(packed, scan);
    origin_rule_step(&o->history.state, params, scan);
    o->rule->visits_n = origin_visits_append(o->rule->visits, o->rule->visits_n, params, scan);
    o->history.visits += scan->kind != KIND_RELEASE;
    o->changed = o->changed || scan->conclusive || scan->silence != SILENCE_NONE ||
                 scan->kind == KIND_RELEASE;
}

void origin_update_again(struct origin_update *o, const struct scan *scan,
                         const struct judgement *judgement, const struct observation *before) {
    struct observation seen;
    observe(scan, judgement, o->options->params.profile, &seen);
    if (scan->plan == PLAN_QUICK && o->options->quick)
        observe_quick_alone(judgement, &seen);
    if (before)
        observe_keep_unasked(scan, before, &seen);
    o->sums.controls += seen.controls;
    o->sums.controls_failed += seen.controls_failed;
    origin_update_keep(o, &seen);
}

void origin_update_scan(struct origin_update *o, const struct scan *scan,
                        const struct judgement *judgement) {
    origin_update_again(o, scan, judgement, NULL);
}

/* So much later than now that it was made while the wall clock was wrong. A day that is over for the rule never ends:
 * what comes would be counted on it until it is there. A clock that has not been set yet judges nothing. */
static bool is_of_wrong_clock(const struct origin_update *o, int32_t day) {
    return o->now_ms >= CLOCK_EARLIEST_MS &&
           day > origin_evidence_day_of(o->now_ms) + CLOCK_AHEAD_DAYS;
}

static bool take_missed_scan(void *arg, const struct scan *scan) {
    struct origin_update *o = arg;
    struct judgement judgement;
    if (is_of_wrong_clock(o, origin_evidence_day_of(scan->started_ms)))
        return true;
    verdict_judge(scan, &judgement);
    origin_update_scan(o, scan, &judgement);
    return true;
}

/* What was passed over is not to be read again, should the state be made of the visits. */
static void count_visits(struct origin_update *o) {
    struct origin_visits visits;
    origin_visits_read(o->rule->visits, o->rule->visits_n, &visits);
    visits.visits = o->history.visits;
    o->rule->visits_n = origin_visits_write(&visits, o->rule->visits);
}

/* Scans that were stored without an observer are read from the stored scans. A damaged one among them
 * must not end whoever commits the next, and again after each start: `db check` names it. */
static enum store_result add_missed_scans(struct origin_update *o, uint32_t visits,
                                          struct err *err) {
    struct store_damaged damaged;
    uint32_t missing = visits - o->history.visits;
    enum store_result result =
        store_history_sound(o->store, o->origin_id, missing, take_missed_scan, o, &damaged, err);
    o->sums = (struct store_hour){0}; /* of the past: the brake looks at the present */
    o->history.visits = visits;
    count_visits(o);
    return result;
}

/* What a wrong clock saw may have been true, and so may a demotion: it holds from now on. */
static void keep_demotions(const struct origin_update *o, const struct origin_standing *before,
                           struct origin_standing *standing) {
    const int32_t today = origin_evidence_day_of(o->now_ms);
    if (before->demotions_n == 0 ||
        !is_of_wrong_clock(o, before->demotions[before->demotions_n - 1]))
        return;
    if (before->level < standing->level) {
        standing->level = before->level;
        standing->reason = before->reason;
        standing->since_day = today;
    }
    standing->hold_days = before->hold_days;
    standing->hold_until_day = today + (int32_t)before->hold_days;
    standing->pinned = before->pinned;
    standing->demotions_n = before->demotions_n;
    for (unsigned i = 0; i < before->demotions_n; i++)
        standing->demotions[i] = before->demotions[i] < today ? before->demotions[i] : today;
}

/* Takes what a wrong clock added out of the visits, the oldest of which come to nothing where they are its work, too. */
static void drop_visits_of_wrong_clock(const struct origin_update *o,
                                       struct origin_visits *visits) {
    const struct store_origin_rule *rule = o->rule;
    uint32_t kept = 0;
    if (!origin_visits_read(rule->visits, rule->visits_n, visits) ||
        is_of_wrong_clock(o, visits->base.evidence.day)) {
        origin_visits_init(visits);
        visits->visits = o->history.visits;
        return;
    }
    for (uint32_t i = 0; i < visits->scans_n; i++)
        if (!is_of_wrong_clock(o, origin_evidence_day_of(visits->scans[i].time_ms)))
            visits->scans[kept++] = visits->scans[i];
    visits->scans_n = kept;
}

/* The evidence of before counts again. What is left is folded into one state, which replaying gives again. The zones'
 * wish comes from no visit: it stays. */
static void repair_history(struct origin_update *o) {
    const struct rule_params *params = &o->options->params;
    const struct origin_state *state = &o->history.state;
    struct origin_standing before = origin_rule_standing(state, params, state->evidence.day);
    struct proof_wish wish = state->wish;
    struct origin_visits visits;
    drop_visits_of_wrong_clock(o, &visits);
    origin_visits_replay(&visits, params, &o->history);
    keep_demotions(o, &before, &o->history.state.base);
    o->history.state.wish = wish;
    visits.base = o->history.state;
    visits.scans_n = 0;
    o->rule->visits_n = origin_visits_write(&visits, o->rule->visits);
}

static bool read_kept(struct origin_update *o) {
    struct store_origin_rule *rule = o->rule;
    if (rule->state_n > sizeof rule->state ||
        !origin_history_read(rule->state, rule->state_n, &o->history))
        return false;
    if (is_of_wrong_clock(o, o->history.state.evidence.day))
        repair_history(o);
    return true;
}

enum store_result origin_update_read(struct origin_update *o, uint32_t visits, struct err *err) {
    struct store_origin_rule *rule = o->rule;
    if (rule->visits_n > ORIGIN_VISITS_SIZE)
        rule->visits_n = 0;
    if (!read_kept(o)) {
        origin_history_init(&o->history);
        rule->visits_n = 0;
    }
    return o->history.visits < visits ? add_missed_scans(o, visits, err) : STORE_OK;
}

enum store_result origin_update_load(struct origin_update *o, uint32_t visits, struct err *err) {
    struct store_origin_rule *rule = o->rule;
    enum store_result result = store_origin_state_get(o->store, o->origin_id, rule->state,
                                                      sizeof rule->state, &rule->state_n, err);
    if (result == STORE_OK)
        result = store_origin_visits_get(o->store, o->origin_id, rule->visits, sizeof rule->visits,
                                         &rule->visits_n, err);
    return result == STORE_OK ? origin_update_read(o, visits, err) : result;
}

void origin_update_write(struct origin_update *o) {
    o->rule->state_n = origin_history_write(&o->history, o->rule->state);
}

enum store_result origin_update_save(struct origin_update *o, struct err *err) {
    const struct store_origin_rule *rule = o->rule;
    origin_update_write(o);
    enum store_result result =
        store_origin_state_put(o->store, o->origin_id, rule->state, rule->state_n, err);
    return result == STORE_OK
               ? store_origin_visits_put(o->store, o->origin_id, rule->visits, rule->visits_n, err)
               : result;
}
