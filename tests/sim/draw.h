/* Random draws that are the same on every machine and every run. */
#pragma once

#include <stdint.h>

/* A generator; its seed says which simulated zone it serves. */
struct draw {
    uint64_t state;
};

struct draw draw_seed(uint64_t scenario, uint64_t zone);

/* Uniform in [0, 1). */
double draw_uniform(struct draw *draw);

/* How many of n independent trials succeed with that probability. Exact by inversion where the
 * result is small, by the normal approximation where its variance is above 400. */
uint64_t draw_binomial(struct draw *draw, uint64_t n, double probability);
