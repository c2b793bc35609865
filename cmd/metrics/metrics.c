/* What the process counts about itself: the cells. */
#include "cmd/metrics/metrics.h"
#include "cmd/metrics/metrics_table.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* Counters: a number for each pair of labels. A gauge: the bits of a double. A histogram: its buckets,
 * then the sum in microseconds. */
static _Atomic uint64_t cells[METRIC_COUNT][METRICS_CELLS_MAX];
static _Atomic unsigned char gauge_is_set[METRIC_COUNT];

static _Atomic uint64_t *find_cell(enum metric metric, unsigned first, unsigned second) {
    const struct metrics_row *row = metrics_table_row(metric);
    unsigned width = row->labels[1].n ? row->labels[1].n : 1;
    assert(row->kind == METRICS_COUNTER);
    assert(first < (row->labels[0].n ? row->labels[0].n : 1) && second < width);
    return &cells[metric][first * width + second];
}

void metrics_add(enum metric metric, unsigned first, unsigned second, uint64_t n) {
    atomic_fetch_add_explicit(find_cell(metric, first, second), n, memory_order_relaxed);
}

void metrics_count(enum metric metric, unsigned first, unsigned second) {
    metrics_add(metric, first, second, 1);
}

void metrics_set(enum metric metric, double value) {
    uint64_t bits;
    assert(metrics_table_row(metric)->kind == METRICS_GAUGE);
    memcpy(&bits, &value, sizeof bits);
    atomic_store_explicit(&cells[metric][0], bits, memory_order_relaxed);
    atomic_store(&gauge_is_set[metric], 1);
}

void metrics_unset(enum metric metric) {
    atomic_store(&gauge_is_set[metric], 0);
}

void metrics_observe(enum metric metric, uint64_t us) {
    unsigned bucket = 0;
    assert(metrics_table_row(metric)->kind == METRICS_HISTOGRAM);
    while (bucket < METRICS_BOUNDS_N && us > metrics_table_bounds_us[bucket])
        bucket++;
    atomic_fetch_add_explicit(&cells[metric][bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cells[metric][METRICS_BOUNDS_N + 1], us, memory_order_relaxed);
}

uint64_t metrics_cells_number(enum metric metric, unsigned cell) {
    return atomic_load_explicit(&cells[metric][cell], memory_order_relaxed);
}

double metrics_cells_gauge(enum metric metric) {
    double value;
    uint64_t bits = metrics_cells_number(metric, 0);
    memcpy(&value, &bits, sizeof value);
    return atomic_load(&gauge_is_set[metric]) ? value : NAN;
}
