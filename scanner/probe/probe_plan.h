/* The table of probes: for each one what its ClientHello offers and where it ends. */
#pragma once

#include "scanner/words/words.h"

/* Every probe that exists. The order is the order of the daily plan, then the rest. */
enum probe_id {
    PROBE_CLASSICAL,
    PROBE_SUPPORTED,
    PROBE_PREFERRED,
    PROBE_PREFERRED_DUAL,
    PROBE_ONLY_P256,
    PROBE_ONLY_P384,
    PROBE_ONLY_P521,
    PROBE_ONLY_HYBRID,
    PROBE_ONLY_DRAFT,
    PROBE_CHOOSE,
    PROBE_CLOSING,
    PROBE_CONFIRM, /* finishes a handshake with the share that would be recommended */
    /* drill-down: sent when a daily probe failed, or on request */
    PROBE_SPLIT,
    PROBE_LARGE_CLASSICAL,
    PROBE_UNKNOWN_SHARE,
    PROBE_UNKNOWN_GROUP,
    PROBE_FORCED_RETRY,
    PROBE_RECORD_SPLIT,
    PROBE_SMALL_MSS,
    PROBE_MLDSA,
    PROBE_SIZE,  /* `size-NNNN`: the number is in the request */
    PROBE_GROUP, /* `group-NAME`: one group asked for by number */
    PROBE_COUNT
};

/* Name without a parameter. */
const char *probe_name(enum probe_id id);

#define PROBE_NAME_SIZE 48

/* The name as it is reported: `size-1420` and `group-X448` carry their parameter. `out` is used
 * only for these. */
const char *probe_full_name(enum probe_id id, uint16_t parameter, char out[PROBE_NAME_SIZE]);

/* Reads the name without a parameter back; for tables of tests. */
bool probe_parse(const char *name, enum probe_id *out);

/* Where a probe ends. */
enum probe_end {
    PROBE_END_FINISH, /* a full handshake, then close_notify */
    PROBE_END_ANSWER, /* the server's first answer, then close */
};

#define PROBE_GROUPS_MAX 8
#define PROBE_SHARES_MAX 3

/* A number that IANA has given to no group and that is no GREASE value (RFC 8701) either: servers
 * may know those. */
#define PROBE_UNASSIGNED_GROUP 0x5ca7

/* One ClientHello shape. */
struct probe_shape {
    enum probe_id id;
    enum probe_end end;
    uint8_t groups_n;
    uint16_t groups[PROBE_GROUPS_MAX]; /* supported_groups, in order */
    uint8_t shares_n;
    uint16_t shares[PROBE_SHARES_MAX]; /* groups with a key share, in order; none forces a retry */
    bool raw;     /* written byte by byte (drill_hello.h), not by BoringSSL; ends at the answer */
    uint16_t mss; /* TCP_MAXSEG for this probe; 0 for the configured one */
    uint16_t parameter; /* bytes on the wire of `large-classical` and `size-NNNN`, number of the
                           group of `group-NAME`; otherwise 0 */
};

/* The shape of a probe with the configured hybrid in its place. `tls12` says that `classical`
 * ended in TLS 1.2: probes 5-7 then list P-256 second, which ECDSA certificates need. `confirm`
 * is the share of PROBE_CONFIRM and otherwise not used. */
struct probe_shape probe_plan_shape(enum probe_id id, uint16_t hybrid, bool tls12,
                                    uint16_t confirm);

/* The shape of a drill-down probe with its parameter. */
struct probe_shape probe_plan_drill(enum probe_id id, uint16_t hybrid, uint16_t parameter);

/* Which probes a scan makes. */
enum plan { PLAN_DAILY, PLAN_QUICK, PLAN_FULL };
const char *plan_name(enum plan plan);
bool plan_parse(const char *name, enum plan *out);

/* The plan's fixed probes in their order (without confirm and drill-down). */
const enum probe_id *plan_probes(enum plan plan, size_t *count);
