/* What tests of ClientHellos share: a sample for the writer, and taking a hello apart. */
#pragma once

#include "scanner/hello/raw_hello.h"

#include <openssl/bytestring.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint16_t classical[] = {29, 23, 24, 25};
static const uint8_t web_alpn[] = "\x02h2\x08http/1.1";
static const uint8_t x25519_share[32] = {9}; /* the curve's base point */
static const struct raw_hello_share x25519 = {29, x25519_share, sizeof x25519_share};

/* The sample: a classical hello of which nothing is random. */
static inline struct raw_hello make_hello(void) {
    struct raw_hello hello = {.sni = "server.test",
                              .groups = classical,
                              .groups_n = 4,
                              .shares = &x25519,
                              .shares_n = 1,
                              .alpn = web_alpn,
                              .alpn_n = sizeof web_alpn - 1};
    for (uint8_t i = 0; i < 32; i++) {
        hello.random[i] = i;
        hello.session_id[i] = (uint8_t)(0x20 + i);
    }
    return hello;
}

/* A hello taken apart far enough to compare it and to print it. */
struct parts {
    CBS random, session_id, ciphers, compression;
    struct {
        uint16_t type;
        CBS body;
    } extensions[20];
    size_t extensions_n;
};

static inline void take_apart(const uint8_t *message, size_t n, struct parts *out) {
    CBS all, body, extensions;
    uint8_t type;
    uint16_t version;
    CBS_init(&all, message, n);
    assert_true(CBS_get_u8(&all, &type) && CBS_get_u24_length_prefixed(&all, &body));
    assert_int_equal(type, 1);
    assert_int_equal(CBS_len(&all), 0);
    assert_true(CBS_get_u16(&body, &version) && CBS_get_bytes(&body, &out->random, 32) &&
                CBS_get_u8_length_prefixed(&body, &out->session_id) &&
                CBS_get_u16_length_prefixed(&body, &out->ciphers) &&
                CBS_get_u8_length_prefixed(&body, &out->compression) &&
                CBS_get_u16_length_prefixed(&body, &extensions));
    assert_int_equal(version, 0x0303);
    assert_int_equal(CBS_len(&body), 0);
    for (out->extensions_n = 0; CBS_len(&extensions) > 0; out->extensions_n++) {
        assert_true(out->extensions_n < 20);
        assert_true(
            CBS_get_u16(&extensions, &out->extensions[out->extensions_n].type) &&
            CBS_get_u16_length_prefixed(&extensions, &out->extensions[out->extensions_n].body));
    }
}
