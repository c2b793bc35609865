/* Which metrics there are, and the places of their labels' values. */
#pragma once

#include <stdint.h>

enum metric {
    /* probes and scans */
    METRIC_PROBES,         /* by enum probe_id, enum outcome */
    METRIC_PROBE_STAGES,   /* by enum stage */
    METRIC_PROBE_DURATION, /* histogram */
    METRIC_PROBE_RETRIES,  /* HelloRetryRequests that came */
    METRIC_PROBE_REDIALS,  /* abrupt failures that were dialled once more */
    METRIC_PROBES_LATE,    /* our own loop ran late: no trials */
    METRIC_GROUPS,         /* by metrics_group_place() */
    METRIC_SCANS,          /* by enum scan_status */
    METRIC_VERDICTS,       /* by enum verdict */
    METRIC_SCAN_DURATION,  /* histogram */
    METRIC_DEFERRED,       /* by enum visit_reason */
    METRIC_STALLS,
    /* what there is to do */
    METRIC_DUE,
    METRIC_OLDEST_DUE, /* seconds since 1970 */
    METRIC_IN_FLIGHT,
    METRIC_LIMITER_WAITS,
    METRIC_LIMITER_WAIT_DURATION, /* histogram */
    METRIC_WAITING,
    METRIC_UNCOMMITTED,
    /* the store */
    METRIC_STORE_AVAILABLE,
    METRIC_COMMIT_DURATION, /* histogram */
    METRIC_COMMIT_FAILURES,
    METRIC_WAL_BYTES,
    /* settings */
    METRIC_SETTING_CHANGES, /* by enum metrics_setting, from and to */
    METRIC_BRAKE,
    /* the process */
    METRIC_LOG_DROPPED,
    METRIC_RELOAD_OK,
    METRIC_RELOAD_TIME,   /* seconds since 1970 */
    METRIC_LOOP_LAG,      /* histogram */
    METRIC_HTTP_REQUESTS, /* by metrics_code_place() */
    METRIC_HTTP_DURATION, /* histogram */
    METRIC_HTTP_CONNECTIONS,
    METRIC_COUNT
};

enum metrics_setting {
    METRICS_SETTING_NONE,
    METRICS_SETTING_OFF,
    METRICS_SETTING_SUPPORTED,
    METRICS_SETTING_PREFERRED,
    METRICS_SETTINGS_N
};

/* The place of a group's number, of a setting's name (NULL: none), of an HTTP status. */
unsigned metrics_group_place(uint16_t group);
unsigned metrics_setting_place(const char *setting);
unsigned metrics_code_place(unsigned status);
