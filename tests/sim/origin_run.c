/* The visits: what the probes of the plan meet, read as report/rule/observe.c reads a real scan. */
#include "tests/sim/origin_run.h"

#include "scanner/base/duration.h"

enum { X25519_BIT = 1 << CLASSICAL_X25519 };

/* One probe with its redial. */
struct probe {
    struct server_answer answer;
    struct rule_trial trial;
};

static uint16_t group_of(unsigned bit, uint16_t hybrid) {
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++) {
        if (bit == 1U << i)
            return observation_classical_group((enum classical_group)i);
    }
    return bit == SERVER_HYBRID ? hybrid : GROUP_NONE;
}

static bool dial_fails(struct origin_run *run, const struct probe *probe, int64_t now_ms,
                       bool large) {
    bool network = fault_world_probe(&run->world, now_ms, large);
    return network || probe->answer.failed;
}

/* As the engine does it: an abrupt failure is dialled once more. */
static struct probe dial(struct origin_run *run, const struct rule_params *params, int64_t now_ms,
                         enum rule_level level, unsigned shares) {
    bool large = shares & SERVER_HYBRID;
    struct probe probe = {.answer = server_answer(run->server, server_hello_of(level, shares)),
                          .trial = {.tries = 1}};
    if (dial_fails(run, &probe, now_ms, large)) {
        probe.trial.failed = 1;
        probe.trial.tries = 2;
        probe.trial.failed += dial_fails(run, &probe, now_ms, large);
    }
    probe.trial.works = probe.trial.failed < probe.trial.tries;
    probe.trial.retry = probe.answer.retry;
    probe.trial.group =
        probe.trial.works ? group_of(probe.answer.group, params->hybrid) : GROUP_NONE;
    return probe;
}

static enum share_answer share_answer_of(const struct probe *probe) {
    if (!probe->trial.works)
        return SHARE_FAILED;
    return probe->answer.retry ? SHARE_RETRIED : SHARE_ACCEPTED;
}

/* The failure of another probe that proves the mode counts as one of the mode. */
static void fail_with(struct rule_trial *trial, const struct probe *proof) {
    if (proof->trial.works || trial->failed > 0)
        return;
    *trial = (struct rule_trial){.tries = 2, .failed = 2, .group = GROUP_NONE};
}

struct visit {
    struct origin_run *run;
    const struct rule_params *params;
    struct observation *out;
    struct probe classical, preferred, dual;
    struct probe confirm, confirm_dual; /* no tries: not sent */
};

static struct probe send_probe(struct visit *v, enum rule_level level, unsigned shares) {
    return dial(v->run, v->params, v->out->time_ms, level, shares);
}

static void count_control(struct observation *out, const struct probe *probe) {
    out->controls++;
    out->controls_failed = (uint8_t)(out->controls_failed + (probe->trial.failed > 0));
}

/* `choose` sends no share: the retry to the hybrid has to work even where `supported` gets none. */
static void try_supported(struct visit *v) {
    struct rule_trial *trial = &v->out->trials[MODE_SUPPORTED];
    *trial = send_probe(v, LEVEL_SUPPORTED, X25519_BIT).trial;
    if (v->out->kind != KIND_DAILY)
        return;
    struct server_answer choice =
        server_answer(v->run->server, server_hello_of(LEVEL_SUPPORTED, 0));
    if (choice.failed && choice.at_retry && v->run->server->order[0] == SERVER_HYBRID)
        fail_with(trial, &(struct probe){.trial = {.works = false}});
}

/* The index of the group; CLASSICAL_COUNT for none. */
static unsigned find_classical(uint16_t group) {
    unsigned which = 0;
    while (which < CLASSICAL_COUNT &&
           observation_classical_group((enum classical_group)which) != group)
        which++;
    return which;
}

static bool answered_at_once(const struct probe *probe) {
    return probe->trial.tries > 0 && probe->trial.works && !probe->answer.retry;
}

/* The proof that the zone wishes: `confirm-dual` at every visit, `confirm` at the daily one. */
static void send_proof(struct visit *v) {
    const struct proof_wish *wish = &v->run->state.wish;
    unsigned which = find_classical(wish->share);
    if (which == CLASSICAL_COUNT)
        return;
    if (wish->level != LEVEL_PREFERRED) {
        if (v->out->kind != KIND_DAILY)
            return;
        v->confirm = send_probe(v, LEVEL_OFF, 1U << which);
        v->out->shares[which] = share_answer_of(&v->confirm);
        return;
    }
    v->confirm_dual = send_probe(v, LEVEL_PREFERRED, SERVER_HYBRID | 1U << which);
    bool hybrid = v->confirm_dual.answer.group == SERVER_HYBRID;
    if (!v->confirm_dual.trial.works)
        v->out->duals[which] = DUAL_FAILED;
    else if (!v->confirm_dual.answer.retry)
        v->out->duals[which] = hybrid ? DUAL_HYBRID : DUAL_CLASSICAL;
    if (v->confirm_dual.trial.works && !hybrid && v->out->shares[which] == SHARE_UNKNOWN)
        v->out->shares[which] = share_answer_of(&v->confirm_dual);
}

