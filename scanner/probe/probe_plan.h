/* The table of probes: for each one what its ClientHello offers and where it ends. */
#pragma once

#include "scanner/words/words.h"

/* Every probe that exists. The order is the order of the daily plan, then the rest. */
enum probe_id {
    PROBE_CLASSICAL,
    PROBE_SUPPORTED,
    PROBE_PREFERRED,
    PROBE_PREFERRED_DUAL, /* the hello of a real proxy at its longest */
    PROBE_ONLY_P256,
    PROBE_ONLY_P384,
    PROBE_ONLY_P521,
    PROBE_ONLY_HYBRID,
    PROBE_ONLY_OTHER, /* every other post-quantum group; repeated without those that were named */
    PROBE_CHOOSE,     /* with its second hello where the hybrid is named */
    PROBE_CLOSING,
    /* sent at times */
    PROBE_CONFIRM,      /* finishes a handshake with the share that would be recommended */
    PROBE_WIDE_RETRY,   /* `supported` with the second hello of `choose` */
    PROBE_RESUMED,      /* `supported` with the session ticket of `supported` */
    PROBE_CONFIRM_DUAL, /* `preferred-dual` with another classical share, as a zone would send it */
    PROBE_NO_ALPN,      /* `classical` without ALPN, where that is what was refused */
    /* drill-down: sent when a daily probe failed, or on request */
    PROBE_SPLIT,
    PROBE_LARGE_CLASSICAL,
    PROBE_UNKNOWN_SHARE,
    PROBE_UNKNOWN_GROUP,
    PROBE_FORCED_RETRY,
    PROBE_RECORD_SPLIT,
    PROBE_SMALL_MSS,
    PROBE_DUAL_SMALL,
    PROBE_SHARED_P256,
    PROBE_SHARED_P384,
    PROBE_SHARED_P521,
    PROBE_RESUMED_PREFERRED,
    PROBE_RESUMED_CLASSICAL,
    PROBE_SHAPE_OPENSSL,
    PROBE_SHAPE_GO,
    PROBE_SHAPE_BORINGSSL,
    PROBE_MLDSA,
    PROBE_SIZE,  /* `size-NNNN`: the number is in the request */
    PROBE_GROUP, /* `group-NAME`: one group asked for by number */
    /* in scans that were stored before `only-other` came */
    PROBE_ONLY_DRAFT,
    PROBE_COUNT
};

/* Name without a parameter. */
const char *probe_name(enum probe_id id);

#define PROBE_NAME_SIZE 48

/* The name as it is reported: `size-1420`, `group-X448` and `only-other-2` carry their parameter. `out` is used
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

/* Whose ciphers and extensions a hello has that is written byte by byte. */
enum probe_library { PROBE_LIBRARY_BORINGSSL, PROBE_LIBRARY_OPENSSL, PROBE_LIBRARY_GO };

/* In how many writes a hello leaves. */
enum probe_pieces {
    PROBE_IN_ONE,        /* and in as many TCP segments as the kernel makes of it */
    PROBE_SEGMENT_FIRST, /* its first TCP segment PROBE_SEGMENT_PAUSE_MS before the rest */
    PROBE_IN_HALVES,     /* two halves, PROBE_HALVES_PAUSE_MS apart */
};
#define PROBE_SEGMENT_PAUSE_MS 20
/* Longer than any round trip that a TLS server would sit out. */
#define PROBE_HALVES_PAUSE_MS 300

/* One ClientHello shape. */
struct probe_shape {
    enum probe_id id;
    enum probe_end end;
    uint8_t groups_n;
    uint16_t groups[PROBE_GROUPS_MAX]; /* supported_groups, in order */
    uint8_t shares_n;
    uint16_t shares[PROBE_SHARES_MAX]; /* groups with a key share, in order; none forces a retry */
    bool raw; /* written byte by byte (probe_hello.h), not by BoringSSL; ends at an answer */
    enum probe_library library; /* of a raw hello */
    enum probe_pieces pieces;   /* of a raw hello */
    bool longest;               /* a raw hello padded to the configured longest */
    uint16_t second; /* a retry that names this group is answered by a second hello, padded to the
                                   configured longest, its first segment ahead; GROUP_NONE: none is */
    bool wait_for_ticket; /* a finished handshake waits for a session ticket */
    bool resume;          /* offers the session of the ticket */
    bool no_alpn;
    /* how long to wait once the connection stands; 0: as long as all probes may take */
    uint32_t patience_ms;
    uint16_t mss;       /* TCP_MAXSEG for this probe; 0 for the configured one */
    uint16_t parameter; /* bytes on the wire of `large-classical` and `size-NNNN`, number of the
                           group of `group-NAME`, 2 to 4 of a repeated `only-other`, classical share of
                           `confirm-dual` and of a `confirm` that was asked for; otherwise 0 */
};

/* The shape of a probe with the configured hybrid in its place. `curve` is the curve of the ECDSA certificate that
 * `classical` got in TLS 1.2, GROUP_NONE if it got none: probes 5-7 and `closing` then list it as the last group,
 * for in TLS 1.2 the list limits the certificate too (RFC 8422 5.1). `confirm` is the share of PROBE_CONFIRM, or
 * the classical one of PROBE_CONFIRM_DUAL, and otherwise not used. */
struct probe_shape probe_plan_shape(enum probe_id id, uint16_t hybrid, uint16_t curve,
                                    uint16_t confirm);

/* The shape of a probe with a parameter. For `only-other` the groups that were named before still have to be taken
 * out: probe_plan_drop_group. */
struct probe_shape probe_plan_drill(enum probe_id id, uint16_t hybrid, uint16_t parameter);

/* Takes a group out of the list. */
void probe_plan_drop_group(struct probe_shape *shape, uint16_t group);

/* The post-quantum groups besides the hybrid that `only-other` asks for, in order. Returns their number. */
size_t probe_plan_other_groups(uint16_t hybrid, uint16_t out[PROBE_GROUPS_MAX]);

/* Which probes a scan makes. */
enum plan { PLAN_DAILY, PLAN_QUICK, PLAN_FULL };
const char *plan_name(enum plan plan);
bool plan_parse(const char *name, enum plan *out);

/* The plan's fixed probes in their order (without confirm and drill-down). */
const enum probe_id *plan_probes(enum plan plan, size_t *count);
