/* Reads a ClientHello from the bytes of a connection: what a server needs to decide, and what the
 * log tells. Strict about lengths, indifferent to what is in extensions that nobody here reads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAB_HELLO_GROUPS 64
#define LAB_HELLO_SHARES 16

struct lab_hello {
    uint32_t bytes;         /* on the wire, with record headers, without ChangeCipherSpec */
    uint16_t records;       /* TLS records that it came in */
    uint32_t message_bytes; /* the handshake message with its header of 4 bytes */
    bool tls13;             /* supported_versions lists TLS 1.3 */
    uint16_t tls13_cipher;  /* the first TLS 1.3 cipher suite offered, 0 if none */
    uint8_t session_id_n;
    uint8_t session_id[32];
    uint8_t groups_n; /* supported_groups in order, cut after LAB_HELLO_GROUPS */
    uint16_t groups[LAB_HELLO_GROUPS];
    uint8_t shares_n; /* groups with a key share in order */
    uint16_t shares[LAB_HELLO_SHARES];
    bool ticket;    /* a session is to be resumed: pre_shared_key */
    bool http11;    /* ALPN offers http/1.1 */
    char sni[256];  /* "" if none */
    char alpn[128]; /* protocols joined by commas, unprintable bytes as `?`; "" if none */
};

enum lab_hello_state {
    LAB_HELLO_MORE,    /* incomplete so far */
    LAB_HELLO_DONE,    /* `out` is filled */
    LAB_HELLO_NOT_TLS, /* no TLS record, or none that belongs here */
    LAB_HELLO_BROKEN,  /* a record or hello that breaks the standard */
};

/* Looks at all bytes so far, from the start of the connection or from the end of the first hello:
 * ChangeCipherSpec records are passed over. `used` is set to the bytes up to the end of the hello's
 * last record when the state is LAB_HELLO_DONE. */
enum lab_hello_state lab_hello_read(const uint8_t *bytes, size_t n, struct lab_hello *out,
                                    size_t *used);

bool lab_hello_offers(const struct lab_hello *hello, uint16_t group);
bool lab_hello_shares(const struct lab_hello *hello, uint16_t group);
