/* A self-signed P-256 certificate for servers in tests, made anew in each run. */
#pragma once

#include <assert.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

/* The caller frees both. */
static inline void certificate_make(EVP_PKEY **key, X509 **certificate) {
    EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    *key = EVP_PKEY_new();
    *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(*certificate);
    int made = EC_KEY_generate_key(ec) && EVP_PKEY_assign_EC_KEY(*key, ec) &&
               X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                          (const unsigned char *)"server.test", -1, -1, 0) &&
               X509_set_issuer_name(*certificate, name) &&
               X509_gmtime_adj(X509_getm_notBefore(*certificate), -3600) &&
               X509_gmtime_adj(X509_getm_notAfter(*certificate), 3600) &&
               X509_set_pubkey(*certificate, *key) && X509_sign(*certificate, *key, EVP_sha256());
    assert(made);
    (void)made;
}
