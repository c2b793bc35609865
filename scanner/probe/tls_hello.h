/* From a probe's shape to BoringSSL's settings: the ClientHello that a proxy would send, the same
 * in every probe but for supported_groups and key_share. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/hello/alpn.h"
#include "scanner/probe/probe_plan.h"

#include <openssl/base.h>

/* A context shared by all probes: TLS 1.2-1.3, BoringSSL's own ciphers and signature algorithms,
 * the given ALPN, no certificate judgement. The certificate stays a byte string (TLS_with_buffers_method): nothing
 * parses it. A session ticket is handed to the probe by tls_hello_on_session. Free with SSL_CTX_free. */
SSL_CTX *tls_hello_context(const struct alpn *alpn);

/* Where a session ticket of this client goes: `*slot` then owns the session, and one that was there before is
 * freed. `ssl` must not outlive the slot. */
void tls_hello_keep_session(SSL *ssl, SSL_SESSION **slot);

/* A client for one probe, not connected to anything: SSL_set_bio and SSL_do_handshake write its
 * hello. `sni` "" sends none. `session` is offered where the shape resumes, and otherwise not used.
 * NULL with `err` where BoringSSL refuses the shape (a group that it cannot finish). Free with
 * SSL_free. */
SSL *tls_hello_new(SSL_CTX *context, const struct probe_shape *shape, const char *sni,
                   SSL_SESSION *session, struct err *err);
