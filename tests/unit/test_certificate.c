/* What is read from certificates, and how long they are kept. */
#include "scanner/probe/certificate.h"
#include "scanner/probe/leaf_shelf.h"

#include "scanner/base/clock.h"
#include "tests/support/certificate.h"

#include <openssl/mem.h>
#include <openssl/pool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static CRYPTO_BUFFER *der_of(X509 *x509) {
    uint8_t *der = NULL;
    int n = i2d_X509(x509, &der);
    assert_true(n > 0);
    CRYPTO_BUFFER *buffer = CRYPTO_BUFFER_new(der, (size_t)n, NULL);
    OPENSSL_free(der);
    return buffer;
}

static void test_read(void **state) {
    (void)state;
    EVP_PKEY *key;
    X509 *x509;
    struct certificate seen;
    certificate_make(&key, &x509);
    CRYPTO_BUFFER *der = der_of(x509);
    assert_true(certificate_read(der, "server.test", &seen));
    assert_string_equal(seen.subject, "server.test");
    assert_string_equal(seen.issuer, "server.test");
    assert_true(seen.named);
    assert_true(seen.self_issued);
    int64_t now_ms = clock_wall_ms();
    assert_in_range(seen.not_after_ms - now_ms, 3500 * 1000, 3601 * 1000);
    assert_in_range(now_ms - seen.not_before_ms, 3599 * 1000, 3700 * 1000);
    static const char *const others[] = {"other.test", "a.server.test", "127.0.0.1", "::1", ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_true(certificate_read(der, others[i], &seen));
        assert_false(seen.named);
    }
    CRYPTO_BUFFER_free(der);
    X509_free(x509);
    EVP_PKEY_free(key);
}

/* Cut anywhere, it is no certificate; nothing is read behind its end. */
static void test_bad_bytes(void **state) {
    (void)state;
    EVP_PKEY *key;
    X509 *x509;
    struct certificate seen;
    certificate_make(&key, &x509);
    CRYPTO_BUFFER *der = der_of(x509);
    for (size_t n = 0; n < CRYPTO_BUFFER_len(der); n += 7) {
        CRYPTO_BUFFER *cut = CRYPTO_BUFFER_new(CRYPTO_BUFFER_data(der), n, NULL);
        assert_false(certificate_read(cut, "server.test", &seen));
        CRYPTO_BUFFER_free(cut);
    }
    CRYPTO_BUFFER_free(der);
    X509_free(x509);
    EVP_PKEY_free(key);
}

/* The oldest makes room; what is there already takes no second place. */
static void test_shelf(void **state) {
    (void)state;
    struct leaf_shelf *shelf = leaf_shelf_new(3);
    for (uint8_t i = 0; i < 5; i++) {
        uint8_t sha256[32] = {i};
        CRYPTO_BUFFER *leaf = CRYPTO_BUFFER_new(&i, 1, NULL);
        leaf_shelf_put(shelf, sha256, leaf);
        leaf_shelf_put(shelf, sha256, leaf);
        CRYPTO_BUFFER_free(leaf);
    }
    for (uint8_t i = 0; i < 5; i++) {
        uint8_t sha256[32] = {i};
        const CRYPTO_BUFFER *leaf = leaf_shelf_find(shelf, sha256);
        assert_int_equal(leaf != NULL, i >= 2);
        if (leaf)
            assert_int_equal(CRYPTO_BUFFER_data(leaf)[0], i);
    }
    leaf_shelf_free(shelf);
    leaf_shelf_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_bad_bytes),
        cmocka_unit_test(test_shelf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