/* The share that `classical` was told to come back with, unless `confirm-dual` just got it. */
static void send_confirm(struct visit *v) {
    unsigned group = v->classical.answer.group;
    bool picked = v->preferred.answer.group == SERVER_HYBRID && answered_at_once(&v->preferred);
    bool shown = answered_at_once(&v->confirm_dual) && v->confirm_dual.answer.group == group;
    if (v->confirm.trial.tries > 0 || !v->classical.answer.retry || picked || shown)
        return;
    v->confirm = send_probe(v, LEVEL_OFF, group);
    unsigned which = find_classical(group_of(group, v->params->hybrid));
    v->out->shares[which] = share_answer_of(&v->confirm);
}

/* A hello of the full length proves `preferred`, where a ServerHello follows it: to
 * `preferred-dual`, or to `confirm-dual` where the former is answered by a retry. */
static void try_preferred(struct visit *v) {
    struct rule_trial *trials = v->out->trials;
    const struct probe *longest = &v->dual;
    trials[MODE_PREFERRED] = v->preferred.trial;
    trials[MODE_PREFERRED_DUAL] = v->dual.trial;
    fail_with(&trials[MODE_PREFERRED], &v->dual);
    if (v->dual.trial.works && v->dual.answer.retry && v->confirm_dual.trial.tries > 0)
        longest = &v->confirm_dual;
    if (!v->dual.trial.works || answered_at_once(longest))
        return;
    trials[MODE_PREFERRED_DUAL] = (struct rule_trial){.tries = 0};
    if (v->preferred.trial.works)
        trials[MODE_PREFERRED] = (struct rule_trial){.tries = 0};
}

/* Where `classical` ended after its retry, `confirm` stands in for it as the opening control. */
static void read_controls(struct visit *v) {
    struct observation *out = v->out;
    bool opened =
        v->classical.trial.works || (v->classical.answer.at_retry && answered_at_once(&v->confirm));
    count_control(out, v->classical.trial.works ? &v->classical : &v->confirm);
    struct probe closing = send_probe(v, LEVEL_OFF, X25519_BIT);
    if (server_has(v->run->server, X25519_BIT) && !closing.answer.failed)
        count_control(out, &closing);
    out->conclusive = opened && (closing.trial.works || closing.answer.failed);
    out->tls13 = !v->run->server->tls12;
}

/* The only classical group that it has. */
static void read_needed(struct visit *v) {
    unsigned had = 0;
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        had += server_has(v->run->server, 1U << i);
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        v->out->needed[i] = had == 1 && server_has(v->run->server, 1U << i);
}

static struct observation observe_visit(struct origin_run *run, const struct rule_params *params,
                                        int64_t now_ms, enum observation_kind kind) {
    struct observation out = {.time_ms = now_ms, .kind = kind, .ceiling = LEVEL_PREFERRED};
    struct visit v = {.run = run, .params = params, .out = &out};
    v.classical = send_probe(&v, LEVEL_OFF, X25519_BIT);
    v.preferred = send_probe(&v, LEVEL_PREFERRED, SERVER_HYBRID);
    v.dual = send_probe(&v, LEVEL_PREFERRED, SERVER_HYBRID | X25519_BIT);
    out.shares[CLASSICAL_X25519] = share_answer_of(&v.classical);
    send_proof(&v);
    try_preferred(&v);
    try_supported(&v);
    if (kind == KIND_DAILY) {
        send_confirm(&v);
        read_needed(&v);
        out.ceiling = server_ceiling(run->server);
        out.hybrid_known = !run->server->tls12 && server_has(run->server, SERVER_HYBRID);
    }
    read_controls(&v);
    for (unsigned i = 0; i < CLASSICAL_COUNT; i++)
        out.confirmed[i] = out.shares[i] == SHARE_ACCEPTED;
    return out;
}

static bool any_trial_failed(const struct observation *scan) {
    for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
        if (scan->trials[mode].failed > 0)
            return true;
    }
    return false;
}

static void plan_next(struct origin_run *run, const struct rule_params *params) {
    struct extra_visit extra =
        extra_visit_next(&run->state, params, run->last_visit_ms, run->last_visit_ms);
    bool early = extra.wanted && extra.at_ms < run->daily_ms;
    run->next_kind = early ? extra.kind : KIND_DAILY;
    run->next_ms = early ? extra.at_ms : run->daily_ms;
}

/* Each origin has its own phase in the day, as the scheduler gives it. */
void origin_run_init(struct origin_run *run, const struct server *server,
                     const struct fault_model *model, uint64_t scenario, uint64_t origin) {
    *run = (struct origin_run){.server = server, .next_kind = KIND_DAILY};
    fault_world_init(&run->world, model, scenario, origin);
    origin_rule_init(&run->state);
    run->daily_ms = (int64_t)(draw_uniform(&run->world.draw) * (double)DAY_MS);
    run->next_ms = run->daily_ms;
}

bool origin_run_visit(struct origin_run *run, const struct rule_params *params) {
    struct observation scan = observe_visit(run, params, run->next_ms, run->next_kind);
    origin_rule_step(&run->state, params, &scan);
    run->last_visit_ms = run->next_ms;
    if (run->next_kind == KIND_DAILY)
        run->daily_ms += DAY_MS;
    plan_next(run, params);
    return any_trial_failed(&scan);
}

void origin_run_wish(struct origin_run *run, const struct rule_params *params,
                     struct proof_wish wish) {
    if (wish.level == run->state.wish.level && wish.share == run->state.wish.share)
        return;
    run->state.wish = wish;
    plan_next(run, params);
}
