/* The table of metrics: name, kind, help and labels of each. Only this folder includes it. */
#pragma once

#include "cmd/metrics/metrics_names.h"

#include <stdint.h>

enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

/* A label with a closed set of values: value(0) … value(n - 1), NULL for a place without one. */
struct metrics_label {
    const char *name;
    unsigned n;
    const char *(*value)(unsigned place);
};

struct metrics_row {
    const char *name; /* without "originscan_" and, of a counter, without "_total" */
    enum metrics_kind kind;
    const char *help;
    struct metrics_label labels[2]; /* n is 0 where there is none */
    /* of the first label's values so many are written from the start, the rest once they were
     * counted; 0: all */
    unsigned always;
};

/* The row of each metric. */
const struct metrics_row *metrics_table_row(enum metric metric);

/* Cells that a metric may have at most: the product of its labels, or buckets of a histogram. */
enum { METRICS_CELLS_MAX = 512 };

/* Upper bounds of a histogram's buckets in microseconds; the last bucket has none. */
enum { METRICS_BOUNDS_N = 15 };
extern const uint64_t metrics_table_bounds_us[METRICS_BOUNDS_N];
