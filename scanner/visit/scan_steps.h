/* What to probe next for one origin, what to dial once more, when to stop. Pure: no sockets, no
 * clock, no randomness; results in, the next probe out. */
#pragma once

#include "scanner/visit/scan.h"

struct scan_steps;

struct scan_steps_options {
    enum plan plan;
    uint16_t hybrid;
    uint16_t hello_max;   /* the longest hello that a proxy may send, in bytes */
    uint16_t proof_share; /* a classical share to be proven; GROUP_NONE: none is asked for */
    bool proof_dual;      /* beside the hybrid's: `confirm-dual`, in short visits too */
    bool resume;          /* ask for a ticket, and send `resumed` if one comes */
};

/* A scan of one origin that has not begun. Free with scan_steps_free; NULL is fine there. */
struct scan_steps *scan_steps_new(const struct scan_steps_options *options);
void scan_steps_free(struct scan_steps *scan);

/* What is to be dialled now. */
struct scan_steps_step {
    struct probe_shape shape;
    bool redial; /* the second attempt of the same probe: pause a little before it */
};

/* The next attempt, or false where the scan has ended. Asking does not change anything. */
bool scan_steps_next(const struct scan_steps *scan, struct scan_steps_step *out);

/* Takes the result of the attempt that scan_steps_next named. */
void scan_steps_record(struct scan_steps *scan, const struct probe_result *attempt);

/* A scan that cannot even dial: the name did not resolve, every address is forbidden. Ends it. */
void scan_steps_give_up(struct scan_steps *scan, enum outcome outcome, enum stage stage,
                        const char *why);

/* True if nothing was dialled successfully yet, so that another address may be tried: the only
 * result is a failed connect of the first probe. scan_steps_restart then forgets it. */
bool scan_steps_may_change_address(const struct scan_steps *scan);
void scan_steps_restart(struct scan_steps *scan);

/* The results so far, in the order in which the probes were sent. Borrowed. */
const struct probe_result *scan_steps_results(const struct scan_steps *scan, size_t *count);

/* How an ended scan ended. */
enum scan_status scan_steps_status(const struct scan_steps *scan);
