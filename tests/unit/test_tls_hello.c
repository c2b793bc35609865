/* The bytes of every probe's ClientHello: sound by RFC 8446, the same but for groups and shares,
 * and held as golden texts, so that another BoringSSL cannot silently change what is measured. */
#include "scanner/probe/key_shares.h"
#include "scanner/probe/memory_bio.h"
#include "scanner/probe/probe_hello.h"
#include "scanner/probe/tls_hello.h"

#include "tests/support/golden.h"

#include <openssl/bytestring.h>
#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SNI "www.origin.example"

/* The ones that are sent (IANA "TLS ExtensionType Values"). */
enum {
    EXT_SERVER_NAME = 0,
    EXT_SUPPORTED_GROUPS = 10,
    EXT_ALPN = 16,
    EXT_PADDING = 21,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_KEY_SHARE = 51,
};

static const struct {
    uint16_t type;
    const char *name;
} extension_names[] = {
    {0, "server_name"},
    {5, "status_request"},
    {10, "supported_groups"},
    {11, "ec_point_formats"},
    {13, "signature_algorithms"},
    {16, "application_layer_protocol_negotiation"},
    {18, "signed_certificate_timestamp"},
    {21, "padding"},
    {22, "encrypt_then_mac"},
    {23, "extended_master_secret"},
    {27, "compress_certificate"},
    {35, "session_ticket"},
    {43, "supported_versions"},
    {45, "psk_key_exchange_modes"},
    {50, "signature_algorithms_cert"},
    {51, "key_share"},
    {65281, "renegotiation_info"},
};

/* One hello as it leaves for the socket. */
struct hello {
    size_t n;
    uint8_t bytes[MEMORY_BIO_OUT_MAX];
};

/* One that is written byte by byte. */
static struct hello raw_hello_of(const struct probe_shape *shape, const char *sni) {
    struct hello hello = {0};
    struct probe_hello written;
    struct err err = {""};
    struct alpn offered;
    assert_true(alpn_parse(ALPN_DEFAULT, &offered, &err));
    struct key_shares *keys = key_shares_new();
    struct probe_hello_setup setup = {.sni = sni,
                                      .alpn = offered.bytes,
                                      .alpn_n = offered.n,
                                      .hello_max = 2048,
                                      .segment_bytes = 1360,
                                      .keys = keys};
    if (!probe_hello_write(shape, &setup, &written, &err))
        fail_msg("%s", err.text);
    assert_true(written.n <= sizeof hello.bytes);
    assert_int_equal(written.cut, shape->pieces == PROBE_SEGMENT_FIRST ? 1360 : 0);
    memcpy(hello.bytes, written.bytes, hello.n = written.n);
    probe_hello_clear(&written);
    key_shares_free(keys);
    return hello;
}

static struct hello hello_of(const struct probe_shape *shape, const char *sni) {
    if (shape->raw)
        return raw_hello_of(shape, sni);
    struct hello hello = {0};
    struct memory_bio buffers = {0};
    struct err err = {""};
    struct alpn offered;
    assert_true(alpn_parse(ALPN_DEFAULT, &offered, &err));
    SSL_CTX *context = tls_hello_context(&offered);
    SSL *ssl = tls_hello_new(context, shape, sni, NULL, &err);
    if (!ssl)
        fail_msg("%s", err.text);
    memory_bio_attach(&buffers, ssl);
    assert_int_equal(SSL_do_handshake(ssl), -1); /* nobody answers */
    hello.n = buffers.out_n;
    memcpy(hello.bytes, buffers.out, buffers.out_n);
    SSL_free(ssl);
    SSL_CTX_free(context);
    memory_bio_clear(&buffers);
    return hello;
}

static struct hello hello_of_probe(enum probe_id id, const char *sni) {
    struct probe_shape shape = probe_plan_shape(id, GROUP_X25519MLKEM768, GROUP_NONE, GROUP_P256);
    return hello_of(&shape, sni);
}

/* A hello taken apart (RFC 8446 4.1.2). */
struct parts {
    uint16_t record_version, record_length;
    uint32_t message_length;
    uint16_t version;
    CBS random, session_id, ciphers, compression, extensions;
};

