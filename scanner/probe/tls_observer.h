/* Watches one BoringSSL handshake and writes what it sees into a probe's result: sizes of our
 * hellos, HelloRetryRequest, ServerHello, EncryptedExtensions, requested certificates, our own
 * alerts. */
#pragma once

#include "scanner/probe/probe_result.h"

#include <openssl/base.h>

struct tls_observer {
    struct probe_result *result;     /* where to write; borrowed */
    const struct probe_shape *shape; /* what we offered; borrowed */
    uint8_t session_id[32];          /* legacy_session_id of CH1 */
    uint8_t session_id_n;
    uint8_t hellos;    /* ClientHellos written */
    bool server_hello; /* a ServerHello that is no retry was read */
    bool after_hello;  /* and something after it, so it was accepted */
};

/* Attaches to `ssl`; both structs must outlive it. */
void tls_observer_attach(struct tls_observer *observer, SSL *ssl);

/* Notes the groups that a whole EncryptedExtensions message lists, if it lists some. */
void tls_observer_extensions(struct probe_result *result, const uint8_t *bytes, size_t n);
