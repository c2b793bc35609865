/* The vocabulary: groups, outcomes, stages, verdict and mode names. What is stored and exported is
 * always the name (or the group's number), never the enumerator's value. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* TLS named groups (IANA "TLS Supported Groups"; RFC 8446 4.2.7, RFC 10024 for the hybrids). */
enum {
    GROUP_NONE = 0,
    GROUP_P256 = 23,
    GROUP_P384 = 24,
    GROUP_P521 = 25,
    GROUP_X25519 = 29,
    GROUP_MLKEM512 = 512,
    GROUP_MLKEM768 = 513,
    GROUP_MLKEM1024 = 514,
    GROUP_SECP256R1MLKEM768 = 4587,
    GROUP_X25519MLKEM768 = 4588,
    GROUP_SECP384R1MLKEM1024 = 4589,
    GROUP_X25519KYBER768DRAFT00 = 25497,
};

/* One known group. */
struct group {
    uint16_t id;
    const char *name;      /* as BoringSSL spells it, else the IANA name */
    uint16_t client_share; /* bytes of the client's key share */
    uint16_t server_share; /* and of the server's */
    bool post_quantum;     /* hybrid or pure ML-KEM */
    bool finishable;       /* the pinned BoringSSL can complete a handshake with it */
};

/* All known groups in order of their numbers. */
const struct group *group_table(size_t *count);

/* The group of that number, or NULL where it is not in the table. */
const struct group *group_find(uint16_t id);

/* True if that group is in the list. */
bool group_is_among(const uint16_t *list, size_t n, uint16_t group);

#define GROUP_NAME_SIZE 32

/* The name, or "0x1a2b" for a number that is not in the table. `out` is used only for the latter;
 * the result is either static or `out`. */
const char *group_name(uint16_t id, char out[GROUP_NAME_SIZE]);

/* The number of a group by any of its spellings (X25519, P-256, secp256r1, prime256v1, a decimal
 * or 0x number), without regard to case; GROUP_NONE if it is none. */
uint16_t group_parse(const char *text);

/* Three-valued answers: JSON null, false, true. */
enum truth { TRUTH_UNKNOWN, TRUTH_FALSE, TRUTH_TRUE };

/* How a probe ended. */
enum outcome {
    OUTCOME_OK,
    OUTCOME_ALERT,       /* the peer sent a fatal alert */
    OUTCOME_RESET,       /* RST, or EPIPE on our write */
    OUTCOME_CLOSED,      /* FIN without an alert */
    OUTCOME_TIMEOUT,     /* the probe's total deadline passed */
    OUTCOME_MALFORMED,   /* the peer's bytes break TLS */
    OUTCOME_NOT_TLS,     /* the first bytes are no TLS record */
    OUTCOME_REFUSED,     /* ECONNREFUSED */
    OUTCOME_UNREACHABLE, /* no route, host or network unreachable, … */
    OUTCOME_DNS_FAILURE, /* the name gives no address */
    OUTCOME_BLOCKED,     /* the address policy forbids every address */
    OUTCOME_CANCELLED,   /* we gave up for reasons of our own; never evidence */
    OUTCOME_COUNT
};
const char *outcome_name(enum outcome outcome);
bool outcome_parse(const char *name, enum outcome *out); /* for tables of tests */

/* Abrupt: the connection ended without an answer; dialled once more. */
bool outcome_is_abrupt(enum outcome outcome);

/* How far a probe got. */
enum stage {
    STAGE_RESOLVE,
    STAGE_CONNECT,
    STAGE_HELLO,         /* CH1 was sent, nothing usable came back */
    STAGE_RETRY,         /* a valid HRR came; failed after CH2 */
    STAGE_SERVER_FLIGHT, /* ServerHello came, the handshake did not finish */
    STAGE_DONE,          /* finished; for an answer probe: answered */
    STAGE_COUNT
};
const char *stage_name(enum stage stage);
bool stage_parse(const char *name, enum stage *out); /* for tables of tests */

