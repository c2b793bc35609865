/* One probe: one TCP connection, one ClientHello shape, one result. Raw libevent events on a
 * non-blocking socket; BoringSSL reads and writes memory only. */
#pragma once

#include "scanner/probe/probe_result.h"
#include "scanner/probe/tls_prober.h"

#include <openssl/base.h>

#include <sys/socket.h>

struct tls_probe;

/* Bytes that a peer may send before the probe gives up on it as malformed. */
#define TLS_PROBE_BYTES_MAX (128u * 1024)

/* How long a finished handshake waits for a session ticket where the shape says so: the round trips of far and busy
 * origins; origins that give none cost this once a resumption is asked about. */
#define TLS_PROBE_TICKET_MS 500

/* The result is valid only during the callback; the probe is gone when it is called. */
typedef void tls_probe_cb(const struct probe_result *result, void *arg);

/* Dials. Exactly one callback follows, never before this returns and at most timeout_ms later,
 * unless the probe is cancelled; what the event loop loses by running late (loop_lag.h) is added, up to ten times
 * timeout_ms. A network failure is a result; local trouble (descriptors, ports, memory, processor time) ends as
 * OUTCOME_CANCELLED. `sni` "" sends none; it and the address are copied.
 *   `session`, borrowed for as long as the probe lives, is where a shape that waits for a ticket puts its session and
 * where a shape that resumes finds it; NULL where neither is wanted. The caller frees what is in it. */
struct tls_probe *tls_probe_start(struct tls_prober *prober, const struct probe_shape *shape,
                                  const struct sockaddr *address, const char *sni,
                                  SSL_SESSION **session, tls_probe_cb *cb, void *arg);

/* Ends a probe that has not called back yet; it never will. */
void tls_probe_cancel(struct tls_probe *probe);