static void take_apart(const struct hello *hello, struct parts *out) {
    CBS all;
    uint8_t type, message;
    CBS_init(&all, hello->bytes, hello->n);
    assert_true(CBS_get_u8(&all, &type) && CBS_get_u16(&all, &out->record_version) &&
                CBS_get_u16(&all, &out->record_length));
    assert_int_equal(type, 22);
    assert_int_equal(out->record_length, CBS_len(&all)); /* one record, nothing behind it */
    assert_true(CBS_get_u8(&all, &message) && CBS_get_u24(&all, &out->message_length));
    assert_int_equal(message, 1);
    assert_int_equal(out->message_length, CBS_len(&all));
    assert_true(CBS_get_u16(&all, &out->version) && CBS_get_bytes(&all, &out->random, 32) &&
                CBS_get_u8_length_prefixed(&all, &out->session_id) &&
                CBS_get_u16_length_prefixed(&all, &out->ciphers) &&
                CBS_get_u8_length_prefixed(&all, &out->compression) &&
                CBS_get_u16_length_prefixed(&all, &out->extensions));
    assert_int_equal(CBS_len(&all), 0);
}

/* Takes the next extension; false at the end. */
static bool next_extension(CBS *extensions, uint16_t *type, CBS *body) {
    if (CBS_len(extensions) == 0)
        return false;
    assert_true(CBS_get_u16(extensions, type) && CBS_get_u16_length_prefixed(extensions, body));
    return true;
}

static bool find_extension(const struct parts *parts, uint16_t wanted, CBS *body) {
    CBS extensions = parts->extensions;
    uint16_t type;
    while (next_extension(&extensions, &type, body))
        if (type == wanted)
            return true;
    return false;
}

/* ---- the golden text ---- */

static void print_hex(FILE *to, CBS bytes) {
    const uint8_t *at = CBS_data(&bytes);
    for (size_t i = 0; i < CBS_len(&bytes); i++)
        fprintf(to, "%s%02x", i == 0 ? "" : i % 32 == 0 ? "\n      " : " ", at[i]);
    fputc('\n', to);
}

static const char *extension_name(uint16_t type) {
    for (size_t i = 0; i < sizeof extension_names / sizeof *extension_names; i++)
        if (extension_names[i].type == type)
            return extension_names[i].name;
    return "?";
}

static void print_groups(FILE *to, CBS body) {
    CBS list;
    uint16_t group;
    char name[GROUP_NAME_SIZE];
    assert_true(CBS_get_u16_length_prefixed(&body, &list));
    while (CBS_get_u16(&list, &group))
        fprintf(to, "      %04x %s\n", group, group_name(group, name));
}

/* The group and length of each share; the value itself is new each time. */
static void print_shares(FILE *to, CBS body) {
    CBS list, value;
    uint16_t group;
    char name[GROUP_NAME_SIZE];
    assert_true(CBS_get_u16_length_prefixed(&body, &list));
    while (CBS_get_u16(&list, &group) && CBS_get_u16_length_prefixed(&list, &value))
        fprintf(to, "      %04x %s, %zu random bytes\n", group, group_name(group, name),
                CBS_len(&value));
}

static void print_hello(FILE *to, const struct hello *hello) {
    struct parts parts;
    take_apart(hello, &parts);
    fprintf(to, "record: handshake, version %04x, %u bytes\n", parts.record_version,
            parts.record_length);
    fprintf(to, "client_hello: %u bytes, legacy_version %04x\n", parts.message_length,
            parts.version);
    fprintf(to, "  random: 32 random bytes\n  legacy_session_id: %zu random bytes\n",
            CBS_len(&parts.session_id));
    fputs("  cipher_suites: ", to);
    print_hex(to, parts.ciphers);
    fputs("  legacy_compression_methods: ", to);
    print_hex(to, parts.compression);
    fprintf(to, "  extensions: %zu bytes\n", CBS_len(&parts.extensions));
    uint16_t type;
    CBS body;
    while (next_extension(&parts.extensions, &type, &body)) {
        fprintf(to, "    %04x %s, %zu bytes\n", type, extension_name(type), CBS_len(&body));
        if (type == EXT_SUPPORTED_GROUPS) {
            print_groups(to, body);
        } else if (type == EXT_KEY_SHARE) {
            print_shares(to, body);
        } else if (CBS_len(&body) > 0) {
            fputs("      ", to);
            print_hex(to, body);
        }
    }
}

static void expect_hello(enum probe_id id, const char *sni, const char *suffix) {
    char name[64];
    struct golden golden;
    struct hello hello = hello_of_probe(id, sni);
    golden_open(&golden);
    print_hello(golden.stream, &hello);
    snprintf(name, sizeof name, "hello_%s%s.txt", probe_name(id), suffix);
    golden_close(&golden, name);
}

