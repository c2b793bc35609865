/* What one scan means: groups, modes, order, what is tolerated, verdicts. A plain value. */
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

/* Any other post-quantum group, as `only-other` asks for them. */
#define JUDGED_OTHERS_MAX PROBE_GROUPS_MAX

/* How the origin takes one mode of speaking to it. */
struct mode_fact {
    enum truth works;
    uint16_t group;   /* negotiated; GROUP_NONE if it did not work */
    enum truth retry; /* did it cost a HelloRetryRequest */
    /* May a proxy speak so, whatever it reaches: proven by hellos of the proxy's own length, in pieces. */
    enum truth tolerated;
    enum truth resumes; /* a session is resumed in this mode without a failure */
};

struct judgement {
    enum scan_status status;
    enum verdict verdict; /* the main one; VERDICT_COUNT where none holds */
    uint64_t verdicts;    /* bit (1 << verdict) for all that hold */
    uint16_t tls_version; /* 0 if the origin never said */
    uint16_t group_ids[JUDGED_GROUPS];
    enum truth groups[JUDGED_GROUPS];
    uint8_t others_n;
    uint16_t other_ids[JUDGED_OTHERS_MAX];
    enum truth others[JUDGED_OTHERS_MAX];
    enum group_order order;
    uint16_t preferred_group; /* GROUP_NONE if not known */
    uint8_t server_groups_n;
    uint16_t server_groups[PROBE_SERVER_GROUPS]; /* as EncryptedExtensions listed them */
    struct mode_fact modes[MODE_COUNT];
    /* The longest hellos with the hybrid's share that a ServerHello answered, in bytes; 0 where none was. */
    uint16_t largest_first;
    uint16_t largest_second;
    /* The bracket of a size limit: the largest hello that passed and the smallest that failed; 0 where there is none. */
    uint16_t size_passed;
    uint16_t size_failed;
    enum truth resumes;       /* the origin accepted the ticket that it gave */
    enum truth resumed_works; /* each hello with the ticket led to a finished handshake */
    /* our application protocols stood in the way; the scan went on without ALPN */
    bool alpn_refused;
    /* by an alert: then what was seen without ALPN is no fact about a proxy's connection */
    bool alpn_alert;
    bool contradicts; /* two answers that no sound server gives both */
    /* an interrupted scan whose silence began with a large hello or right behind one */
    bool dark_after_large;
    bool hrr_failure; /* any retry-* verdict, large-second-only, or hybrid-unusable after a retry */
    bool split_client_hello; /* split-hello, size-limit, large-drop, large-first-only */
    bool unknown_keyshare;   /* unknown-share or unknown-group */
};

/* The group behind a place of the list, with the configured hybrid in its own. */
uint16_t judgement_group(enum judged_group which, uint16_t hybrid);

/* The probe that measures a mode. */
enum probe_id judgement_mode_probe(enum mode mode);