/* How a scan ended. */
enum scan_status {
    STATUS_COMPLETE,
    STATUS_INTERRUPTED,
    STATUS_UNREACHABLE,
    STATUS_NOT_TLS,
    STATUS_BLOCKED,
    STATUS_COUNT
};
const char *status_name(enum scan_status status);
bool status_parse(const char *name, enum scan_status *out);

/* Whose order decides which group is used. */
enum group_order { ORDER_UNKNOWN, ORDER_CLIENT, ORDER_SERVER };
const char *order_name(enum group_order order); /* NULL for unknown */

/* How a proxy could speak to the origin, in the order of the plan's first four probes. */
enum mode { MODE_OFF, MODE_SUPPORTED, MODE_PREFERRED, MODE_PREFERRED_DUAL, MODE_COUNT };
const char *mode_name(enum mode mode);

/* Verdicts in the order in which the main one is chosen: the first that holds. */
enum verdict {
    VERDICT_UNREACHABLE,
    VERDICT_BLOCKED,
    VERDICT_NOT_TLS,
    VERDICT_INTERRUPTED,
    VERDICT_UNSTABLE,
    /* faults, in the order of the table of signatures */
    VERDICT_LARGE_HELLO_HANGS_TLS12,
    VERDICT_VERSION_FALLBACK,
    VERDICT_UNKNOWN_GROUP,
    VERDICT_UNKNOWN_SHARE,
    VERDICT_SPLIT_HELLO,
    VERDICT_SIZE_LIMIT,
    VERDICT_LARGE_DROP,
    VERDICT_PATH_MTU,
    VERDICT_LARGE_FIRST_ONLY,
    VERDICT_LARGE_SECOND_ONLY,
    VERDICT_RETRY_THEN_FAIL,
    VERDICT_RETRY_MALFORMED,
    VERDICT_RETRY_WRONG_GROUP,
    VERDICT_RETRY_LOOP,
    VERDICT_HYBRID_REFUSED,
    VERDICT_HYBRID_UNUSABLE,
    VERDICT_RESUMPTION_FAILS,
    VERDICT_WRONG_BACKEND,
    /* what a sound origin can do, or what keeps us from telling */
    VERDICT_HANDSHAKE_REFUSED,
    VERDICT_NEVER_FINISHES,
    VERDICT_TLS12_ONLY,
    VERDICT_READY,
    VERDICT_READY_AFTER_RETRY,
    VERDICT_HYBRID_NOT_CHOSEN,
    VERDICT_OTHER_HYBRID,
    VERDICT_DRAFT_ONLY,
    VERDICT_CLASSICAL,
    /* never the main one */
    VERDICT_HYBRID_ONLY_IF_FIRST,
    VERDICT_CLIENT_CERTIFICATE,
    VERDICT_RECORD_SPLIT,
    VERDICT_LENGTH_QUIRK,
    VERDICT_COUNT /* as a main verdict: none holds, since too much was not shown */
};
const char *verdict_name(enum verdict verdict); /* NULL for VERDICT_COUNT */
bool verdict_parse(const char *name, enum verdict *out);

/* What a verdict is about. 0 is none: each verdict has one. */
enum verdict_class {
    VERDICT_CLASS_ENDED = 1, /* the scan ended before the origin could be judged */
    VERDICT_CLASS_FAILING,   /* it fails whatever it is offered, or now and then */
    VERDICT_CLASS_FAULT,     /* something that a proxy may send breaks it */
    VERDICT_CLASS_SOUND,     /* what it can do, nothing being broken */
    VERDICT_CLASS_NOTE,      /* a remark beside what it can do */
};
enum verdict_class verdict_class(enum verdict verdict); /* VERDICT_COUNT is a note */

/* "TLSv1.3" for 0x0304 and so on; NULL for 0. */
const char *tls_version_name(uint16_t version);
