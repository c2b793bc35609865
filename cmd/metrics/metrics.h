/* What the process counts about itself, for whoever watches it: counters, gauges and histograms with
 * closed sets of labels, kept in memory and written as Prometheus or OpenMetrics text.
 *
 * The process has one set of them, as it has one log. Any thread may count and any may write: each
 * cell is an atomic number, and a text is no snapshot of one moment. Nothing here waits, allocates
 * while counting, or asks the database. No label names an origin or a zone: the number of series is
 * bounded by the tables of this folder. */
#pragma once

#include "cmd/metrics/metrics_names.h"

#include <stdint.h>
#include <stdio.h>

/* Counts one more, or `n` more; `first` and `second` are the places of its labels' values, 0 where it
 * has none. */
void metrics_count(enum metric metric, unsigned first, unsigned second);
void metrics_add(enum metric metric, unsigned first, unsigned second, uint64_t n);

/* Sets a gauge. Before it was set for the first time, and after metrics_unset, it is not written. */
void metrics_set(enum metric metric, double value);
void metrics_unset(enum metric metric);

/* Takes a duration into a histogram. */
void metrics_observe(enum metric metric, uint64_t us);

enum metrics_format {
    METRICS_PROMETHEUS, /* text format 0.0.4 */
    METRICS_OPENMETRICS /* 1.0.0 */
};

/* Writes all of them, with those of the process itself. */
void metrics_write(FILE *to, enum metrics_format format);

/* What stands in a cell; a gauge's value, NaN if it is not set. */
uint64_t metrics_cells_number(enum metric metric, unsigned cell);
double metrics_cells_gauge(enum metric metric);
