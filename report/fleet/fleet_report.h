/* The numbers of a report over everything that is known: shares, failures, retries, settings,
 * changes. Computed here and nowhere else; fleet_report_text.h and fleet_report_json.h only show
 * them.
 *
 *   fleet_report_new, then in any order
 *     fleet_report_group    once for each group of the share table
 *     fleet_report_zone     once for each zone, in any order of them, and after it
 *     fleet_report_origin   once for each of its origins; one in several zones counts once, but in
 *                           the retries and the traffic of each, and is listed under the first of
 *                           them by name
 *     fleet_report_change   once for each change, sorted by subject, then by time; older ones than
 *                           the date count for flapping alone
 *   fleet_report_finish, show it, fleet_report_free
 *
 * Memory is bounded: lists keep at most FLEET_REPORT_LIST entries (zones FLEET_REPORT_ZONES) and
 * count the rest; fleet_slowest.h says what it takes. */
#pragma once

#include "report/fleet/change_line.h"
#include "report/fleet/fleet_history.h"
#include "report/fleet/fleet_slowest.h"
#include "report/fleet/fleet_status.h"
#include "report/rule/candidate.h"
#include "report/rule/rule_level.h"
#include "scanner/words/words.h"

#include <stddef.h>
#include <stdint.h>

#define FLEET_REPORT_GROUPS 12
#define FLEET_REPORT_EXAMPLES 5
#define FLEET_REPORT_LIST 20
#define FLEET_REPORT_ZONES 10000

/* ---- what goes in ---------------------------------------------------------------------------- */

/* How many origins whose last scan is complete support a group, or pick it, of those of which that is known. */
struct fleet_report_group {
    uint16_t group;
    uint64_t origins;
    uint64_t supported;
    uint64_t preferred;
};

/* A zone's setting. Texts are borrowed. */
struct fleet_report_zone {
    const char *name;
    uint64_t place;        /* among all zones by name: 0 is the first */
    enum rule_level level; /* NONE: no advice */
    const char *variant;   /* NULL where it means nothing */
    uint16_t first_share;
    const char *reason;
    int64_t since_ms;
    bool measured; /* some origin was seen in a conclusive scan; the rest is valid */
    /* of the zone's traffic by weight: with the setting at its ramp's stage, with the setting for all,
     * and with the best choice in reach */
    struct candidate_sum now;
    struct candidate_sum recommended;
    struct candidate_sum possible;
    /* of its traffic, as proxies reported it within 24 hours */
    uint64_t handshakes;
    uint64_t retries;
};

/* An origin of the zone that was given last. */
struct fleet_report_origin {
    int64_t id; /* tells it from all others */
    const char *host;
    uint16_t port;
    double weight; /* of the zone's traffic */
    bool again;    /* it was given in another zone before */
    bool scanned;  /* the rest is valid */
    enum scan_status status;
    enum verdict verdict; /* VERDICT_COUNT: none */
    int64_t concluded_ms; /* last conclusive scan, 0: none, and then what follows is not valid */
    uint16_t tls_version;
    enum truth hybrid;      /* supported */
    enum truth first_share; /* the zone's first share is a group that it supports */
    uint16_t preferred_group;
    enum truth works[MODE_COUNT];
    enum truth retry[MODE_COUNT];
};

/* ---- what comes out -------------------------------------------------------------------------- */

struct fleet_report_place {
    uint64_t zone_place;
    int64_t origin_id;
    char *zone;
    char *host;
    uint16_t port;
    int64_t time_ms; /* stale: the last conclusive scan, 0 for none */
};

struct fleet_report_failure {
    const char *name; /* a verdict's or a status' */
    bool measured;    /* a verdict's, so its origins are among those of the percentages */
    uint64_t origins;
    size_t examples_n;
    struct fleet_report_place examples[FLEET_REPORT_EXAMPLES]; /* by zone, then by origin */
};

struct fleet_report_setting {
    char *zone;
    enum rule_level level;
    char *variant; /* NULL where it means nothing */
    uint16_t first_share;
    char *reason;
    int64_t since_ms;
    uint64_t origins;
};

