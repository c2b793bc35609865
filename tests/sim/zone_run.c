/* The day of a zone: its scanner, its customers, and the rule between them. */
#include "tests/sim/zone_run.h"

#include "report/rule/advise.h"
#include "report/rule/extra_visit.h"
#include "report/zone/recommend.h"
#include "report/zone/zone_feedback.h"

#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (1440 * MINUTE_MS)
#define TICK_MS (5 * MINUTE_MS)
#define TICKS_A_DAY 288
#define CONNECTIONS_A_DAY 100000

struct sim {
    const struct zone_run_setup *setup;
    struct zone_run *out;
    struct fault_world world;
    struct origin_state origin;
    struct zone_state zone;
    struct zone_target target;
    int64_t last_visit_ms;
    uint64_t ticks;
    int64_t traffic_ms; /* customers are accounted for up to here */
};

/* As the engine does it: an abrupt failure is dialled once more. */
static struct rule_trial dial(struct sim *sim, int64_t now_ms, bool large, uint16_t group) {
    struct rule_trial trial = {.tries = 1};
    if (fault_world_probe(&sim->world, now_ms, large)) {
        trial.failed = 1;
        trial.tries = 2;
        trial.failed += fault_world_probe(&sim->world, now_ms, large);
    }
    trial.works = trial.failed < trial.tries;
    trial.group = trial.works ? group : GROUP_NONE;
    return trial;
}

static void control(struct sim *sim, int64_t now_ms, struct observation *scan) {
    struct rule_trial trial = dial(sim, now_ms, false, GROUP_X25519);
    scan->controls++;
    scan->controls_failed = (uint8_t)(scan->controls_failed + (trial.failed > 0));
    scan->conclusive = scan->conclusive && trial.works;
}

static struct observation visit(struct sim *sim, int64_t now_ms, enum observation_kind kind) {
    uint16_t hybrid = sim->setup->params->hybrid;
    struct observation scan = {
        .time_ms = now_ms, .kind = kind, .conclusive = true, .tls13 = true, .hybrid_known = true};
    control(sim, now_ms, &scan);
    scan.trials[MODE_SUPPORTED] = dial(sim, now_ms, false, hybrid);
    scan.trials[MODE_SUPPORTED].retry = true;
    scan.trials[MODE_PREFERRED] = dial(sim, now_ms, true, hybrid);
    if (kind == KIND_DAILY)
        scan.trials[MODE_PREFERRED_DUAL] = dial(sim, now_ms, true, hybrid);
    control(sim, now_ms, &scan);
    scan.shares[CLASSICAL_X25519] = SHARE_ACCEPTED;
    scan.confirmed[CLASSICAL_X25519] = true;
    sim->out->visits++;
    if (kind == KIND_DAILY && scan.conclusive && scan.trials[MODE_PREFERRED].works)
        sim->out->naive_whole = true;
    return scan;
}

static void note(struct sim *sim, int64_t now_ms, bool down) {
    struct zone_run *out = sim->out;
    if (down) {
        out->demotions++;
        double after = (double)now_ms / DAY_MS - sim->setup->model->from_day;
        if (after >= 0 && out->demoted_after_days < 0)
            out->demoted_after_days = after;
    }
    if (sim->zone.setting.level != LEVEL_PREFERRED)
        return;
    if (sim->zone.stage_percent > out->peak_percent)
        out->peak_percent = sim->zone.stage_percent;
    if (sim->zone.stage_percent == ZONE_WHOLE && out->whole_after_days < 0)
        out->whole_after_days = (double)now_ms / DAY_MS;
}

static struct zone_input input_at(const struct sim *sim, int64_t now_ms) {
    return (struct zone_input){.now_ms = now_ms, .target = &sim->target, .allow_up = true};
}

static void judge(struct sim *sim, int64_t now_ms) {
    const struct rule_params *params = sim->setup->params;
    struct origin_advice advice;
    advise_origin(&sim->origin, params, now_ms, &advice);
    struct zone_origin origin = {.weight = 1, .advice = &advice};
    zone_target_choose(params, COMPLIANCE_NONE, &origin, 1, &sim->target);
    struct zone_input input = input_at(sim, now_ms);
    enum zone_move move = zone_ramp_step(&sim->zone, params, &input);
    note(sim, now_ms, move == MOVE_DOWN);
}

