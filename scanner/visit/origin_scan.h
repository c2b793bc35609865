/* What to probe next for one origin, what to dial once more, when to stop. Pure: no sockets, no
 * clock, no randomness; results in, the next probe out. */
#pragma once

#include "scanner/visit/scan.h"

struct origin_scan;

/* A scan of one origin that has not begun. Free with origin_scan_free; NULL is fine there. */
struct origin_scan *origin_scan_new(enum plan plan, uint16_t hybrid);
void origin_scan_free(struct origin_scan *scan);

/* What is to be dialled now. */
struct origin_scan_step {
    struct probe_shape shape;
    bool redial; /* the second attempt of the same probe: pause a little before it */
};

/* The next attempt, or false where the scan has ended. Asking does not change anything. */
bool origin_scan_next(const struct origin_scan *scan, struct origin_scan_step *out);

/* Takes the result of the attempt that origin_scan_next named. */
void origin_scan_record(struct origin_scan *scan, const struct probe_result *attempt);

/* A scan that cannot even dial: the name did not resolve, every address is forbidden. Ends it. */
void origin_scan_give_up(struct origin_scan *scan, enum outcome outcome, enum stage stage,
                         const char *why);

/* True if nothing was dialled successfully yet, so that another address may be tried: the only
 * result is a failed connect of the first probe. origin_scan_restart then forgets it. */
bool origin_scan_may_change_address(const struct origin_scan *scan);
void origin_scan_restart(struct origin_scan *scan);

/* The results so far, in the order in which the probes were sent. Borrowed. */
const struct probe_result *origin_scan_results(const struct origin_scan *scan, size_t *count);

/* How an ended scan ended. */
enum scan_status origin_scan_status(const struct origin_scan *scan);
