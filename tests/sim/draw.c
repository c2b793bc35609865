/* splitmix64 (Steele, Lea, Flood 2014) and binomials drawn from it. */
#include "tests/sim/draw.h"

#include <math.h>

static uint64_t next(struct draw *draw) {
    uint64_t z = draw->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct draw draw_seed(uint64_t scenario, uint64_t zone) {
    struct draw draw = {scenario * UINT64_C(1000003) + zone};
    draw.state = next(&draw); /* neighbouring seeds give unrelated streams */
    return draw;
}

double draw_uniform(struct draw *draw) {
    return (double)(next(draw) >> 11) * 0x1p-53;
}

static uint64_t by_normal(struct draw *draw, double n, double p) {
    double radius = sqrt(-2 * log(1 - draw_uniform(draw)));
    double normal = radius * cos(2 * M_PI * draw_uniform(draw));
    double value = floor(n * p + normal * sqrt(n * p * (1 - p)) + 0.5);
    return (uint64_t)fmax(0, fmin(n, value));
}

/* Adds up the distribution from 0 on until it passes a uniform draw. */
static uint64_t by_inversion(struct draw *draw, uint64_t n, double p) {
    double left = draw_uniform(draw);
    double odds = p / (1 - p);
    double chance = exp((double)n * log1p(-p));
    uint64_t k = 0;
    while (left >= chance && k < n) {
        left -= chance;
        chance *= (double)(n - k) / (double)(k + 1) * odds;
        k++;
    }
    return k;
}

uint64_t draw_binomial(struct draw *draw, uint64_t n, double probability) {
    if (n == 0 || probability <= 0)
        return 0;
    if (probability >= 1)
        return n;
    if (probability > 0.5)
        return n - draw_binomial(draw, n, 1 - probability);
    if ((double)n * probability * (1 - probability) > 400)
        return by_normal(draw, (double)n, probability);
    return by_inversion(draw, n, probability);
}
