/* What a run of `originscan scan` did, for a person: how many origins it measured, what failed by
 * kind, and which verdicts and settings changed. */
#pragma once

#include "report/fleet/change_line.h"
#include "scanner/judge/verdict.h"
#include "store/store.h"

#include <stdint.h>

struct scan;

/* Lines of changes that are shown; the rest is counted. */
#define SCAN_SUMMARY_LINES 20

struct scan_summary {
    uint64_t by_status[STATUS_COUNT]; /* origins, by their last scan of the run */
    uint64_t by_verdict[VERDICT_COUNT];
    int64_t change; /* number of the last change before the run */
    uint64_t lines; /* what changed, each of one subject at one moment */
    size_t kept_n;  /* of these are kept, the first ones */
    size_t room;
    struct change_line *kept;
    struct change_line last; /* subject and moment of the last one, kept or not */
};

/* Starts a summary: what changes from now on belongs to it. Clear it with scan_summary_clear. */
STORE_RESULT scan_summary_begin(struct scan_summary *summary, struct store *store, struct err *err);
void scan_summary_clear(struct scan_summary *summary);

/* A finished scan. Of several addresses in one visit the last one counts. */
void scan_summary_note(struct scan_summary *summary, const struct scan *scan,
                       const struct judgement *judgement);

/* The same of an origin whose last scan ended like that; VERDICT_COUNT: without a verdict. */
void scan_summary_count(struct scan_summary *summary, enum scan_status status,
                        enum verdict verdict);

/* True if a subject belongs to the run; NULL where all do. */
typedef bool scan_summary_filter(void *arg, const char *subject);

/* Reads what changed since the beginning: verdicts and other facts of origins, settings of zones. What
 * operators ordered meanwhile is left out. Keeps SCAN_SUMMARY_LINES lines, or all. To be called
 * once. */
STORE_RESULT scan_summary_read(struct scan_summary *summary, struct store *store, bool all,
                               scan_summary_filter *filter, void *arg, struct err *err);

/* How many origins were scanned, and how many of them could not be measured. */
uint64_t scan_summary_origins(const struct scan_summary *summary);
uint64_t scan_summary_not_measured(const struct scan_summary *summary);

/* Prints it; the run took that long. */
void scan_summary_print(FILE *to, const struct scan_summary *summary, double seconds);
