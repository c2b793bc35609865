/* What one probe saw. Raw observables only: verdicts are derived from them and can be derived again
 * when the rules change. A plain value: copying it copies everything. */
#pragma once

#include "scanner/hello/hrr.h"
#include "scanner/probe/probe_plan.h"
#include "scanner/words/words.h"

#define PROBE_DETAIL_SIZE 96
#define PROBE_SERVER_GROUPS 16
#define PROBE_FIRST_BYTES 8

/* The detail of a result that our own slowness ended. */
#define PROBE_RESULT_STARVED "too little processor time to listen for the answer"

/* What TCP_INFO (Linux) said when the probe ended. */
struct probe_tcp {
    uint32_t unacked;         /* segments sent and not acknowledged */
    uint32_t retransmissions; /* segments sent again, all in all */
    uint32_t mss;             /* bytes a segment may carry, options left out */
    uint32_t rtt_us;          /* the kernel's smoothed round trip */
};

struct probe_result {
    enum probe_id probe;
    uint16_t parameter; /* as in the shape */
    enum outcome outcome;
    enum stage stage;

    uint16_t group;       /* negotiated by ServerHello or ServerKeyExchange; GROUP_NONE if none */
    bool retry;           /* a HelloRetryRequest came */
    uint16_t retry_group; /* the group that it named */
    int16_t alert;        /* code of the peer's alert (RFC 8446 6.2), -1 if none came */
    int16_t own_alert;    /* code of the fatal alert that we sent, -1 if none */
    uint16_t tls_version; /* 0x0304, 0x0303, …; 0 if the peer did not say */
    uint16_t cipher;      /* IANA number, 0 if the peer did not say */

    uint32_t hello_bytes;  /* CH1 with its record header(s); 0 if it was not sent */
    uint32_t hello2_bytes; /* CH2 alike; 0 if there was none */
    uint16_t segments;     /* TCP segments that carried CH1, by TCP_INFO; 0 if not known */
    uint16_t segments2;    /* the same for CH2 */
    uint32_t bytes_in;     /* bytes read from the peer */
    uint8_t first_bytes_n;
    uint8_t first_bytes[PROBE_FIRST_BYTES]; /* the first bytes that the peer sent */

    uint8_t attempts;           /* 2 if an abrupt failure was dialled once more */
    bool flapped;               /* the two attempts gave different answers */
    enum outcome first_outcome; /* of the first attempt; equals outcome where attempts is 1 */
    enum stage first_stage;
    /* our event loop ran late meanwhile, so that the origin may have been kept waiting: no trial */
    bool late;
    bool shape_changed; /* the redial was sent in the shape of `classical` */

    bool in_pieces;           /* CH1 left in pieces on purpose, with a pause between them */
    bool no_alpn;             /* sent without ALPN, since the origin refused it */
    bool alpn_answer_refused; /* the origin chose a protocol that was not offered (RFC 7301 3.2) */
    bool ticket;              /* a session ticket of TLS 1.3 came (RFC 8446 4.6.1) */
    bool resumed;             /* the origin accepted the session that was offered */

    bool has_leaf;
    uint8_t leaf_sha256[32];    /* of the leaf certificate in DER */
    uint16_t leaf_curve;        /* of an ECDSA leaf in TLS 1.2, as a group; otherwise GROUP_NONE */
    bool certificate_requested; /* CertificateRequest seen */
    bool no_key_exchange;       /* TLS 1.2 answer without ServerKeyExchange on a named curve */
    uint8_t server_groups_n;    /* supported_groups of EncryptedExtensions; 0 if not sent */
    uint16_t server_groups[PROBE_SERVER_GROUPS];

    struct hrr hrr; /* the HelloRetryRequest, if one came */
    struct probe_tcp tcp;
    int sys_errno;                  /* of the call that ended the probe, 0 if none */
    uint32_t connect_us;            /* until the TCP connection stood; 0 if it never did */
    uint32_t duration_us;           /* of the last attempt, from connect to the end */
    char detail[PROBE_DETAIL_SIZE]; /* the library's reason or ours, printable ASCII; "" if none */
};

/* The first of `n` results that is of that probe and, unless it is 0, has that parameter; NULL if
 * there is none. */
const struct probe_result *probe_result_find(const struct probe_result *results, size_t n,
                                             enum probe_id id, uint16_t parameter);

/* It ended well. NULL, a probe that was not sent, is false here and below. */
bool probe_result_worked(const struct probe_result *result);

/* How long it took behind the TCP connection; 0 where there was none. */
uint32_t probe_result_handshake_us(const struct probe_result *result);

/* Our own slowness ended it. */
bool probe_result_starved(const struct probe_result *result);

/* The peer or the network ended it after a hello was sent; our own cancelling is no evidence. */
bool probe_result_failed(const struct probe_result *result);

/* And it got just so far. */
bool probe_result_failed_at(const struct probe_result *result, enum stage stage);

/* It was padded to a certain size: what a limit of the hello's length is told from. */
bool probe_result_is_sized(const struct probe_result *result);
