/* A peer on loopback, in the same process and event loop, that misbehaves in one way or speaks TLS
 * (BoringSSL). For tests of the probe itself; whole origins are the lab's matter. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct tls_peer;

enum tls_peer_act {
    TLS_PEER_SILENT,         /* reads and never answers */
    TLS_PEER_FIN,            /* reads the hello and closes */
    TLS_PEER_FIN_AT_ONCE,    /* closes its side as soon as it has accepted */
    TLS_PEER_RESET,          /* reads the hello and resets */
    TLS_PEER_RESET_AT_ONCE,  /* resets as soon as it has accepted */
    TLS_PEER_ALERT,          /* fatal alert 40, then waits */
    TLS_PEER_ALERT_RESET,    /* fatal alert 40 and a reset right behind it */
    TLS_PEER_ALERT_BYTEWISE, /* fatal alert 40, a byte at a time */
    TLS_PEER_CLOSE_NOTIFY,   /* a polite end */
    TLS_PEER_HALF_ALERT_FIN, /* closes in the middle of an alert */
    TLS_PEER_HTTP,           /* answers in HTTP */
    TLS_PEER_BANNER,         /* speaks first */
    TLS_PEER_GARBAGE,        /* no TLS, without an end */
    TLS_PEER_BAD_RECORDS,    /* a record header, then zeros without an end */
    TLS_PEER_ENDLESS,        /* sound records of a certificate without an end */
    TLS_PEER_DRIP,           /* a long ServerHello, a byte every 100 ms */
    TLS_PEER_FULL,           /* its queue of connections is full */
    TLS_PEER_DEAF,           /* bound, but not listening */
    TLS_PEER_TLS,            /* speaks TLS */
};

/* How TLS_PEER_TLS speaks it. */
struct tls_peer_tls {
    const char *groups; /* as BoringSSL spells them, `:` between */
    bool tls12;         /* TLS 1.2 at most */
    unsigned chunk;     /* bytes that are written at once, 0 for all */
};

/* Listens on a free port of 127.0.0.1. `tls` is copied and only read for TLS_PEER_TLS. */
struct tls_peer *tls_peer_new(struct event_base *base, enum tls_peer_act act,
                              const struct tls_peer_tls *tls);
void tls_peer_free(struct tls_peer *peer);

uint16_t tls_peer_port(const struct tls_peer *peer);

/* Connections taken so far. */
int tls_peer_connections(const struct tls_peer *peer);

/* Runs the event loop until the peer has seen the end of its connections, at most a second. */
void tls_peer_settle(struct tls_peer *peer);

/* Of TLS_PEER_TLS, its last connection: the handshake finished; the client sent close_notify and
 * then closed without a reset; the server name that it asked for; and our certificate's SHA-256. */
bool tls_peer_finished(const struct tls_peer *peer);
bool tls_peer_said_goodbye(const struct tls_peer *peer);
const char *tls_peer_sni(const struct tls_peer *peer);
const uint8_t *tls_peer_leaf(const struct tls_peer *peer);
