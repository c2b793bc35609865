/* From a probe's shape to BoringSSL's settings. */
#include "scanner/probe/tls_hello.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdlib.h>

/* The scanner asks what an origin can do; whether its certificate is good is for others. */
static enum ssl_verify_result_t accept_any(SSL *ssl, uint8_t *alert) {
    (void)ssl;
    (void)alert;
    return ssl_verify_ok;
}

/* BoringSSL hands over a reference to each new session; 1 keeps it. */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
    SSL_SESSION **slot = SSL_get_ex_data(ssl, 0);
    if (!slot)
        return 0;
    SSL_SESSION_free(*slot);
    *slot = session;
    return 1;
}

void tls_hello_keep_session(SSL *ssl, SSL_SESSION **slot) {
    if (!SSL_set_ex_data(ssl, 0, slot))
        abort();
}

SSL_CTX *tls_hello_context(const struct alpn *alpn) {
    SSL_CTX *context = SSL_CTX_new(TLS_with_buffers_method());
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
        !SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) ||
        SSL_CTX_set_alpn_protos(context, alpn->bytes, alpn->n) != 0)
        abort(); /* constants of our own that BoringSSL takes, or no memory */
    SSL_CTX_set_custom_verify(context, SSL_VERIFY_PEER, accept_any);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    SSL_CTX_set_grease_enabled(context, 0); /* random bytes would make probes differ */
    return context;
}

SSL *tls_hello_new(SSL_CTX *context, const struct probe_shape *shape, const char *sni,
                   SSL_SESSION *session, struct err *err) {
    SSL *ssl = SSL_new(context);
    if (!ssl)
        abort();
    SSL_set_connect_state(ssl);
    if (SSL_set1_group_ids(ssl, shape->groups, shape->groups_n) &&
        SSL_set1_client_key_shares(ssl, shape->shares, shape->shares_n) &&
        (!sni[0] || SSL_set_tlsext_host_name(ssl, sni)) &&
        (!shape->no_alpn || SSL_set_alpn_protos(ssl, NULL, 0) == 0) &&
        (!shape->resume || !session || SSL_set_session(ssl, session)))
        return ssl;
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    err_set(err, "BoringSSL cannot send probe %s: %s", probe_name(shape->id),
            why ? why : "unknown reason");
    ERR_clear_error();
    SSL_free(ssl);
    return NULL;
}
