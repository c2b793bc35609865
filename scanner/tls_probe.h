/* One probe: one TCP connection, one ClientHello shape, one result. Raw libevent events on a
 * non-blocking socket; BoringSSL reads and writes memory only. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/probe_result.h"

#include <sys/socket.h>

struct address_policy;
struct event_base;
struct tls_prober;
struct tls_probe;

struct tls_prober_options {
    struct event_base *base;             /* borrowed */
    const struct address_policy *policy; /* borrowed; asked just before connect */
    uint32_t timeout_ms;                 /* total deadline of a probe, connect included */
    uint16_t mss;                        /* TCP_MAXSEG, 0 leaves the system's */
};

/* Bytes that a peer may send before the probe gives up on it as malformed. */
#define TLS_PROBE_BYTES_MAX (128u * 1024)

/* What all probes share. NULL with `err` where the options cannot work. Free when no probe is
 * under way. */
struct tls_prober *tls_prober_new(const struct tls_prober_options *options, struct err *err);
void tls_prober_free(struct tls_prober *prober);

/* True if the policy lets that address be dialled, for choosing among several; the probe asks
 * again. */
bool tls_prober_permits(const struct tls_prober *prober, const struct sockaddr *address);

/* The result is valid only during the callback; the probe is gone when it is called. */
typedef void tls_probe_cb(const struct probe_result *result, void *arg);

/* Dials. Exactly one callback follows, never before this returns and at most timeout_ms later,
 * unless the probe is cancelled. A network failure is a result; local trouble (descriptors, ports,
 * memory) ends as OUTCOME_CANCELLED. `sni` "" sends none; it and the address are copied. */
struct tls_probe *tls_probe_start(struct tls_prober *prober, const struct probe_shape *shape,
                                  const struct sockaddr *address, const char *sni, tls_probe_cb *cb,
                                  void *arg);

/* Ends a probe that has not called back yet; it never will. */
void tls_probe_cancel(struct tls_probe *probe);
