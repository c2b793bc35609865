/* What a probe keeps of the certificate that it was shown. */
#include "scanner/probe/tls_leaf.h"

#include "scanner/probe/leaf_shelf.h"

#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

/* Finds subjectPublicKeyInfo (RFC 5280 4.1), header included. */
static bool find_public_key(const CRYPTO_BUFFER *leaf, CBS *key) {
    CBS all, certificate, body;
    CBS_init(&all, CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf));
    return CBS_get_asn1(&all, &certificate, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&certificate, &body, CBS_ASN1_SEQUENCE) &&
           CBS_get_optional_asn1(&body, NULL, NULL,
                                 CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) &&
           CBS_get_asn1(&body, NULL, CBS_ASN1_INTEGER) &&  /* serialNumber */
           CBS_get_asn1(&body, NULL, CBS_ASN1_SEQUENCE) && /* signature */
           CBS_get_asn1(&body, NULL, CBS_ASN1_SEQUENCE) && /* issuer */
           CBS_get_asn1(&body, NULL, CBS_ASN1_SEQUENCE) && /* validity */
           CBS_get_asn1(&body, NULL, CBS_ASN1_SEQUENCE) && /* subject */
           CBS_get_asn1_element(&body, key, CBS_ASN1_SEQUENCE);
}

static uint16_t group_of_curve(int nid) {
    switch (nid) {
    case NID_X9_62_prime256v1:
        return GROUP_P256;
    case NID_secp384r1:
        return GROUP_P384;
    case NID_secp521r1:
        return GROUP_P521;
    }
    return GROUP_NONE;
}

static uint16_t curve_of(const CRYPTO_BUFFER *leaf) {
    CBS spki;
    if (!find_public_key(leaf, &spki))
        return GROUP_NONE;
    EVP_PKEY *key = EVP_parse_public_key(&spki);
    const EC_KEY *ec = key ? EVP_PKEY_get0_EC_KEY(key) : NULL;
    uint16_t group =
        ec ? group_of_curve(EC_GROUP_get_curve_name(EC_KEY_get0_group(ec))) : GROUP_NONE;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return group;
}

void tls_leaf_note(const SSL *ssl, struct probe_result *result, struct leaf_shelf *shelf) {
    const STACK_OF(CRYPTO_BUFFER) *chain = SSL_get0_peer_certificates(ssl);
    if (!chain || sk_CRYPTO_BUFFER_num(chain) == 0)
        return;
    CRYPTO_BUFFER *leaf = sk_CRYPTO_BUFFER_value(chain, 0);
    SHA256(CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf), result->leaf_sha256);
    result->has_leaf = true;
    if (shelf)
        leaf_shelf_put(shelf, result->leaf_sha256, leaf);
    if (result->tls_version == TLS1_2_VERSION)
        result->leaf_curve = curve_of(leaf);
}
