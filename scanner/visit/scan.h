/* A finished scan: one visit to one origin, as a plain value that can be copied, stored, judged. */
#pragma once

#include "scanner/probe/probe_result.h"
#include "scanner/words/origin.h"

/* Eleven daily probes, three more of `only-other`, those sent at times, at most eight of drill-down, and those of
 * `--plan full`. */
#define SCAN_PROBES_MAX 64

struct scan {
    struct origin origin;
    enum plan plan;
    uint16_t hybrid;                   /* the configured hybrid */
    char address[ORIGIN_ADDRESS_SIZE]; /* the address dialled; "" if none was */
    int64_t started_ms;                /* wall clock */
    uint32_t duration_ms;
    enum scan_status status;
    uint8_t probes_n;
    struct probe_result *probes; /* probes_n of them, in the order in which they were sent */
    uint8_t addresses_n;         /* all addresses that the name had; 0 for an address literal */
    const char (*addresses)[ORIGIN_ADDRESS_SIZE];
    bool more; /* another address of the same visit follows */
};

/* The result of that probe, or NULL if it was not sent. */
const struct probe_result *scan_probe(const struct scan *scan, enum probe_id id);

/* True if our own event loop ran late while one of the probes was under way (`late` in probe_result.h). */
bool scan_ran_late(const struct scan *scan);

/* Of the handshakes that the scan finished the one that took the median time, TCP connecting left
 * out, of two in the middle the quicker; NULL if it finished none. A retry that was needed counts;
 * drill-down and resumed sessions are left out, for no proxy's first handshake is like theirs. */
const struct probe_result *scan_median_handshake(const struct scan *scan);

/* What the hello behind one of the scan's results offered. Told from what is kept of a scan, so it
 * holds for stored ones, too. */
struct probe_shape scan_shape(const struct scan *scan, const struct probe_result *result);
