/* Reads the part of a server's first flight that is in the clear, byte by byte if need be: a
 * HelloRetryRequest, a ServerHello, the TLS 1.2 messages up to the ServerKeyExchange, or an alert.
 * Pure: bytes in, one answer out; no allocation beyond the struct, any input ends in an answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum first_flight_kind {
    FIRST_FLIGHT_MORE,            /* not decided yet: feed more */
    FIRST_FLIGHT_RETRY,           /* a HelloRetryRequest */
    FIRST_FLIGHT_SERVER_HELLO,    /* TLS 1.3 ServerHello: the rest is encrypted */
    FIRST_FLIGHT_KEY_EXCHANGE,    /* TLS 1.2: ServerKeyExchange on a named curve */
    FIRST_FLIGHT_NO_KEY_EXCHANGE, /* TLS 1.2: ServerHelloDone or another kind of key exchange */
    FIRST_FLIGHT_ALERT,           /* a fatal alert, or close_notify */
    FIRST_FLIGHT_NOT_TLS,         /* the first bytes are no TLS record */
    FIRST_FLIGHT_MALFORMED,       /* TLS records whose content breaks the standard */
};

/* "retry", "server-hello" and so on, for tests and logs. */
const char *first_flight_kind_name(enum first_flight_kind kind);

/* What was read so far; fields are valid as far as the kind says. A malformed hello keeps the
 * fields that were read before the fault was found. */
struct first_flight_answer {
    enum first_flight_kind kind;
    uint16_t version; /* negotiated: supported_versions if there, else server_version */
    uint16_t cipher;
    uint16_t group;             /* selected_group, key_share group or named_curve; 0 if absent */
    uint16_t share_bytes;       /* length of the key in a ServerHello's key_share */
    uint16_t cookie_bytes;      /* HRR */
    bool session_id_echoed;     /* legacy_session_id_echo equals the given one */
    bool certificate_requested; /* TLS 1.2 CertificateRequest seen before the decision */
    uint8_t alert;              /* description; in MORE that of the last warning */
    uint32_t bytes;             /* read from the stream, with the byte that decided */
    const char *why;            /* static: what is malformed */
};

/* The longest ServerHello or HelloRetryRequest that is read, as in BoringSSL; a longer one is
 * malformed. Other messages are skipped without being stored, up to 256 KiB. */
#define FIRST_FLIGHT_HELLO_MAX 16384

/* The reader's state. Opaque in use; declared here so that it can live inside another struct. Holds
 * no pointer into itself: it may be copied. */
struct first_flight {
    struct first_flight_answer answer;
    uint8_t session_id[32];
    uint8_t session_id_n;
    uint8_t header[5]; /* record header being collected */
    uint8_t header_n;
    uint16_t record_left; /* bytes of the record's body still to come */
    bool any_record;      /* a plausible record header was read: it is TLS */
    bool dummy_expected;  /* a ChangeCipherSpec may come: this is the answer to CH2 */
    uint8_t alert_level;  /* 0 while none was read */
    uint8_t passed_over;  /* warning alerts and hello requests */
    uint8_t message_header[4];
    uint8_t message_header_n;
    uint8_t rank;          /* of the last message in the order of RFC 5246 7.3 */
    uint32_t message_left; /* bytes of the handshake message still to come */
    uint16_t cookie_at;    /* where in the body the cookie starts */
    uint16_t body_n;
    uint8_t body[FIRST_FLIGHT_HELLO_MAX]; /* the part of the message that is looked at; last: it is
                                             not cleared */
};

/* `session_id` is what our ClientHello sent (at most 32 bytes; more are ignored). */
void first_flight_init(struct first_flight *flight, const uint8_t *session_id, size_t n);

/* Feeds bytes; stops at the decision and ignores what follows it. Returns the kind. The same bytes
 * give the same answer however they are cut.
 *   The first bytes that cannot start a TLS record (type alert or handshake, version 3.x, length 1
 * to 2^14+2048) are NOT_TLS; a bad record after a good header is MALFORMED. Warning alerts other
 * than close_notify and empty HelloRequests are passed over, four in all. An HRR is reported as
 * such even where it lacks supported_versions, a group and a cookie or does not echo the session
 * id: judge its fields. A hello of TLS 1.3 that does not end its record is malformed (RFC
 * 8446 5.1). */
enum first_flight_kind first_flight_feed(struct first_flight *flight, const uint8_t *bytes,
                                         size_t n);

/* After a RETRY, makes the reader ready for the answer to CH2 in the same stream: feed what follows
 * the first `answer.bytes` bytes. One ChangeCipherSpec is then passed over (RFC 8446 D.4). */
void first_flight_second(struct first_flight *flight);

/* After a RETRY: the cookie that CH2 has to repeat, NULL if none came. Borrowed until the next feed
 * or second. */
const uint8_t *first_flight_cookie(const struct first_flight *flight, size_t *n);
