/* Reads the body of a ServerHello or HelloRetryRequest: what it says about key agreement. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum server_hello_kind {
    SERVER_HELLO_TLS12, /* TLS 1.2 and before */
    SERVER_HELLO_TLS13,
    SERVER_HELLO_RETRY, /* a ServerHello with the random of RFC 8446 4.1.3 */
};

struct server_hello {
    enum server_hello_kind kind;
    uint16_t version;       /* supported_versions if there, else server_version */
    uint16_t cipher;        /* cipher_suite */
    uint16_t group;         /* selected_group or that of the key_share; 0 if absent */
    uint16_t share_bytes;   /* length of the key_share's key, 0 if there is none */
    uint16_t cookie_at;     /* offset of the cookie in the body */
    uint16_t cookie_bytes;  /* 0 if there is none */
    bool session_id_echoed; /* legacy_session_id_echo equals the given one */
};

/* Reads the `n` bytes after the handshake header (at most 65535) into `hello`. `session_id` is what
 * our ClientHello sent. Returns NULL, or a static text that says what breaks the standard; the
 * fields that were read before the fault are then kept, the others are 0.
 *   Sound are: no extension twice, one version in supported_versions (TLS 1.3 or a draft of it),
 * one group in a retry, one share in a ServerHello of TLS 1.3, no compression, nothing behind the
 * end. Unknown extensions are passed over. A retry may lack any extension and need not echo the
 * session id: whether that is a fault is the caller's to say. */
const char *server_hello_read(struct server_hello *hello, const uint8_t *body, size_t n,
                              const uint8_t *session_id, size_t session_id_n);
