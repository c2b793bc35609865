/* The table of metrics. */
#include "cmd/metrics/metrics_table.h"

#include "scanner/base/array.h"
#include "scanner/probe/probe_plan.h"
#include "scanner/visit/visit.h"
#include "scanner/words/words.h"

#include <assert.h>
#include <string.h>

const uint64_t metrics_table_bounds_us[METRICS_BOUNDS_N] = {
    1000,   2500,    5000,    10000,   25000,    50000,    100000,   250000,
    500000, 1000000, 2500000, 5000000, 10000000, 60000000, 300000000};

static const char *const setting_names[METRICS_SETTINGS_N] = {
    [METRICS_SETTING_NONE] = "none",
    [METRICS_SETTING_OFF] = "off",
    [METRICS_SETTING_SUPPORTED] = "supported",
    [METRICS_SETTING_PREFERRED] = "preferred",
};

static const struct {
    unsigned status;
    const char *name;
} codes[] = {{0, "other"}, {200, "200"}, {202, "202"}, {204, "204"}, {400, "400"},
             {404, "404"}, {405, "405"}, {408, "408"}, {409, "409"}, {413, "413"},
             {414, "414"}, {421, "421"}, {503, "503"}};

static const char *const reasons[] = {[VISIT_CROWDED] = "crowded",
                                      [VISIT_NO_DNS] = "no_dns",
                                      [VISIT_NO_MEANS] = "no_resources",
                                      [VISIT_NO_TIME] = "no_processor_time"};

static const char *name_probe(unsigned place) {
    return probe_name((enum probe_id)place);
}

static const char *name_outcome(unsigned place) {
    return outcome_name((enum outcome)place);
}

static const char *name_stage(unsigned place) {
    return stage_name((enum stage)place);
}

static const char *name_status(unsigned place) {
    return status_name((enum scan_status)place);
}

static const char *name_verdict(unsigned place) {
    return verdict_name((enum verdict)place);
}

static const char *name_reason(unsigned place) {
    return reasons[place];
}

static const char *name_setting(unsigned place) {
    return setting_names[place];
}

static const char *name_code(unsigned place) {
    return codes[place].name;
}

/* Behind the groups of the table there is a place for all others. */
enum { GROUPS_MAX = 32 };

static const char *name_group(unsigned place) {
    size_t n;
    const struct group *groups = group_table(&n);
    return place < n ? groups[place].name : place == n ? "other" : NULL;
}

unsigned metrics_group_place(uint16_t group) {
    size_t n;
    const struct group *groups = group_table(&n);
    assert(n < GROUPS_MAX);
    for (size_t i = 0; i < n; i++)
        if (groups[i].id == group)
            return (unsigned)i;
    return (unsigned)n;
}

unsigned metrics_setting_place(const char *setting) {
    for (unsigned i = 0; setting && i < METRICS_SETTINGS_N; i++)
        if (strcmp(setting, setting_names[i]) == 0)
            return i;
    return METRICS_SETTING_NONE;
}

unsigned metrics_code_place(unsigned status) {
    for (unsigned i = 1; i < COUNT_OF(codes); i++)
        if (codes[i].status == status)
            return i;
    return 0;
}

enum { DAILY_PROBES = PROBE_CLOSING + 1 };

