/* Which servers there are, in which fractions, and how they come together in zones. */
#pragma once

#include "tests/sim/draw.h"
#include "tests/sim/server.h"

#define POPULATION_ORIGINS_MAX 20

enum population { POPULATION_2023, POPULATION_2026, POPULATION_COUNT };

const char *population_name(enum population population);

struct population_zone {
    unsigned n; /* 1 to POPULATION_ORIGINS_MAX, small zones being the more common */
    const struct server *servers[POPULATION_ORIGINS_MAX];
    double weights[POPULATION_ORIGINS_MAX]; /* add up to 1; from one to a thousandfold */
};

/* Correlated: most origins of a zone are like its first one. */
void population_draw(enum population population, bool correlated, struct draw *draw,
                     struct population_zone *out);
