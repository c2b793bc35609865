/* Metrics: what is counted is what is written, in both formats, and there are not too many. */
#include "cmd/metrics/metrics.h"
#include "cmd/metrics/metrics_table.h"
#include "cmd/metrics/scan_metrics.h"

#include "scanner/judge/verdict.h"
#include "scanner/probe/probe_plan.h"
#include "scanner/words/words.h"
#include "tests/support/golden.h"
#include "tests/support/scan_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

__attribute__((noinline)) static char *write_all(enum metrics_format format) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    assert_non_null(to);
    metrics_write(to, format);
    assert_int_equal(fclose(to), 0);
    return text;
}

static void expect_line(const char *text, const char *line) {
    const char *found = strstr(text, line);
    if (!found || (found > text && found[-1] != '\n') || found[strlen(line)] != '\n')
        fail_msg("no line %s", line);
}

static void test_what_is_counted(void **state) {
    (void)state;
    metrics_count(METRIC_PROBES, PROBE_CLASSICAL, OUTCOME_RESET);
    metrics_add(METRIC_PROBES, PROBE_SIZE, OUTCOME_OK, 41);
    metrics_count(METRIC_GROUPS, metrics_group_place(GROUP_X25519MLKEM768), 0);
    metrics_count(METRIC_GROUPS, metrics_group_place(0x1a2b), 0);
    metrics_count(METRIC_SETTING_CHANGES, metrics_setting_place("off"),
                  metrics_setting_place("preferred"));
    metrics_count(METRIC_SETTING_CHANGES, metrics_setting_place(NULL),
                  metrics_setting_place("off"));
    metrics_set(METRIC_WAL_BYTES, 4096);
    metrics_observe(METRIC_SCAN_DURATION, 1000);
    metrics_observe(METRIC_SCAN_DURATION, 1001);
    metrics_observe(METRIC_SCAN_DURATION, 99000000);
    char *text = write_all(METRICS_PROMETHEUS);
    expect_line(text, "originscan_probes_total{probe=\"classical\",outcome=\"reset\"} 1");
    expect_line(text, "originscan_probes_total{probe=\"closing\",outcome=\"ok\"} 0");
    expect_line(text, "originscan_probes_total{probe=\"size\",outcome=\"ok\"} 41");
    assert_null(strstr(text, "probe=\"split\"")); /* was never sent */
    expect_line(text, "originscan_probes_by_group_total{group=\"X25519MLKEM768\"} 1");
    expect_line(text, "originscan_probes_by_group_total{group=\"other\"} 1");
    expect_line(text, "originscan_setting_changes_total{from=\"off\",to=\"preferred\"} 1");
    expect_line(text, "originscan_setting_changes_total{from=\"none\",to=\"off\"} 1");
    expect_line(text, "# TYPE originscan_store_wal_bytes gauge");
    expect_line(text, "originscan_store_wal_bytes 4096");
    expect_line(text, "originscan_scan_duration_seconds_bucket{le=\"0.001\"} 1");
    expect_line(text, "originscan_scan_duration_seconds_bucket{le=\"0.0025\"} 2");
    expect_line(text, "originscan_scan_duration_seconds_bucket{le=\"10\"} 2");
    expect_line(text, "originscan_scan_duration_seconds_bucket{le=\"+Inf\"} 3");
    expect_line(text, "originscan_scan_duration_seconds_sum 99.002001");
    expect_line(text, "originscan_scan_duration_seconds_count 3");
    free(text);
}

static void test_a_gauge_without_a_value_is_left_out(void **state) {
    (void)state;
    metrics_set(METRIC_OLDEST_DUE, 1795424400.5);
    char *text = write_all(METRICS_PROMETHEUS);
    expect_line(text, "originscan_origins_oldest_due_timestamp_seconds 1795424400.5");
    free(text);
    metrics_unset(METRIC_OLDEST_DUE);
    text = write_all(METRICS_PROMETHEUS);
    assert_null(strstr(text, "oldest_due"));
    free(text);
}

static void test_openmetrics(void **state) {
    (void)state;
    char *text = write_all(METRICS_OPENMETRICS);
    expect_line(text, "# TYPE originscan_scans counter");
    expect_line(text, "# TYPE originscan_build info");
    expect_line(text, "originscan_scans_total{status=\"complete\"} 0");
    assert_non_null(strstr(text, "originscan_scan_duration_seconds_bucket{le=\"1.0\"} "));
    assert_non_null(strstr(text, "\nprocess_cpu_seconds_total "));
    assert_string_equal(text + strlen(text) - 6, "# EOF\n");
    free(text);
}

/* Probes that were our own loop's victims are told from those that the origin failed. */
static void test_late_probes_are_counted(void **state) {
    (void)state;
    struct scan_words words;
    struct judgement judgement;
    uint64_t before = metrics_cells_number(METRIC_PROBES_LATE, 0);
    scan_words_init(&words);
    scan_words_apply(&words, "modern preferred=ok:hybrid,late closing=ok:X25519,late");
    verdict_judge(&words.scan, &judgement);
    scan_metrics_count(&words.scan, &judgement);
    assert_int_equal(metrics_cells_number(METRIC_PROBES_LATE, 0), before + 2);
}

static void write_values(FILE *to, const struct metrics_label *label) {
    const char *before = " ";
    fprintf(to, "    %s:", label->name);
    for (unsigned place = 0; place < label->n; place++) {
        if (!label->value(place))
            continue;
        fprintf(to, "%s%s", before, label->value(place));
        before = ", ";
    }
    fputc('\n', to);
}

/* Dashboards and alerts rest on names and labels: a change of them is one that a reviewer should see. */
static void test_golden_table(void **state) {
    static const char *const kinds[] = {[METRICS_COUNTER] = "counter",
                                        [METRICS_GAUGE] = "gauge",
                                        [METRICS_HISTOGRAM] = "histogram"};
    struct golden golden;
    (void)state;
    golden_open(&golden);
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        const struct metrics_row *row = metrics_table_row(metric);
        fprintf(golden.stream, "%s originscan_%s%s\n    %s\n", kinds[row->kind], row->name,
                row->kind == METRICS_COUNTER ? "_total" : "", row->help);
        for (size_t i = 0; i < 2; i++)
            if (row->labels[i].n)
                write_values(golden.stream, &row->labels[i]);
    }
    golden_close(&golden, "metrics.txt");
}

/* Every cell counted: that is all there ever will be. */
static void test_at_most_a_thousand_series(void **state) {
    (void)state;
    size_t series = 0;
    for (enum metric metric = 0; metric < METRIC_COUNT; metric++) {
        const struct metrics_row *row = metrics_table_row(metric);
        assert_non_null(row->name);
        assert_non_null(row->help);
        assert_string_not_equal(row->labels[0].n ? row->labels[0].name : "", "zone");
        if (row->kind == METRICS_GAUGE)
            metrics_set(metric, 1);
        for (unsigned first = 0; row->kind == METRICS_COUNTER && first < row->labels[0].n; first++)
            for (unsigned second = 0; second < row->labels[1].n; second++)
                metrics_count(metric, first, second);
    }
    char *text = write_all(METRICS_PROMETHEUS);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        series += *line != '#';
    if (series > 1000)
        fail_msg("%zu series", series);
    assert_true(series > 600);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_counted),
        cmocka_unit_test(test_a_gauge_without_a_value_is_left_out),
        cmocka_unit_test(test_openmetrics),
        cmocka_unit_test(test_late_probes_are_counted),
        cmocka_unit_test(test_golden_table),
        cmocka_unit_test(test_at_most_a_thousand_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
