/* Customers between the judgements. */
#include "tests/sim/zone_traffic.h"

#include "report/zone/zone_feedback.h"
#include "report/zone/zone_ramp.h"
#include "scanner/base/duration.h"

#define TICK_MS (5 * MINUTE_MS)
#define TICKS_A_DAY 288
#define CONNECTIONS_A_DAY 100000

struct traffic {
    const struct zone_traffic_setup *setup;
    struct zone_traffic *out;
    struct zone_play play;
    struct zone_state state;
    struct zone_truth truth;
    struct draw draw;
};

static void note_move(struct traffic *t, bool down) {
    struct zone_traffic *out = t->out;
    out->demotions += down;
    if (t->state.setting.level == LEVEL_PREFERRED && t->state.stage_percent > out->peak_percent)
        out->peak_percent = t->state.stage_percent;
}

static struct zone_input input_at(const struct traffic *t, int64_t now_ms) {
    return (struct zone_input){.now_ms = now_ms, .target = &t->play.target, .allow_up = true};
}

static void judge(struct traffic *t, int64_t now_ms) {
    zone_play_judge(&t->play, t->setup->params, now_ms);
    struct zone_input input = input_at(t, now_ms);
    note_move(t, zone_ramp_step(&t->state, t->setup->params, &input) == MOVE_DOWN);
}

/* Whether anything but noise can break connections to that origin. */
static bool may_break(const struct traffic *t, unsigned origin, unsigned candidate,
                      int64_t now_ms) {
    if (candidate == CANDIDATE_NONE)
        return false;
    if (!t->truth.works[candidate])
        return true;
    return candidate_at(candidate).level == LEVEL_PREFERRED &&
           fault_world_active(&t->play.origins[origin].world, now_ms);
}

/* How many of n connections to that origin the setting breaks, besides noise. */
static uint64_t count_broken(struct traffic *t, unsigned origin, unsigned candidate, int64_t now_ms,
                             uint64_t n) {
    if (!server_truth(t->play.zone->servers[origin], candidate).tolerated)
        return n;
    return candidate_at(candidate).level == LEVEL_PREFERRED
               ? fault_world_broken(&t->play.origins[origin].world, now_ms, n)
               : 0;
}

/* What n connections with that setting come to. */
static struct feedback send_arm(struct traffic *t, enum feedback_arm arm,
                                const struct zone_setting *setting, int64_t now_ms, uint64_t n) {
    struct feedback report = {.arm = arm, .handshakes = n};
    unsigned candidate = zone_setting_candidate(setting);
    double left = 1;
    uint64_t broken = 0, rest = n;
    for (unsigned i = 0; i < t->play.zone->n && rest > 0; i++) {
        double weight = t->play.zone->weights[i];
        if (!may_break(t, i, candidate, now_ms))
            continue;
        uint64_t of = draw_binomial(&t->draw, rest, weight < left ? weight / left : 1);
        broken += count_broken(t, i, candidate, now_ms, of);
        rest -= of;
        left -= weight;
    }
    t->out->broken += broken;
    if (!t->setup->feedback)
        return report;
    report.failures = broken + draw_binomial(&t->draw, n - broken, t->setup->noise);
    if (candidate != CANDIDATE_NONE)
        report.retries = draw_binomial(&t->draw, n, t->truth.sums[candidate].retry);
    return report;
}

/* Five minutes of customers, and what the operator reports of them. */
static void serve_customers(struct traffic *t, int64_t now_ms, uint64_t n) {
    uint64_t canary = draw_binomial(&t->draw, n, t->state.stage_percent / 100.0);
    const struct zone_state before = t->state;
    struct zone_input input = input_at(t, now_ms + TICK_MS);
    struct feedback reports[ARM_COUNT] = {
        [ARM_CONTROL] = send_arm(t, ARM_CONTROL, &before.previous, now_ms, n - canary),
        [ARM_CANARY] = send_arm(t, ARM_CANARY, &before.setting, now_ms, canary),
    };
    for (unsigned arm = 0; arm < ARM_COUNT && t->setup->feedback; arm++) {
        if (reports[arm].handshakes > 0)
            note_move(t, zone_feedback_take(&t->state, t->setup->params, &input, &reports[arm]));
    }
}

void zone_traffic_simulate(const struct zone_traffic_setup *setup, struct zone_traffic *out) {
    static struct traffic t; /* large */
    *out = (struct zone_traffic){.peak_percent = 0};
    t = (struct traffic){.setup = setup, .out = out};
    t.draw = draw_seed(setup->scenario, setup->number);
    zone_play_init(&t.play, setup->zone, setup->models, setup->scenario + 1000, setup->number);
    zone_choice_truth(setup->zone, &t.truth);
    zone_state_init(&t.state);
    uint64_t ticks = (uint64_t)setup->days * TICKS_A_DAY;
    for (uint64_t tick = 0; tick < ticks; tick++) {
        int64_t now_ms = (int64_t)tick * TICK_MS;
        bool failed = zone_play_until(&t.play, setup->params, now_ms);
        if (failed || tick % TICKS_A_DAY == 0)
            judge(&t, now_ms);
        uint64_t before = tick * CONNECTIONS_A_DAY / TICKS_A_DAY;
        if (t.state.setting.level > LEVEL_OFF)
            serve_customers(&t, now_ms, (tick + 1) * CONNECTIONS_A_DAY / TICKS_A_DAY - before);
    }
}
