/* What a certificate says of itself. */
#include "scanner/probe/certificate.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <string.h>

/* A zero byte would hide what comes after it, which a name may have for that: it is shown as \x00. */
static void copy_whole(const unsigned char *name, int n, char out[CERTIFICATE_NAME_SIZE]) {
    size_t used = 0;
    for (int i = 0; i < n && used < CERTIFICATE_NAME_SIZE - 1; i++)
        used += (size_t)snprintf(out + used, CERTIFICATE_NAME_SIZE - used,
                                 name[i] ? "%c" : "\\x%02x", name[i]);
}

static bool copy_entry(const X509_NAME *name, int nid, char out[CERTIFICATE_NAME_SIZE]) {
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    unsigned char *utf8 = NULL;
    if (at < 0)
        return false;
    int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (n > 0)
        copy_whole(utf8, n, out);
    OPENSSL_free(utf8);
    return n > 0 && out[0];
}

static bool copy_name(const X509_NAME *name, char out[CERTIFICATE_NAME_SIZE]) {
    out[0] = '\0';
    return copy_entry(name, NID_commonName, out) || copy_entry(name, NID_organizationName, out);
}

/* Today's certificates often have no common name. */
static void copy_dns_name(const X509 *x509, char out[CERTIFICATE_NAME_SIZE]) {
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    for (size_t i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        copy_whole(ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName),
                   out);
        break;
    }
    GENERAL_NAMES_free(names);
}

static bool is_named(const X509 *x509, const char *name) {
    return X509_check_ip_asc(x509, name, 0) == 1 ||
           X509_check_host(x509, name, strlen(name), 0, NULL) == 1;
}

static bool time_of(const ASN1_TIME *time, int64_t *out_ms) {
    int64_t posix;
    if (!ASN1_TIME_to_posix(time, &posix))
        return false;
    *out_ms = posix * 1000;
    return true;
}

bool certificate_read(CRYPTO_BUFFER *der, const char *name, struct certificate *out) {
    X509 *x509 = X509_parse_from_buffer(der);
    bool read = x509 && time_of(X509_get0_notBefore(x509), &out->not_before_ms) &&
                time_of(X509_get0_notAfter(x509), &out->not_after_ms);
    if (read) {
        const X509_NAME *subject = X509_get_subject_name(x509);
        const X509_NAME *issuer = X509_get_issuer_name(x509);
        if (!copy_name(subject, out->subject))
            copy_dns_name(x509, out->subject);
        copy_name(issuer, out->issuer);
        out->self_issued = X509_NAME_cmp(subject, issuer) == 0;
        out->named = is_named(x509, name);
    }
    X509_free(x509);
    ERR_clear_error();
    return read;
}
