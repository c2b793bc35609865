/* How the ClientHellos of the TLS libraries look that proxies use. */
#include "scanner/hello/hello_shape.h"

#include "scanner/base/array.h"

/* What several libraries send alike. */
static const uint8_t uncompressed_point[] = {1, 0};               /* RFC 8422 5.1.2 */
static const uint8_t no_renegotiation[] = {0};                    /* RFC 5746 3.4 */
static const uint8_t psk_dhe_ke[] = {1, 1};                       /* RFC 8446 4.2.9 */
static const uint8_t tls13_and_tls12[] = {4, 3, 4, 3, 3};         /* RFC 8446 4.2.1 */
static const uint8_t all_points[] = {3, 0, 1, 2};                 /* with both compressed forms */
static const uint8_t zlib_and_zstd[] = {4, 0, 1, 0, 3};           /* RFC 8879 3 */
static const uint8_t ocsp_without_responders[] = {1, 0, 0, 0, 0}; /* RFC 6066 8 */

/* ---- BoringSSL ---- */

static const uint16_t boringssl_ciphers[] = {
    0x1301, 0x1302, 0x1303,                         /* TLS 1.3 */
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, /* ECDHE, AEAD */
    0xc009, 0xc013, 0xc00a, 0xc014,                 /* ECDHE, CBC */
    0x009c, 0x009d, 0x002f, 0x0035,                 /* static RSA */
};

static const uint16_t boringssl_signatures[] = {
    0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201,
};

static const uint16_t boringssl_extensions[] = {0, 23, 0xff01, 10, 11, 35, 16, 13, 51, 45, 43};

static const struct hello_shape_fixed boringssl_fixed[] = {
    {23, NULL, 0},
    {0xff01, no_renegotiation, sizeof no_renegotiation},
    {11, uncompressed_point, sizeof uncompressed_point},
    {35, NULL, 0},
    {45, psk_dhe_ke, sizeof psk_dhe_ke},
    {43, tls13_and_tls12, sizeof tls13_and_tls12},
};

const struct hello_shape hello_shape_boringssl = {
    .name = "boringssl",
    .ciphers = boringssl_ciphers,
    .ciphers_n = COUNT_OF(boringssl_ciphers),
    .signature_algorithms = boringssl_signatures,
    .signature_algorithms_n = COUNT_OF(boringssl_signatures),
    .extensions = boringssl_extensions,
    .extensions_n = COUNT_OF(boringssl_extensions),
    .fixed = boringssl_fixed,
    .fixed_n = COUNT_OF(boringssl_fixed),
};

/* ---- OpenSSL 3.5 ---- */

static const uint16_t openssl_ciphers[] = {
    0x1302, 0x1303, 0x1301,                                         /* TLS 1.3 */
    0xc02c, 0xc030, 0x009f, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, /* ECDHE and DHE, AEAD */
    0x009e, 0xc024, 0xc028, 0x006b, 0xc023, 0xc027, 0x0067,         /* with SHA-2 */
    0xc00a, 0xc014, 0x0039, 0xc009, 0xc013, 0x0033,                 /* with SHA-1 */
    0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f,                 /* static RSA */
};

static const uint16_t openssl_signatures[] = {
    0x0905, 0x0906, 0x0904, 0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081a,
    0x081b, 0x081c, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401,
    0x0501, 0x0601, 0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602,
};

static const uint16_t openssl_extensions[] = {0xff01, 0,  11, 10, 35, 16, 22,
                                              23,     13, 43, 45, 51, 27};

static const struct hello_shape_fixed openssl_fixed[] = {
    {0xff01, no_renegotiation, sizeof no_renegotiation},
    {11, all_points, sizeof all_points},
    {35, NULL, 0},
    {22, NULL, 0},
    {23, NULL, 0},
    {43, tls13_and_tls12, sizeof tls13_and_tls12},
    {45, psk_dhe_ke, sizeof psk_dhe_ke},
    {27, zlib_and_zstd, sizeof zlib_and_zstd},
};

const struct hello_shape hello_shape_openssl = {
    .name = "openssl",
    .ciphers = openssl_ciphers,
    .ciphers_n = COUNT_OF(openssl_ciphers),
    .signature_algorithms = openssl_signatures,
    .signature_algorithms_n = COUNT_OF(openssl_signatures),
    .extensions = openssl_extensions,
    .extensions_n = COUNT_OF(openssl_extensions),
    .fixed = openssl_fixed,
    .fixed_n = COUNT_OF(openssl_fixed),
};

/* ---- Go ---- */

/* TLS 1.3 comes last, in the order for machines with AES in hardware. */
static const uint16_t go_ciphers[] = {
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014,
    0x009c, 0x009d, 0x002f, 0x0035, 0xc012, 0x000a, 0x1301, 0x1302, 0x1303,
};

static const uint16_t go_signatures[] = {
    0x0804, 0x0403, 0x0807, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0503, 0x0603, 0x0201, 0x0203,
};

static const uint16_t go_extensions[] = {0, 11, 0xff01, 23, 18, 5, 10, 13, 50, 16, 43, 51};

static const struct hello_shape_fixed go_fixed[] = {
    {11, uncompressed_point, sizeof uncompressed_point},
    {0xff01, no_renegotiation, sizeof no_renegotiation},
    {23, NULL, 0},
    {18, NULL, 0},
    {5, ocsp_without_responders, sizeof ocsp_without_responders},
    {43, tls13_and_tls12, sizeof tls13_and_tls12},
};

const struct hello_shape hello_shape_go = {
    .name = "go",
    .ciphers = go_ciphers,
    .ciphers_n = COUNT_OF(go_ciphers),
    .signature_algorithms = go_signatures,
    .signature_algorithms_n = COUNT_OF(go_signatures),
    .extensions = go_extensions,
    .extensions_n = COUNT_OF(go_extensions),
    .fixed = go_fixed,
    .fixed_n = COUNT_OF(go_fixed),
};

const struct hello_shape_fixed *hello_shape_find_fixed(const struct hello_shape *shape,
                                                       uint16_t type) {
    for (size_t i = 0; i < shape->fixed_n; i++)
        if (shape->fixed[i].type == type)
            return &shape->fixed[i];
    return NULL;
}
