/* The populations. The fractions of groups are those that Cloudflare published (2023: the hybrid at
 * 0.5 % of the origins, 0.6 % prefer P-256 and 2.3 % P-384, under 0.34 % fail on its share, most of
 * them by a retry; September 2026: the hybrid at 12.8 %, over 6 % prefer P-256 or P-384). How many
 * speak TLS 1.2 only, and how the rest divides, is assumed. */
#include "tests/sim/population.h"

#include "scanner/base/array.h"

#include <math.h>

enum {
    X = 1 << CLASSICAL_X25519,
    P256 = 1 << CLASSICAL_P256,
    P384 = 1 << CLASSICAL_P384,
    P521 = 1 << CLASSICAL_P521,
    H = SERVER_HYBRID,
    WHOLE = 10000,
};

static const struct {
    struct server server;
    unsigned of[POPULATION_COUNT]; /* in WHOLE; what is left over is the first row's */
} rows[] = {
    {{.name = "classical", .order = {X, P256, P384, P521}}, {0, 0}},
    {{.name = "classical without P-521", .order = {X, P256, P384}}, {500, 500}},
    {{.name = "classical, X25519 and P-256", .order = {X, P256}}, {700, 600}},
    {{.name = "TLS 1.2 only", .tls12 = true, .order = {P256, X, P384, P521}}, {2500, 1500}},
    {{.name = "P-256 first", .order = {P256, X, P384, P521}, .strict = true}, {60, 200}},
    {{.name = "P-384 first", .order = {P384, P256, X}, .strict = true}, {230, 150}},
    {{.name = "no X25519", .order = {P256, P384, P521}}, {300, 300}},
    {{.name = "hybrid", .order = {H, X, P256, P384, P521}, .strict = true}, {20, 600}},
    {{.name = "hybrid if its share comes", .order = {H, X, P256, P384, P521}}, {10, 240}},
    {{.name = "the same without P-521", .order = {H, X, P256, P384}}, {5, 120}},
    {{.name = "hybrid only after a retry",
      .order = {H, X, P256, P384, P521},
      .strict = true,
      .faults = FAULT_LARGE_FIRST},
     {2, 40}},
    {{.name = "hybrid if alone", .order = {X, P256, P384, H}}, {3, 60}},
    {{.name = "hybrid never chosen", .order = {X, P256, P384, H}, .strict = true}, {3, 60}},
    {{.name = "hybrid, then P-256", .order = {H, P256, P384}, .strict = true}, {2, 60}},
    {{.name = "hybrid if shared, then P-256", .order = {H, P256, P384}}, {1, 30}},
    {{.name = "hybrid, second hello breaks",
      .order = {H, X, P256, P384},
      .strict = true,
      .faults = FAULT_LARGE_SECOND},
     {1, 20}},
    {{.name = "hybrid, retries break",
      .order = {H, X, P256, P384},
      .strict = true,
      .faults = FAULT_RETRY},
     {0, 2}},
    {{.name = "hybrid unusable",
      .order = {H, X, P256, P384},
      .strict = true,
      .faults = FAULT_UNUSABLE},
     {1, 5}},
    {{.name = "hybrid refused", .order = {X, P256, P384}, .faults = FAULT_LISTED}, {3, 5}},
    {{.name = "unknown share", .order = {X, P256, P384}, .faults = FAULT_SHARED}, {4, 5}},
    {{.name = "size limit", .order = {X, P256, P384, P521}, .faults = FAULT_LARGE_FIRST}, {8, 10}},
    {{.name = "retry then fail", .order = {X, P256, P384}, .faults = FAULT_RETRY}, {15, 12}},
    {{.name = "P-256 first, retries break",
      .order = {P256, X, P384},
      .strict = true,
      .faults = FAULT_RETRY},
     {3, 3}},
    {{.name = "TLS 1.2, hangs on large hellos",
      .tls12 = true,
      .order = {P256, X, P384},
      .faults = FAULT_LARGE_FIRST},
     {2, 2}},
    {{.name = "two shares break", .order = {X, P256, P384}, .faults = FAULT_TWO_SHARES}, {1, 1}},
};

const char *population_name(enum population population) {
    static const char *const names[POPULATION_COUNT] = {"2023", "2026"};
    return names[population];
}

static const struct server *draw_server(enum population population, struct draw *draw) {
    unsigned at = (unsigned)(draw_uniform(draw) * WHOLE);
    for (size_t i = 1; i < COUNT_OF(rows); i++) {
        if (at < rows[i].of[population])
            return &rows[i].server;
        at -= rows[i].of[population];
    }
    return &rows[0].server;
}

void population_draw(enum population population, bool correlated, struct draw *draw,
                     struct population_zone *out) {
    const double alike = 0.8;
    double sum = 0;
    *out = (struct population_zone){
        .n = (unsigned)pow(POPULATION_ORIGINS_MAX + 1, draw_uniform(draw))};
    for (unsigned i = 0; i < out->n; i++) {
        bool same = correlated && i > 0 && draw_uniform(draw) < alike;
        out->servers[i] = same ? out->servers[0] : draw_server(population, draw);
        sum += out->weights[i] = pow(1000, draw_uniform(draw));
    }
    for (unsigned i = 0; i < out->n; i++)
        out->weights[i] /= sum;
}
