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

/* True if the HelloRetryRequest in `hrr` is one that RFC 8446 4.1.4 allows after that hello;
 * otherwise `why` says what is wrong with it. */
bool tls_observer_hrr_valid(const struct probe_hrr *hrr, const struct probe_shape *shape,
                            const char **why);

/* True if that group is in the list. */
bool tls_observer_lists(const uint16_t *groups, size_t n, uint16_t group);
