/* What one scan means: groups, modes, order, verdicts, flags. A plain value. */
#pragma once

#include "scanner/probe/probe_result.h"
#include "scanner/words/words.h"

/* The six groups of the daily plan in the order in which they are reported:
 * X25519, P-256, P-384, P-521, the hybrid, the draft. */
#define JUDGED_GROUPS 6
enum judged_group {
    JUDGED_X25519,
    JUDGED_P256,
    JUDGED_P384,
    JUDGED_P521,
    JUDGED_HYBRID,
    JUDGED_DRAFT
};

/* Its number, with the configured hybrid in its place. */
uint16_t judgement_group(enum judged_group which, uint16_t hybrid);

/* The probe that a mode is measured by. */
enum probe_id judgement_mode_probe(enum mode mode);

/* How the origin takes one mode of speaking to it. */
struct mode_fact {
    enum truth works;
    uint16_t group;   /* negotiated; GROUP_NONE if it did not work */
    enum truth retry; /* did it cost a HelloRetryRequest */
};

struct judgement {
    enum scan_status status;
    enum verdict verdict; /* the main one */
    uint64_t verdicts;    /* bit (1 << verdict) for all that hold */
    uint16_t tls_version; /* 0 if the origin never said */
    uint16_t group_ids[JUDGED_GROUPS];
    enum truth groups[JUDGED_GROUPS];
    enum group_order order;
    uint16_t preferred_group; /* GROUP_NONE if not known */
    uint8_t server_groups_n;
    uint16_t server_groups[PROBE_SERVER_GROUPS]; /* as EncryptedExtensions listed them */
    struct mode_fact modes[MODE_COUNT];
    bool hrr_failure;        /* any retry-* verdict */
    bool split_client_hello; /* split-hello, size-limit, large-drop, large-first-only */
    bool unknown_keyshare;   /* unknown-share or unknown-group */
};
