/* Keys and certificates, made at start and shared by all connections of the same kind. */
#include "lab_cert.h"

#include <assert.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* 8 certificates with a comment of this size make a chain of about 24 KB. */
enum { FILLERS = 8, FILLER_BYTES = 2700, CHAIN_MAX = FILLERS + 1 };

struct identity {
    EVP_PKEY *key;
    CRYPTO_BUFFER *chain[CHAIN_MAX];
    size_t chain_n;
};

/* [certificate][TLS 1.2][TLS 1.3][client certificate][key exchange][tickets] */
static SSL_CTX *contexts[LAB_CERT_COUNT][2][2][3][3][2];
static struct identity identities[LAB_CERT_COUNT];

/* Nothing here depends on what a peer sends: a failure is ours or the machine's. */
static void must(int ok) {
    if (!ok)
        abort();
}

static EVP_PKEY *new_ec_key(int curve) {
    EC_KEY *ec = EC_KEY_new_by_curve_name(curve);
    EVP_PKEY *key = EVP_PKEY_new();
    must(ec && key && EC_KEY_generate_key(ec) && EVP_PKEY_assign_EC_KEY(key, ec));
    return key;
}

static EVP_PKEY *new_rsa_key(void) {
    RSA *rsa = RSA_new();
    BIGNUM *e = BN_new();
    EVP_PKEY *key = EVP_PKEY_new();
    must(rsa && e && key && BN_set_word(e, RSA_F4) && RSA_generate_key_ex(rsa, 2048, e, NULL) &&
         EVP_PKEY_assign_RSA(key, rsa));
    BN_free(e);
    return key;
}

static void add_comment(X509 *cert) {
    static const unsigned char text[FILLER_BYTES] = {0};
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    must(value && ASN1_OCTET_STRING_set(value, text, sizeof text));
    X509_EXTENSION *extension = X509_EXTENSION_create_by_NID(NULL, NID_netscape_comment, 0, value);
    must(extension && X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
}

/* A self-signed certificate in DER: nobody in the lab checks signatures. */
static CRYPTO_BUFFER *new_cert(EVP_PKEY *key, const char *name, bool filler) {
    static uint64_t serial;
    X509 *cert = X509_new();
    must(cert && X509_set_version(cert, X509_VERSION_3) &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), ++serial) &&
         X509_gmtime_adj(X509_getm_notBefore(cert), -86400) &&
         X509_gmtime_adj(X509_getm_notAfter(cert), 365 * 86400L) && X509_set_pubkey(cert, key));
    X509_NAME *subject = X509_get_subject_name(cert);
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                                    -1, 0) &&
         X509_set_issuer_name(cert, subject));
    if (filler)
        add_comment(cert);
    must(X509_sign(cert, key, EVP_sha256()) > 0);
    uint8_t *der = NULL;
    int n = i2d_X509(cert, &der);
    must(n > 0);
    CRYPTO_BUFFER *buffer = CRYPTO_BUFFER_new(der, (size_t)n, NULL);
    must(buffer != NULL);
    OPENSSL_free(der);
    X509_free(cert);
    return buffer;
}

static const struct identity *identity_of(enum lab_cert cert) {
    struct identity *identity = &identities[cert];
    if (identity->key)
        return identity;
    if (cert == LAB_CERT_RSA)
        identity->key = new_rsa_key();
    else
        identity->key =
            new_ec_key(cert == LAB_CERT_ECDSA384 ? NID_secp384r1 : NID_X9_62_prime256v1);
    const char *name = cert == LAB_CERT_OTHER ? "other.lab.test" : "origin.lab.test";
    identity->chain[identity->chain_n++] = new_cert(identity->key, name, false);
    for (int i = 0; cert == LAB_CERT_LONG && i < FILLERS; i++)
        identity->chain[identity->chain_n++] = new_cert(identity->key, "filler.lab.test", true);
    return identity;
}

static enum ssl_verify_result_t accept_any(SSL *ssl, uint8_t *alert) {
    (void)ssl;
    (void)alert;
    return ssl_verify_ok;
}

static int choose_alpn(SSL *ssl, const uint8_t **out, uint8_t *out_n, const uint8_t *in,
                       unsigned in_n, void *arg) {
    static const uint8_t mine[] = "\x08http/1.1";
    (void)ssl;
    (void)arg;
    uint8_t *chosen;
    if (SSL_select_next_proto(&chosen, out_n, mine, sizeof mine - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

#define RSA_CIPHERS "AES128-GCM-SHA256:AES128-SHA"
#define ECDHE_CIPHERS                                                                              \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"     \
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

static SSL_CTX *new_context(const struct lab_profile *profile, enum lab_cert cert, bool tls13) {
    static const char *const ciphers[] = {[LAB_KX_ECDHE] = ECDHE_CIPHERS,
                                          [LAB_KX_RSA] = RSA_CIPHERS,
                                          [LAB_KX_BOTH] = ECDHE_CIPHERS ":" RSA_CIPHERS};
    const struct identity *identity = identity_of(cert);
    SSL_CTX *ctx = SSL_CTX_new(TLS_with_buffers_method());
    must(ctx &&
         SSL_CTX_set_chain_and_key(ctx, identity->chain, identity->chain_n, identity->key, NULL));
    bool tls12 = profile->tls12 || !tls13;
    must(SSL_CTX_set_min_proto_version(ctx, tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) &&
         SSL_CTX_set_max_proto_version(ctx, tls13 ? TLS1_3_VERSION : TLS1_2_VERSION));
    must(SSL_CTX_set_strict_cipher_list(ctx, ciphers[profile->kx]));
    if (profile->client_cert != LAB_CLIENT_CERT_NO) {
        int mode = SSL_VERIFY_PEER;
        if (profile->client_cert == LAB_CLIENT_CERT_REQUIRE)
            mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        SSL_CTX_set_custom_verify(ctx, mode, accept_any);
    }
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (!profile->tickets)
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    return ctx;
}

SSL_CTX *lab_cert_context(const struct lab_profile *profile, enum lab_cert cert, bool tls13) {
    SSL_CTX **slot =
        &contexts[cert][profile->tls12][tls13][profile->client_cert][profile->kx][profile->tickets];
    if (!*slot)
        *slot = new_context(profile, cert, tls13);
    return *slot;
}

void lab_cert_clear(void) {
    SSL_CTX **all = &contexts[0][0][0][0][0][0];
    for (size_t i = 0; i < sizeof contexts / sizeof *all; i++)
        SSL_CTX_free(all[i]);
    memset(contexts, 0, sizeof contexts);
    for (size_t i = 0; i < LAB_CERT_COUNT; i++) {
        EVP_PKEY_free(identities[i].key);
        for (size_t j = 0; j < identities[i].chain_n; j++)
            CRYPTO_BUFFER_free(identities[i].chain[j]);
        identities[i] = (struct identity){0};
    }
}