static bool at_risk(const struct sim *sim) {
    return sim->zone.setting.level == LEVEL_PREFERRED;
}

/* Five minutes of customers, and what the operator reports of them. */
static void tick(struct sim *sim, int64_t now_ms) {
    uint64_t before = sim->ticks * CONNECTIONS_A_DAY / TICKS_A_DAY;
    uint64_t n = ++sim->ticks * CONNECTIONS_A_DAY / TICKS_A_DAY - before;
    struct draw *draw = &sim->world.draw;
    double noise = sim->setup->model->noise;
    uint64_t canary = draw_binomial(draw, n, sim->zone.stage_percent / 100.0);
    uint64_t broken = at_risk(sim) ? fault_world_broken(&sim->world, now_ms, canary) : 0;
    sim->out->broken += broken;
    if (!sim->setup->feedback)
        return;
    struct feedback reports[ARM_COUNT] = {
        {.arm = ARM_CONTROL, .handshakes = n - canary},
        {.arm = ARM_CANARY, .handshakes = canary},
    };
    reports[ARM_CONTROL].failures = draw_binomial(draw, n - canary, noise);
    reports[ARM_CANARY].failures = broken + draw_binomial(draw, canary - broken, noise);
    struct zone_input input = input_at(sim, now_ms + TICK_MS);
    for (unsigned arm = 0; arm < ARM_COUNT; arm++) {
        if (reports[arm].handshakes > 0 &&
            zone_feedback_take(&sim->zone, sim->setup->params, &input, &reports[arm]))
            note(sim, now_ms + TICK_MS, true);
    }
}

/* Without feedback nothing depends on the single ticks, except for a firewall that counts. */
static void span(struct sim *sim, int64_t from_ms, int64_t to_ms) {
    if (!at_risk(sim) || !fault_world_active(&sim->world, to_ms))
        return;
    uint64_t n = (uint64_t)(to_ms - from_ms) * CONNECTIONS_A_DAY / DAY_MS;
    uint64_t canary = draw_binomial(&sim->world.draw, n, sim->zone.stage_percent / 100.0);
    sim->out->broken += fault_world_broken(&sim->world, from_ms, canary);
}

static void customers(struct sim *sim, int64_t until_ms) {
    bool by_tick = sim->setup->feedback || (sim->setup->model->warm_up && at_risk(sim));
    if (!by_tick) {
        span(sim, sim->traffic_ms, until_ms);
        sim->traffic_ms = until_ms;
        return;
    }
    for (; sim->traffic_ms + TICK_MS <= until_ms; sim->traffic_ms += TICK_MS) {
        if (sim->zone.setting.level > LEVEL_OFF)
            tick(sim, sim->traffic_ms);
    }
}

/* Runs the customers up to the visit, makes it, judges. */
static void scan_at(struct sim *sim, int64_t now_ms, enum observation_kind kind) {
    customers(sim, now_ms);
    struct observation scan = visit(sim, now_ms, kind);
    origin_rule_step(&sim->origin, sim->setup->params, &scan);
    sim->last_visit_ms = now_ms;
    judge(sim, now_ms);
}

static void run(struct sim *sim, int64_t end_ms) {
    const struct rule_params *params = sim->setup->params;
    /* Each zone has its own phase in the day, as the scheduler gives it. */
    int64_t daily_ms = (int64_t)(draw_uniform(&sim->world.draw) * (double)DAY_MS);
    for (;;) {
        struct extra_visit extra =
            extra_visit_next(&sim->origin, params, sim->last_visit_ms, sim->last_visit_ms);
        bool early = extra.wanted && extra.at_ms < daily_ms;
        int64_t at_ms = early ? extra.at_ms : daily_ms;
        if (at_ms >= end_ms)
            break;
        scan_at(sim, at_ms, early ? extra.kind : KIND_DAILY);
        if (!early)
            daily_ms += DAY_MS;
    }
    customers(sim, end_ms);
}

void zone_run_simulate(const struct zone_run_setup *setup, struct zone_run *out) {
    *out = (struct zone_run){.whole_after_days = -1, .demoted_after_days = -1};
    struct sim sim = {.setup = setup, .out = out};
    fault_world_init(&sim.world, setup->model, setup->scenario, setup->zone);
    origin_rule_init(&sim.origin);
    zone_state_init(&sim.zone);
    run(&sim, setup->days * DAY_MS);
}