struct fleet_report_flapping {
    char *subject;
    uint64_t changes;
};

/* Retries by weight, over the origins that speak TLS 1.3: each zone's weights add up to one. */
struct fleet_report_retries {
    double weight;      /* of those origins, all zones together */
    double wasted_now;  /* X25519 is sent first, and the origin asks for another classical group */
    double wasted_then; /* the same with the settings that are recommended */
    double for_hybrid;  /* with these, spent to reach the hybrid: the price of `supported` */
};

/* What all traffic meets, over the zones that were measured: each counts by the sum of its origins'
 * weights. Sums of weights. */
struct fleet_report_traffic {
    uint64_t zones;
    double weight;
    struct candidate_sum now;
    struct candidate_sum recommended;
    struct candidate_sum possible;
};

/* Round trips that retries cost in 24 hours, over the measured zones whose proxies reported theirs: as reported, and
 * as the evidence foresees it for so many handshakes. */
struct fleet_report_round_trips {
    uint64_t zones;
    uint64_t handshakes;
    uint64_t reported;
    double now;
    double recommended;
    double possible;
};

#define FLEET_REPORT_FAILURES (VERDICT_COUNT + STATUS_COUNT)

struct fleet_report {
    int64_t now_ms;
    int64_t since_ms;
    uint16_t hybrid;

    uint64_t origins;
    uint64_t unscanned;
    uint64_t by_status[STATUS_COUNT];
    uint64_t measured; /* the last scan is complete: what the percentages and what follows are of */
    uint64_t by_verdict[VERDICT_COUNT]; /* main verdicts */
    uint64_t hybrid_supported;
    uint64_t hybrid_at_once;  /* mode `preferred` reaches it without a retry */
    uint64_t hybrid_by_retry; /* else mode `supported` reaches it, by a retry */

    size_t groups_n;
    struct fleet_report_group groups[FLEET_REPORT_GROUPS];

    size_t failures_n; /* most origins first after fleet_report_finish */
    struct fleet_report_failure failures[FLEET_REPORT_FAILURES];

    struct fleet_report_retries retries;
    struct fleet_report_traffic traffic;
    struct fleet_report_round_trips round_trips;

    uint64_t zones;
    uint64_t by_level[LEVEL_COUNT];
    size_t settings_n;
    struct fleet_report_setting *settings; /* the first by name */

    uint64_t changes; /* rows */
    uint64_t lines;   /* of one subject at one moment */
    size_t lines_n;
    struct change_line line_list[FLEET_REPORT_LIST]; /* newest first */
    uint64_t flapping;
    size_t flapping_n;
    struct fleet_report_flapping flapping_list[FLEET_REPORT_LIST]; /* most changes first */

    uint64_t stale;
    size_t stale_n;
    struct fleet_report_place stale_list[FLEET_REPORT_LIST]; /* oldest first */

    /* fed and finished by the caller, between new and free */
    struct fleet_status status;
    struct fleet_slowest slowest;

    struct fleet_history history; /* of what the changes say */

    struct fleet_report_filling *filling; /* fleet_report.c's own; NULL once finished */
};

/* Starts empty; changes are listed since `since_ms`. The caller frees it; NULL is fine. */
struct fleet_report *fleet_report_new(int64_t now_ms, int64_t since_ms, uint16_t hybrid);
void fleet_report_free(struct fleet_report *report);

/* What goes in, in the order that is shown above; everything is copied. No call after fleet_report_finish, which
 * sorts the lists. */
void fleet_report_group(struct fleet_report *report, const struct fleet_report_group *group);
void fleet_report_zone(struct fleet_report *report, const struct fleet_report_zone *zone);
void fleet_report_origin(struct fleet_report *report, const struct fleet_report_origin *origin);
void fleet_report_change(struct fleet_report *report, const struct change_row *change);
void fleet_report_finish(struct fleet_report *report);

/* part / whole, 0 of 0 being 0. */
double fleet_report_fraction(double part, double whole);
