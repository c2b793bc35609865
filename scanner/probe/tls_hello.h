/* From a probe's shape to BoringSSL's settings: the ClientHello that a proxy would send, the same
 * in every probe but for supported_groups and key_share. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/probe/probe_plan.h"

#include <openssl/base.h>

/* A context shared by all probes: TLS 1.2-1.3, BoringSSL's own ciphers and signature algorithms,
 * ALPN `h2, http/1.1`, no certificate judgement, no session reuse. The certificate stays a byte
 * string (TLS_with_buffers_method): nothing parses it. Free with SSL_CTX_free. */
SSL_CTX *tls_hello_context(void);

/* A client for one probe, not connected to anything: SSL_set_bio and SSL_do_handshake write its
 * hello. `sni` "" sends none. NULL with `err` where BoringSSL refuses the shape (a group that it
 * cannot finish). Free with SSL_free. */
SSL *tls_hello_new(SSL_CTX *context, const struct probe_shape *shape, const char *sni,
                   struct err *err);
