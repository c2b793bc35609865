/* Scanning by another process: what is wanted is made due, and whoever has the database, a daemon or
 * another `scan`, visits it within its own limits; here it is waited for. An origin that was being
 * visited already is visited once more. */
#pragma once

#include "cmd/scan/scan_names.h"
#include "cmd/scan/scan_summary.h"

enum scan_beside_end {
    SCAN_BESIDE_DONE,      /* all were visited, and their zones settled */
    SCAN_BESIDE_UNSETTLED, /* all were visited; the zones were not settled in good time */
    SCAN_BESIDE_STOPPED,   /* by a signal: the other process goes on */
    SCAN_BESIDE_GONE,      /* nobody has the database any more: `names` are those that are left */
    SCAN_BESIDE_FAILED,    /* the database; err says how */
};

struct scan_beside_options {
    struct store *store; /* STORE_BESIDE */
    const char *path;    /* its file */
    bool quiet;          /* no progress */
};

/* Waits until all are visited. Those that were are noted in the summary and, unless it is done, taken
 * out of `names`. */
enum scan_beside_end scan_beside_run(const struct scan_beside_options *options,
                                     struct scan_names *names, struct scan_summary *summary,
                                     struct err *err);
