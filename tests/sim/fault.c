/* Drawing what a faulty network does. */
#include "tests/sim/fault.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (1440 * MINUTE_MS)
#define WINDOW_MS (10 * MINUTE_MS)
#define WINDOW_PASSES 12

void fault_world_init(struct fault_world *world, const struct fault_model *model, uint64_t scenario,
                      uint64_t zone) {
    *world = (struct fault_world){.model = model, .draw = draw_seed(scenario, zone)};
    world->backend_day = 0;
    world->bad_backend = draw_uniform(&world->draw) < model->bad_backends;
}

bool fault_world_active(const struct fault_world *world, int64_t now_ms) {
    const struct fault_model *model = world->model;
    return now_ms >= model->from_day * DAY_MS &&
           (model->large > 0 || model->bad_backends > 0 || model->warm_up);
}

/* The backend that the scanner's source address is mapped to. */
static bool on_bad_backend(struct fault_world *world, int64_t now_ms) {
    int64_t day = now_ms / DAY_MS;
    if (world->model->sticky_by_day && day != world->backend_day) {
        world->backend_day = day;
        world->bad_backend = draw_uniform(&world->draw) < world->model->bad_backends;
    }
    return world->bad_backend;
}

/* The firewall counts large hellos; returns how many of n it stops. */
static uint64_t warm_up(struct fault_world *world, int64_t now_ms, uint64_t n) {
    if (now_ms < world->blocked_until_ms)
        return n;
    if (now_ms - world->window_ms >= WINDOW_MS) {
        world->window_ms = now_ms;
        world->in_window = 0;
    }
    uint64_t left = WINDOW_PASSES - world->in_window;
    if (n <= left) {
        world->in_window += (unsigned)n;
        return 0;
    }
    world->in_window = 0;
    world->blocked_until_ms = now_ms + WINDOW_MS;
    return n - left;
}

bool fault_world_probe(struct fault_world *world, int64_t now_ms, bool large) {
    const struct fault_model *model = world->model;
    if (draw_uniform(&world->draw) < model->noise)
        return true;
    if (!large || !fault_world_active(world, now_ms))
        return false;
    if (on_bad_backend(world, now_ms))
        return true;
    if (model->warm_up && warm_up(world, now_ms, 1) > 0)
        return true;
    return model->large > 0 && draw_uniform(&world->draw) < model->large;
}

uint64_t fault_world_broken(struct fault_world *world, int64_t now_ms, uint64_t n) {
    const struct fault_model *model = world->model;
    if (!fault_world_active(world, now_ms))
        return 0;
    if (model->warm_up)
        return warm_up(world, now_ms, n);
    /* Customers come from many sources, so that they meet all backends alike. */
    double rate = model->large > model->bad_backends ? model->large : model->bad_backends;
    return draw_binomial(&world->draw, n, rate);
}