static const struct metrics_row rows[METRIC_COUNT] = {
    [METRIC_PROBES] = {"probes",
                       METRICS_COUNTER,
                       "Probes by name and outcome.",
                       {{"probe", PROBE_COUNT, name_probe},
                        {"outcome", OUTCOME_COUNT, name_outcome}},
                       DAILY_PROBES},
    [METRIC_PROBE_STAGES] = {"probes_by_stage",
                             METRICS_COUNTER,
                             "Probes by how far they got.",
                             {{"stage", STAGE_COUNT, name_stage}}},
    [METRIC_PROBE_DURATION] = {"probe_duration_seconds", METRICS_HISTOGRAM,
                               "Duration of a probe's last attempt, from connect to its end."},
    [METRIC_PROBE_RETRIES] = {"probe_retries", METRICS_COUNTER,
                              "HelloRetryRequests that probes received."},
    [METRIC_PROBE_REDIALS] = {"probe_redials", METRICS_COUNTER,
                              "Probes that failed abruptly and were dialled once more."},
    [METRIC_PROBES_LATE] = {"probes_late", METRICS_COUNTER,
                            "Probes that the scanner itself kept waiting, so that they prove "
                            "nothing about the origin."},
    [METRIC_GROUPS] = {"probes_by_group",
                       METRICS_COUNTER,
                       "Probes by negotiated group.",
                       {{"group", GROUPS_MAX, name_group}}},
    [METRIC_SCANS] = {"scans",
                      METRICS_COUNTER,
                      "Finished scans by status.",
                      {{"status", STATUS_COUNT, name_status}}},
    [METRIC_VERDICTS] = {"scans_by_verdict",
                         METRICS_COUNTER,
                         "Finished scans by main verdict.",
                         {{"verdict", VERDICT_COUNT, name_verdict}}},
    [METRIC_SCAN_DURATION] = {"scan_duration_seconds", METRICS_HISTOGRAM,
                              "Duration of a scan, all its probes and pauses."},
    [METRIC_DEFERRED] = {"visits_deferred",
                         METRICS_COUNTER,
                         "Visits that were put off, by reason.",
                         {{"reason", COUNT_OF(reasons), name_reason}}},
    [METRIC_STALLS] = {"stalls", METRICS_COUNTER,
                       "Times that the process did not run and discarded what was in flight."},
    [METRIC_DUE] = {"origins_due", METRICS_GAUGE, "Origins whose scan is due."},
    [METRIC_OLDEST_DUE] = {"origins_oldest_due_timestamp_seconds", METRICS_GAUGE,
                           "When the scan that is due longest became due; absent if none is due."},
    [METRIC_IN_FLIGHT] = {"scans_in_flight", METRICS_GAUGE, "Scans that have begun."},
    [METRIC_LIMITER_WAITS] = {"limiter_waits", METRICS_COUNTER,
                              "Visits that had to wait for a limit on addresses and prefixes."},
    [METRIC_LIMITER_WAIT_DURATION] = {"limiter_wait_duration_seconds", METRICS_HISTOGRAM,
                                      "Duration of a visit's wait for its turn, or of a "
                                      "connection's for a rate; only of those that waited."},
    [METRIC_WAITING] = {"scans_waiting", METRICS_GAUGE,
                        "Visits that wait for a limit on addresses and prefixes."},
    [METRIC_UNCOMMITTED] = {"scans_uncommitted", METRICS_GAUGE,
                            "Finished scans that are not in the database yet."},
    [METRIC_STORE_AVAILABLE] = {"store_available", METRICS_GAUGE,
                                "1 while the database takes what is written, else 0."},
    [METRIC_COMMIT_DURATION] = {"store_commit_duration_seconds", METRICS_HISTOGRAM,
                                "Duration of a commit of finished scans."},
    [METRIC_COMMIT_FAILURES] = {"store_commit_failures", METRICS_COUNTER,
                                "Commits of finished scans that failed and are tried again."},
    [METRIC_WAL_BYTES] = {"store_wal_bytes", METRICS_GAUGE,
                          "Length of the write-ahead log after the last commit."},
    [METRIC_SETTING_CHANGES] = {"setting_changes",
                                METRICS_COUNTER,
                                "Settings that moved, by old and new setting.",
                                {{"from", METRICS_SETTINGS_N, name_setting},
                                 {"to", METRICS_SETTINGS_N, name_setting}}},
    [METRIC_BRAKE] = {"global_brake_active", METRICS_GAUGE,
                      "1 while the global brake keeps settings as they are, else 0."},
    [METRIC_LOG_DROPPED] = {"log_lines_dropped", METRICS_COUNTER,
                            "Lines of the log that nobody took, and that were dropped."},
    [METRIC_RELOAD_OK] = {"config_last_reload_successful", METRICS_GAUGE,
                          "1 if the last load of the configuration succeeded, else 0."},
    [METRIC_RELOAD_TIME] = {"config_last_reload_success_timestamp_seconds", METRICS_GAUGE,
                            "When the configuration in force was loaded."},
    [METRIC_LOOP_LAG] = {"event_loop_lag_seconds", METRICS_HISTOGRAM,
                         "How late a timer of the scanning loop fired, asked twice a second."},
    [METRIC_HTTP_REQUESTS] = {"http_requests",
                              METRICS_COUNTER,
                              "HTTP requests by status.",
                              {{"code", COUNT_OF(codes), name_code}}},
    [METRIC_HTTP_DURATION] = {"http_request_duration_seconds", METRICS_HISTOGRAM,
                              "Time from a whole request to its answer."},
    [METRIC_HTTP_CONNECTIONS] = {"http_connections", METRICS_GAUGE, "Open HTTP connections."},
};

static_assert(PROBE_COUNT * OUTCOME_COUNT <= METRICS_CELLS_MAX, "METRICS_CELLS_MAX is too small");

const struct metrics_row *metrics_table_row(enum metric metric) {
    return &rows[metric];
}
