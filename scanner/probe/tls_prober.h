/* What all probes of a process share: the TLS context, limits and buffers that no probe keeps. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/hello/alpn.h"
#include "scanner/hello/first_flight.h"

#include <openssl/base.h>

#include <sys/socket.h>
#include <sys/time.h>

struct address_policy;
struct event_base;
struct key_shares;
struct leaf_shelf;
struct loop_lag;

/* One read takes what the socket has; the buffer belongs to all probes, for nothing is left in it
 * when the next one reads. */
#define TLS_PROBER_READ_BYTES 65536

/* OpenSSL 3.5 resuming a session was measured at 1,809 bytes, Traffic Server is reported with up to 2,100. */
#define TLS_PROBER_HELLO_MAX 2048

struct tls_prober_options {
    struct event_base *base;             /* borrowed */
    const struct address_policy *policy; /* borrowed; asked just before connect */
    uint32_t timeout_ms;                 /* total deadline of a probe, connect included */
    /* TCP_MAXSEG towards loopback, where nothing splits without it; 0 leaves the system's */
    uint16_t mss;
    /* bytes of the longest ClientHello that a proxy may send; 0: TLS_PROBER_HELLO_MAX */
    uint16_t hello_max;
    const char *alpn; /* protocols to offer, "none" for none (alpn.h); NULL: ALPN_DEFAULT; copied */
    /* borrowed: gets the certificates that are shown; NULL: only their hashes are kept */
    struct leaf_shelf *leaves;
};

struct tls_prober {
    struct event_base *base;
    const struct address_policy *policy;
    SSL_CTX *context;
    struct timeval timeout; /* libevent's common timeout: all probes in one queue */
    const struct timeval *common_timeout;
    uint64_t probes; /* started so far */
    struct leaf_shelf *leaves;
    struct loop_lag *lag; /* of the base, watched while a probe is under way */
    uint16_t mss;
    uint16_t hello_max;
    struct alpn alpn;
    struct key_shares *keys; /* public keys for the shares of raw hellos */
    uint8_t read_buffer[TLS_PROBER_READ_BYTES];
    struct first_flight flight; /* likewise: reads the answers that come in one piece */
};

/* NULL with `err` where the options cannot work. Free when no probe is
 * under way. */
struct tls_prober *tls_prober_new(const struct tls_prober_options *options, struct err *err);
void tls_prober_free(struct tls_prober *prober);

/* True if the policy lets that address be dialled, for choosing among several; the probe asks
 * again. */
bool tls_prober_permits(const struct tls_prober *prober, const struct sockaddr *address);