static void test_golden(void **state) {
    (void)state;
    for (enum probe_id id = PROBE_CLASSICAL; id <= PROBE_CONFIRM; id++)
        expect_hello(id, SNI, "");
    expect_hello(PROBE_SHAPE_OPENSSL, SNI, "");
    expect_hello(PROBE_SHAPE_GO, SNI, "");
    expect_hello(PROBE_SHAPE_BORINGSSL, SNI, "");
    expect_hello(PROBE_CLASSICAL, "", "_without_sni");
    expect_hello(PROBE_PREFERRED, "", "_without_sni");
}

/* ---- what must hold whatever BoringSSL's golden text is ---- */

static void check_lists(const struct parts *parts, const struct probe_shape *shape) {
    CBS body, list, value;
    uint16_t group;
    assert_true(find_extension(parts, EXT_SUPPORTED_GROUPS, &body));
    assert_true(CBS_get_u16_length_prefixed(&body, &list));
    for (size_t i = 0; i < shape->groups_n; i++) {
        assert_true(CBS_get_u16(&list, &group));
        assert_int_equal(group, shape->groups[i]);
    }
    assert_int_equal(CBS_len(&list), 0);
    /* An empty list of shares is sent, not left out: it is what forces the retry (4.2.8). */
    assert_true(find_extension(parts, EXT_KEY_SHARE, &body));
    assert_true(CBS_get_u16_length_prefixed(&body, &list));
    for (size_t i = 0; i < shape->shares_n; i++) {
        assert_true(CBS_get_u16(&list, &group) && CBS_get_u16_length_prefixed(&list, &value));
        assert_int_equal(group, shape->shares[i]);
        assert_int_equal(CBS_len(&value), group_find(group)->client_share);
    }
    assert_int_equal(CBS_len(&list), 0);
}

static void test_lists(void **state) {
    (void)state;
    for (enum probe_id id = PROBE_CLASSICAL; id <= PROBE_CONFIRM; id++) {
        for (int tls12 = 0; tls12 < 2; tls12++) {
            struct probe_shape shape = probe_plan_shape(
                id, GROUP_X25519MLKEM768, tls12 ? GROUP_P256 : GROUP_NONE, GROUP_P521);
            struct hello hello = hello_of(&shape, SNI);
            struct parts parts;
            take_apart(&hello, &parts);
            check_lists(&parts, &shape);
        }
    }
}

static void expect_body(const struct parts *parts, uint16_t type, const char *want, size_t n) {
    CBS body;
    if (!find_extension(parts, type, &body))
        fail_msg("extension %u is missing", type);
    assert_int_equal(CBS_len(&body), n);
    assert_memory_equal(CBS_data(&body), want, n);
}

static void test_versions_and_alpn(void **state) {
    (void)state;
    static const char versions[] = "\x04\x03\x04\x03\x03";
    static const char alpn[] = "\x00\x0c\x02h2\x08http/1.1";
    for (enum probe_id id = PROBE_CLASSICAL; id <= PROBE_CONFIRM; id++) {
        struct hello hello = hello_of_probe(id, SNI);
        struct parts parts;
        take_apart(&hello, &parts);
        expect_body(&parts, EXT_SUPPORTED_VERSIONS, versions, sizeof versions - 1);
        expect_body(&parts, EXT_ALPN, alpn, sizeof alpn - 1);
        assert_int_equal(CBS_len(&parts.session_id), 32); /* middlebox compatibility mode */
    }
}

static void test_sni(void **state) {
    (void)state;
    static const char want[] = "\x00\x15\x00\x00\x12" SNI;
    struct hello with = hello_of_probe(PROBE_CLASSICAL, SNI);
    struct hello without = hello_of_probe(PROBE_CLASSICAL, "");
    struct parts parts;
    CBS body;
    take_apart(&with, &parts);
    expect_body(&parts, EXT_SERVER_NAME, want, sizeof want - 1);
    take_apart(&without, &parts);
    assert_false(find_extension(&parts, EXT_SERVER_NAME, &body));
}

/* The next extension that is no padding: BoringSSL lifts hellos of 256-511 bytes to 512 (RFC 7685),
 * so that one only follows from the size of the others. */
static bool next_but_padding(CBS *extensions, uint16_t *type, CBS *body) {
    bool found;
    do
        found = next_extension(extensions, type, body);
    while (found && *type == EXT_PADDING);
    return found;
}

