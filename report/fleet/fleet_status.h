/* How things stand, on one screen: how fresh the data is, which zones need somebody and why, what moves. Counted
 * together with the report (fleet_report.h), and shown by `originscan status`, reports and pages.
 *
 *   fleet_status_zone     once for each zone, in any order of them, and after it
 *   fleet_status_origin   once for each of its origins
 *   fleet_status_finish   then show it
 *
 * The members under "of the whole store" are the caller's to fill. Memory is bounded: at most FLEET_STATUS_LIST
 * needs are kept, the gravest first; all are counted. */
#pragma once

#include "report/rule/rule_level.h"
#include "report/rule/rule_reason.h"
#include "scanner/words/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FLEET_STATUS_LIST 20
/* Days without a conclusive scan, after which an origin is stale. */
#define FLEET_STATUS_STALE_DAYS 7
/* An origin whose visits were put off for longer is measured by nobody. */
#define FLEET_STATUS_DEFERRED_PERIODS 3
/* Visits in a row without a complete scan that need nobody yet. */
#define FLEET_STATUS_MISSED_MAX 2
/* An origin that has been due for longer: the scanner lags behind. */
#define FLEET_STATUS_OVERDUE_MS INT64_C(3600000)

/* Why a zone needs somebody, the gravest first. A zone is counted under the first that holds. */
enum fleet_need {
    NEED_FELL,       /* its setting is lower than the one before, since the report's date, and no
                        operator ordered it */
    NEED_NO_SETTING, /* measured, and nothing can be advised */
    NEED_FAULT,      /* an origin breaks on something that a proxy may send */
    NEED_UNMEASURED, /* an origin could not be measured for some visits, may not be dialled, is
                        stale, or was put off again and again */
    NEED_UNSTABLE,   /* an origin gives two answers to one question */
    NEED_FEEDBACK,   /* its ramp waits for reports of real traffic */
    NEED_COUNT
};
const char *fleet_status_need_name(enum fleet_need need);

/* A zone. Texts are borrowed. */
struct fleet_status_zone {
    const char *name;
    uint64_t place; /* among all zones by name: 0 is the first */
    enum rule_level level;
    enum rule_level previous; /* before it; NONE: there was none */
    enum rule_reason reason;
    enum rule_reason waits_for; /* why not more */
    uint8_t stage_percent;
    int64_t since_ms;
    bool measured;
    bool pinned; /* by an operator */
};

/* An origin of the zone that was given last. */
struct fleet_status_origin {
    int64_t id; /* tells it from all others */
    const char *host;
    uint16_t port;
    bool again;   /* it was in a zone before: counted in its zones alone */
    bool scanned; /* the rest is valid */
    enum scan_status status;
    enum verdict verdict; /* VERDICT_COUNT: none */
    uint32_t missed;      /* visits without a complete scan, in a row */
    int64_t scanned_ms;
    int64_t due_ms; /* a visit that is put off for our own trouble moves it away from scanned_ms */
    int64_t concluded_ms; /* 0: never */
};

/* A zone that needs somebody. Its texts are its own. */
struct fleet_status_need {
    enum fleet_need need;
    char *zone;
    uint64_t zone_place;
    enum rule_level level;
    enum rule_level previous;
    uint8_t stage_percent;
    enum rule_reason reason;
    int64_t since_ms;
    uint64_t origins;  /* of the zone */
    uint64_t affected; /* of them, by that need */
    char *host;        /* of the first of those; NULL: it is about the zone */
    uint16_t port;
    int64_t origin_id;
    /* For the command that probes it, set by the caller after fleet_status_finish; NULL: nothing but host and port
     * tells it from others */
    char *sni;        /* "": none is sent */
    char *address;    /* fixed */
    const char *word; /* its verdict or status, "deferred" or "no scan yet"; NULL where `host` is */
};

struct fleet_status {
    int64_t now_ms;
    int64_t since_ms; /* what fell before is no news */
    /* between two visits to an origin; 0: not known, and nobody counts as put off. Set it before
     * the first zone */
    int64_t period_ms;
    int64_t period_since_ms; /* when that became the period, set with it; 0: not known */

    uint64_t origins;
    uint64_t never_scanned;
    uint64_t within_day;      /* last scanned within 24 hours, whatever came of it */
    uint64_t within_two_days; /* within 48 hours, the former included */
    int64_t oldest_scan_ms;   /* 0: none */

    uint64_t zones;
    uint64_t zones_in_need;
    uint64_t by_need[NEED_COUNT];
    uint64_t by_level[LEVEL_COUNT];
    uint64_t ramping; /* at a stage below 100 % */
    uint64_t pinned;
    size_t needs_n;
    struct fleet_status_need needs[FLEET_STATUS_LIST];

    uint64_t matrix[LEVEL_COUNT][VERDICT_COUNT + 1]; /* origins by their zone's setting and their
                                                        verdict; the last column: none */

    /* of the whole store */
    /* its path, for the commands that are advised; freed by fleet_status_clear; NULL: they name
     * none */
    char *database;
    char brake[64]; /* why no setting moves; "": the brake is off */
    int64_t brake_since_ms;
    uint64_t due_now;
    int64_t oldest_due_ms; /* 0: nothing is due */
    uint64_t in_flight;
    uint64_t moved_up; /* zones, in 24 hours */
    uint64_t moved_down;
    double rate; /* connections a second that the scanner may make; 0: no limit, or not known */
    double rate_needed;  /* for a visit a period of each origin: sizing_connections() */
    int64_t feedback_ms; /* the newest report of real traffic; 0: none */

    struct fleet_status_need current; /* of the zone that was given last; fleet_status.c's own */
    bool current_needs;
    enum fleet_need current_named; /* of the origin that `current` names; NEED_COUNT: none is */
};

/* Starts empty; what fell since `since_ms` is news. */
void fleet_status_init(struct fleet_status *status, int64_t now_ms, int64_t since_ms);
void fleet_status_clear(struct fleet_status *status);

/* What goes in, in the order that is shown above; everything is copied. */
void fleet_status_zone(struct fleet_status *status, const struct fleet_status_zone *zone);
void fleet_status_origin(struct fleet_status *status, const struct fleet_status_origin *origin);
void fleet_status_finish(struct fleet_status *status);

/* Whether an origin has been due for longer than FLEET_STATUS_OVERDUE_MS. */
bool fleet_status_lags(const struct fleet_status *status);

/* In words: what is the matter, without a full stop ("size-limit on 1 of 3 origins, such as a.example:443"),
 * and what to do about it, in sentences, with commands that run as they are written. Names are escaped. */
void fleet_status_write_why(FILE *to, const struct fleet_status_need *need);
void fleet_status_write_remedy(FILE *to, const struct fleet_status *status,
                               const struct fleet_status_need *need);
