/* The fault models of the simulation: what happens to a hello on its way to a simulated zone's
 * origin, be it a probe's or a customer's. */
#pragma once

#include "tests/sim/draw.h"

#include <stdbool.h>

/* Parameters of a model; all zeroes is a perfectly healthy origin. */
struct fault_model {
    const char *name;
    double noise;        /* any handshake fails with this probability, whatever its hello */
    double large;        /* a large first hello fails with this probability */
    double bad_backends; /* this share of the backends fails on every large first hello */
    bool sticky_by_day;  /* the scanner is given another backend each day, else never */
    bool warm_up;        /* 12 large hellos in ten minutes pass, then none for ten minutes */
    unsigned from_day;   /* the fault begins on this day */
};

/* A zone's network in one run. */
struct fault_world {
    const struct fault_model *model;
    struct draw draw;
    int64_t backend_day;
    bool bad_backend; /* the scanner's backend is a bad one */
    int64_t window_ms;
    unsigned in_window;
    int64_t blocked_until_ms;
};

/* Times are milliseconds from the start of the simulation. */
void fault_world_init(struct fault_world *world, const struct fault_model *model, uint64_t scenario,
                      uint64_t zone);

/* Whether one connection of the scanner fails. */
bool fault_world_probe(struct fault_world *world, int64_t now_ms, bool large);

/* How many of n customers' connections with a large hello, made in five minutes or in the given
 * longer span, the fault breaks. Noise is not counted here. */
uint64_t fault_world_broken(struct fault_world *world, int64_t now_ms, uint64_t n);

/* True if the model can break customers' connections at that time. */
bool fault_world_active(const struct fault_world *world, int64_t now_ms);