/* Everything but supported_groups and key_share is the same in every probe, and in the same order:
 * only then does a difference in the answers speak of the group. */
static void test_only_groups_differ(void **state) {
    (void)state;
    struct hello first = hello_of_probe(PROBE_CLASSICAL, SNI);
    for (enum probe_id id = PROBE_SUPPORTED; id <= PROBE_CONFIRM; id++) {
        if (id == PROBE_PREFERRED_DUAL) /* the hello of another library */
            continue;
        struct hello other = hello_of_probe(id, SNI);
        struct parts a, b;
        take_apart(&first, &a);
        take_apart(&other, &b);
        assert_int_equal(a.version, b.version);
        assert_int_equal(CBS_len(&a.session_id), CBS_len(&b.session_id));
        assert_int_equal(CBS_len(&a.ciphers), CBS_len(&b.ciphers));
        assert_true(CBS_mem_equal(&a.ciphers, CBS_data(&b.ciphers), CBS_len(&b.ciphers)));
        uint16_t type_a, type_b;
        CBS body_a, body_b;
        while (next_but_padding(&a.extensions, &type_a, &body_a)) {
            assert_true(next_but_padding(&b.extensions, &type_b, &body_b));
            assert_int_equal(type_a, type_b);
            if (type_a != EXT_SUPPORTED_GROUPS && type_a != EXT_KEY_SHARE)
                assert_true(CBS_mem_equal(&body_a, CBS_data(&body_b), CBS_len(&body_b)));
        }
        assert_false(next_but_padding(&b.extensions, &type_b, &body_b));
    }
}

/* What is masked above is really new each time, and nothing else is: no GREASE, no permutation. */
static void test_random_parts(void **state) {
    (void)state;
    struct hello one = hello_of_probe(PROBE_PREFERRED_DUAL, SNI);
    struct hello two = hello_of_probe(PROBE_PREFERRED_DUAL, SNI);
    struct parts a, b;
    take_apart(&one, &a);
    take_apart(&two, &b);
    assert_memory_not_equal(CBS_data(&a.random), CBS_data(&b.random), 32);
    assert_memory_not_equal(CBS_data(&a.session_id), CBS_data(&b.session_id), 32);
    CBS shares_a, shares_b;
    assert_true(find_extension(&a, EXT_KEY_SHARE, &shares_a));
    assert_true(find_extension(&b, EXT_KEY_SHARE, &shares_b));
    assert_memory_not_equal(CBS_data(&shares_a), CBS_data(&shares_b), CBS_len(&shares_a));
    assert_int_equal(one.n, two.n);
}

/* A small hello must fit into one segment of any path, a large one into none of the default MSS,
 * with the longest name and with none. */
static void test_sizes(void **state) {
    (void)state;
    char long_name[254];
    for (size_t i = 0; i < 253; i++)
        long_name[i] = i % 50 == 49 ? '.' : 'a';
    long_name[253] = '\0';
    for (enum probe_id id = PROBE_CLASSICAL; id <= PROBE_CONFIRM; id++) {
        bool large = id == PROBE_PREFERRED || id == PROBE_PREFERRED_DUAL;
        size_t shortest = hello_of_probe(id, "").n;
        size_t longest = hello_of_probe(id, long_name).n;
        if (large)
            assert_true(shortest > 1360);
        else
            assert_true(longest < 1360);
    }
}

static void test_refusals(void **state) {
    (void)state;
    static const uint16_t unfinishable[] = {GROUP_NONE, 30 /* X448 */, 4587, 0xffff};
    for (size_t i = 0; i < sizeof unfinishable / sizeof *unfinishable; i++) {
        struct probe_shape shape = {
            .id = PROBE_GROUP, .groups_n = 1, .groups = {unfinishable[i]}, .shares_n = 0};
        struct err err = {""};
        struct alpn none = {.n = 0};
        SSL_CTX *context = tls_hello_context(&none);
        SSL *ssl = tls_hello_new(context, &shape, SNI, NULL, &err);
        assert_null(ssl);
        assert_non_null(strstr(err.text, "group"));
        SSL_CTX_free(context);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),       cmocka_unit_test(test_lists),
        cmocka_unit_test(test_sni),          cmocka_unit_test(test_versions_and_alpn),
        cmocka_unit_test(test_random_parts), cmocka_unit_test(test_only_groups_differ),
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
