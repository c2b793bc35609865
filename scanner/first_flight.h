/* Reads the part of a server's first flight that is in the clear, byte by byte if need be: a
 * HelloRetryRequest, a ServerHello, the TLS 1.2 messages up to the ServerKeyExchange, or an alert.
 * Pure: bytes in, one answer out; no allocation beyond the struct, any input ends in an answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum first_flight_kind {
    FIRST_FLIGHT_MORE,         /* not decided yet: feed more */
    FIRST_FLIGHT_RETRY,        /* a HelloRetryRequest */
    FIRST_FLIGHT_SERVER_HELLO, /* TLS 1.3 ServerHello: the rest is encrypted */
    FIRST_FLIGHT_KEY_EXCHANGE, /* TLS 1.2: ServerKeyExchange on a named curve */
    FIRST_FLIGHT_NO_KEY_EXCHANGE, /* TLS 1.2: ServerHelloDone or another kind of key exchange */
    FIRST_FLIGHT_ALERT,        /* a fatal alert, or close_notify */
    FIRST_FLIGHT_NOT_TLS,      /* the first bytes are no TLS record */
    FIRST_FLIGHT_MALFORMED,    /* TLS records whose content breaks the standard */
};

/* What was read so far; fields are valid as far as the kind says. */
struct first_flight_answer {
    enum first_flight_kind kind;
    uint16_t version;       /* negotiated: supported_versions if there, else server_version */
    uint16_t cipher;
    uint16_t group;         /* selected_group, key_share group or named_curve; 0 if absent */
    uint16_t cookie_bytes;  /* HRR */
    bool session_id_echoed; /* legacy_session_id_echo equals the given one */
    bool certificate_requested; /* TLS 1.2 CertificateRequest seen before the decision */
    uint8_t alert;          /* description */
    const char *why;        /* static: what is malformed */
};

/* The reader's state. Opaque in use; declared here so that it can live inside another struct. */
struct first_flight {
    struct first_flight_answer answer;
    uint8_t session_id[32];
    uint8_t session_id_n;
    uint8_t header[5];       /* record header being collected */
    uint8_t header_n;
    uint8_t record_type;
    uint16_t record_left;    /* bytes of the record's body still to come */
    bool any_record;
    uint8_t message_header[4];
    uint8_t message_header_n;
    uint32_t message_left;   /* bytes of the handshake message still to come */
    uint32_t skip_left;
    uint16_t body_n;
    uint8_t warnings;        /* warning alerts passed over */
    uint8_t body[1024];      /* the message being collected, where its content matters */
};

/* `session_id` is what our ClientHello sent (at most 32 bytes; more are ignored). */
void first_flight_init(struct first_flight *flight, const uint8_t *session_id, size_t n);

/* Feeds bytes; stops at the decision and ignores what follows it. Returns the kind. The same bytes
 * give the same answer however they are cut. */
enum first_flight_kind first_flight_feed(struct first_flight *flight, const uint8_t *bytes,
                                         size_t n);
