/* Metrics as text: Prometheus 0.0.4 and OpenMetrics 1.0.0, which differ in the names of families, in
 * how bounds are spelt and in the last line. */
#include "cmd/metrics/metrics.h"
#include "cmd/metrics/metrics_process.h"
#include "cmd/metrics/metrics_table.h"

#include <inttypes.h>
#include <math.h>

#define PREFIX "originscan_"

struct writing {
    FILE *to;
    enum metrics_format format;
};

static void write_head(const struct writing *w, const struct metrics_row *row) {
    static const char *const kinds[] = {[METRICS_COUNTER] = "counter",
                                        [METRICS_GAUGE] = "gauge",
                                        [METRICS_HISTOGRAM] = "histogram"};
    bool total = row->kind == METRICS_COUNTER && w->format == METRICS_PROMETHEUS;
    fprintf(w->to, "# HELP " PREFIX "%s%s %s\n", row->name, total ? "_total" : "", row->help);
    fprintf(w->to, "# TYPE " PREFIX "%s%s %s\n", row->name, total ? "_total" : "",
            kinds[row->kind]);
}

static void write_counted(const struct writing *w, const struct metrics_row *row, unsigned first,
                          unsigned second, uint64_t number) {
    const struct metrics_label *labels = row->labels;
    fprintf(w->to, PREFIX "%s_total", row->name);
    if (labels[0].n)
        fprintf(w->to, "{%s=\"%s\"", labels[0].name, labels[0].value(first));
    if (labels[1].n)
        fprintf(w->to, ",%s=\"%s\"", labels[1].name, labels[1].value(second));
    fprintf(w->to, "%s %" PRIu64 "\n", labels[0].n ? "}" : "", number);
}

/* A value of the first label that was not counted yet may be left out. */
static bool is_written(enum metric metric, const struct metrics_row *row, unsigned first,
                       unsigned width) {
    if (row->labels[0].n && !row->labels[0].value(first))
        return false;
    bool counted = row->always == 0 || first < row->always;
    for (unsigned second = 0; !counted && second < width; second++)
        counted = metrics_cells_number(metric, first * width + second) > 0;
    return counted;
}

static void write_counter(const struct writing *w, enum metric metric) {
    const struct metrics_row *row = metrics_table_row(metric);
    unsigned height = row->labels[0].n ? row->labels[0].n : 1;
    unsigned width = row->labels[1].n ? row->labels[1].n : 1;
    for (unsigned first = 0; first < height; first++)
        for (unsigned second = 0; is_written(metric, row, first, width) && second < width; second++)
            write_counted(w, row, first, second,
                          metrics_cells_number(metric, first * width + second));
}

static void write_histogram(const struct writing *w, enum metric metric) {
    const struct metrics_row *row = metrics_table_row(metric);
    uint64_t total = 0;
    for (unsigned i = 0; i < METRICS_BOUNDS_N; i++) {
        double bound = (double)metrics_table_bounds_us[i] / 1e6;
        bool whole = bound >= 1 && fmod(bound, 1) <= 0;
        total += metrics_cells_number(metric, i);
        fprintf(w->to, PREFIX "%s_bucket{le=\"%g%s\"} %" PRIu64 "\n", row->name, bound,
                whole && w->format == METRICS_OPENMETRICS ? ".0" : "", total);
    }
    total += metrics_cells_number(metric, METRICS_BOUNDS_N);
    fprintf(w->to, PREFIX "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", row->name, total);
    fprintf(w->to, PREFIX "%s_sum %.6f\n", row->name,
            (double)metrics_cells_number(metric, METRICS_BOUNDS_N + 1) / 1e6);
    fprintf(w->to, PREFIX "%s_count %" PRIu64 "\n", row->name, total);
}

static void write_metric(const struct writing *w, enum metric metric) {
    const struct metrics_row *row = metrics_table_row(metric);
    double gauge = row->kind == METRICS_GAUGE ? metrics_cells_gauge(metric) : 0;
    if (isnan(gauge))
        return;
    write_head(w, row);
    switch (row->kind) {
    case METRICS_COUNTER:
        write_counter(w, metric);
        break;
    case METRICS_GAUGE:
        fprintf(w->to, PREFIX "%s %.15g\n", row->name, gauge);
        break;
    case METRICS_HISTOGRAM:
        write_histogram(w, metric);
        break;
    }
}

static void write_build(const struct writing *w) {
    bool open = w->format == METRICS_OPENMETRICS;
    fprintf(w->to, "# HELP " PREFIX "build%s What this program was built from.\n",
            open ? "" : "_info");
    fprintf(w->to, "# TYPE " PREFIX "build%s %s\n", open ? "" : "_info", open ? "info" : "gauge");
    fprintf(w->to, PREFIX "build_info{version=\"%s\",boringssl_commit=\"%s\"} 1\n",
            ORIGINSCAN_VERSION, BORINGSSL_COMMIT);
}

static void write_process(const struct writing *w) {
    struct metrics_process process;
    const char *total = w->format == METRICS_PROMETHEUS ? "_total" : "";
    if (!metrics_process_read(&process))
        return;
    fprintf(w->to,
            "# HELP process_cpu_seconds%s Processor time that the process has used.\n"
            "# TYPE process_cpu_seconds%s counter\n"
            "process_cpu_seconds_total %.3f\n",
            total, total, process.cpu_seconds);
    const struct {
        const char *name, *help;
        double value;
    } gauges[] = {
        {"resident_memory_bytes", "Memory that is resident.", process.resident_bytes},
        {"virtual_memory_bytes", "Address space that is in use.", process.virtual_bytes},
        {"open_fds", "Open file descriptors.", process.open_fds},
        {"max_fds", "The most file descriptors that may be open.", process.max_fds},
        {"start_time_seconds", "When the process started, since 1970.", process.start_seconds},
    };
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++)
        fprintf(w->to, "# HELP process_%s %s\n# TYPE process_%s gauge\nprocess_%s %.15g\n",
                gauges[i].name, gauges[i].help, gauges[i].name, gauges[i].name, gauges[i].value);
}

void metrics_write(FILE *to, enum metrics_format format) {
    struct writing w = {to, format};
    write_build(&w);
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++)
        write_metric(&w, metric);
    write_process(&w);
    if (format == METRICS_OPENMETRICS)
        fputs("# EOF\n", to);
}
