/* The ClientHello writer: golden text, BoringSSL's own hellos as the model byte for byte, and a
 * BoringSSL server that has to accept what is written. */
#include "scanner/hello/first_flight.h"
#include "scanner/hello/raw_hello.h"
#include "scanner/probe/tls_hello.h"
#include "tests/support/certificate.h"
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/client_hello.h"

#define OUT_MAX 70000

struct output {
    uint8_t bytes[OUT_MAX];
    struct raw_hello_written written;
};

static void write_hello(const struct raw_hello *hello, struct output *out) {
    struct err err = {""};
    if (!raw_hello_write(hello, out->bytes, sizeof out->bytes, &out->written, &err))
        fail_msg("%s", err.text);
}

static void write_second(const struct raw_hello *hello, const struct raw_hello_retry *retry,
                         struct output *out) {
    struct err err = {""};
    if (!raw_hello_write_second(hello, retry, out->bytes, sizeof out->bytes, &out->written, &err))
        fail_msg("%s", err.text);
}

/* Takes the records apart again: the handshake message, and whether the boundaries are those that
 * the writer told. */
static size_t message_of(const struct output *out, uint8_t message[OUT_MAX]) {
    const struct raw_hello_written *written = &out->written;
    size_t at = written->hello_at, n = 0;
    for (size_t i = 0; i < written->records_n; i++) {
        size_t length = (size_t)(out->bytes[at + 3] << 8 | out->bytes[at + 4]);
        assert_int_equal(out->bytes[at], 22);
        memcpy(message + n, out->bytes + at + 5, length);
        n += length;
        at += 5 + length;
        assert_int_equal(at, written->record_ends[i]);
    }
    assert_int_equal(at, written->n);
    assert_int_equal(at - written->hello_at, written->wire_bytes);
    assert_int_equal(n, written->message_bytes);
    return n;
}

/* --- golden text --- */

static void print_field(FILE *file, const char *name, const CBS *field) {
    fprintf(file, "  %s %zu%s", name, CBS_len(field), CBS_len(field) > 0 ? " " : "");
    for (size_t i = 0; i < CBS_len(field); i++)
        fprintf(file, "%02x", CBS_data(field)[i]);
    fputc('\n', file);
}

static void print_output(FILE *file, const char *name, const struct output *out) {
    static uint8_t message[OUT_MAX];
    struct parts parts;
    take_apart(message, message_of(out, message), &parts);
    fprintf(file, "%s: %zu bytes, the hello %zu, padding %zu\n", name, out->written.n,
            out->written.wire_bytes, out->written.padding_bytes);
    for (size_t i = 0, at = 0; i < out->written.records_n + (out->written.hello_at > 0); i++) {
        CBS header;
        CBS_init(&header, out->bytes + at, 5);
        print_field(file, "record", &header);
        at += 5 + (size_t)(out->bytes[at + 3] << 8 | out->bytes[at + 4]);
    }
    print_field(file, "random", &parts.random);
    print_field(file, "session_id", &parts.session_id);
    print_field(file, "ciphers", &parts.ciphers);
    print_field(file, "compression", &parts.compression);
    for (size_t i = 0; i < parts.extensions_n; i++) {
        char type[8];
        snprintf(type, sizeof type, "%u", parts.extensions[i].type);
        print_field(file, type, &parts.extensions[i].body);
    }
    fputc('\n', file);
}

static void print_all(FILE *file) {
    static struct output out;
    static const uint16_t unknown[] = {0x0eee, 29, 23, 24, 25};
    static const struct raw_hello_share shares[] = {{0x0eee, NULL, 80}, {29, x25519_share, 32}};
    struct raw_hello hello = make_hello();
    write_hello(&hello, &out);
    print_output(file, "classical", &out);
    hello.wire_bytes = 400;
    hello.splits[0] = 100;
    hello.splits_n = 1;
    write_hello(&hello, &out);
    print_output(file, "400 bytes in two records", &out);
    hello = make_hello();
    hello.mldsa = true;
    hello.sni = "";
    write_hello(&hello, &out);
    print_output(file, "ML-DSA and no name", &out);
    hello = make_hello();
    hello.groups = unknown;
    hello.groups_n = 5;
    hello.shares = shares;
    hello.shares_n = 2;
    write_hello(&hello, &out);
    print_output(file, "unknown share of filler", &out);
    hello = make_hello();
    hello.shares_n = 0;
    hello.wire_bytes = 300;
    write_hello(&hello, &out);
    print_output(file, "forced retry", &out);
    write_second(&hello, &(struct raw_hello_retry){&x25519, (const uint8_t *)"cookie", 6, 350},
                 &out);
    print_output(file, "forced retry, second hello", &out);
}

static void golden_text(void **state) {
    (void)state;
    struct golden golden;
    golden_open(&golden);
    print_all(golden.stream);
    golden_close(&golden, "raw_hello.txt");
}

/* --- BoringSSL as the model --- */

static SSL_CTX *client_context, *server_context;

static int make_contexts(void **state) {
    struct alpn offered;
    assert_true(alpn_parse(ALPN_DEFAULT, &offered, NULL));
    (void)state;
    EVP_PKEY *key;
    X509 *certificate;
    client_context = tls_hello_context(&offered);
    server_context = SSL_CTX_new(TLS_method());
    certificate_make(&key, &certificate);
    SSL_CTX_use_PrivateKey(server_context, key);
    SSL_CTX_use_certificate(server_context, certificate);
    EVP_PKEY_free(key);
    X509_free(certificate);
    return 0;
}

static int free_contexts(void **state) {
    (void)state;
    SSL_CTX_free(client_context);
    SSL_CTX_free(server_context);
    return 0;
}

static SSL *new_ssl(SSL_CTX *context, const uint16_t *groups, size_t groups_n) {
    SSL *ssl = SSL_new(context);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    assert_true(SSL_set1_group_ids(ssl, groups, groups_n));
    if (context == client_context)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    return ssl;
}

/* Gives bytes to one end, lets it work and returns what it says. */
static size_t exchange(SSL *ssl, const uint8_t *in, size_t in_n, uint8_t out[OUT_MAX]) {
    assert_int_equal(BIO_write(SSL_get_rbio(ssl), in, (int)in_n), in_n);
    SSL_do_handshake(ssl);
    ERR_clear_error();
    int n = BIO_read(SSL_get_wbio(ssl), out, OUT_MAX);
    return n > 0 ? (size_t)n : 0;
}

/* Sets what the model drew at random: random, session id and the bytes of its share. */
static void copy_random_parts(struct raw_hello *hello, struct raw_hello_share *share,
                              const uint8_t *message, size_t n) {
    struct parts parts;
    take_apart(message, n, &parts);
    assert_true(CBS_copy_bytes(&parts.random, hello->random, 32));
    assert_true(CBS_copy_bytes(&parts.session_id, hello->session_id, 32));
    for (size_t i = 0; i < parts.extensions_n; i++) {
        CBS body = parts.extensions[i].body, list, key;
        if (parts.extensions[i].type != 51)
            continue;
        assert_true(CBS_get_u16_length_prefixed(&body, &list));
        if (CBS_len(&list) == 0)
            continue;
        assert_true(CBS_get_u16(&list, &share->group) && CBS_get_u16_length_prefixed(&list, &key));
        assert_int_equal(CBS_len(&list), 0);
        share->bytes = CBS_data(&key);
        share->n = CBS_len(&key);
    }
}

/* Lets BoringSSL write CH1, a server that only knows `server_group` ask for it by a retry, and
 * BoringSSL write CH2; ours must be the same bytes. */
static void must_equal_model(const char *sni, uint16_t share_group, const uint16_t *groups,
                             size_t groups_n, uint16_t server_group) {
    static struct output ours;
    static uint8_t first[OUT_MAX], answer[OUT_MAX], second[OUT_MAX];
    struct raw_hello_share share = {0}, share2 = {0};
    SSL *client = new_ssl(client_context, groups, groups_n);
    SSL *server = new_ssl(server_context, &server_group, 1);
    SSL_set1_client_key_shares(client, &share_group, share_group ? 1 : 0);
    if (sni)
        SSL_set_tlsext_host_name(client, sni);
    size_t first_n = exchange(client, NULL, 0, first);
    struct raw_hello hello = {.sni = sni,
                              .groups = groups,
                              .groups_n = groups_n,
                              .shares = &share,
                              .alpn = web_alpn,
                              .alpn_n = sizeof web_alpn - 1};
    copy_random_parts(&hello, &share, first + 5, first_n - 5);
    hello.shares_n = share_group ? 1 : 0;
    hello.wire_bytes = first_n;
    write_hello(&hello, &ours);
    assert_int_equal(ours.written.n, first_n);
    assert_memory_equal(ours.bytes, first, first_n);

    size_t answer_n = exchange(server, first, first_n, answer);
    size_t second_n = exchange(client, answer, answer_n, second);
    copy_random_parts(&hello, &share2, second + 11, second_n - 11);
    write_second(&hello, &(struct raw_hello_retry){.share = &share2}, &ours);
    assert_int_equal(share2.group, server_group);
    assert_int_equal(ours.written.n, second_n);
    assert_memory_equal(ours.bytes, second, second_n);
    SSL_free(client);
    SSL_free(server);
}

static void equals_boringssl(void **state) {
    (void)state;
    static const uint16_t hybrid[] = {4588, 29, 23, 24, 25};
    char name[256];
    must_equal_model("server.test", 29, classical, 4, 24);
    must_equal_model("server.test", 29, hybrid, 5, 4588);
    must_equal_model("server.test", 4588, hybrid, 5, 23);
    must_equal_model(NULL, 0, hybrid, 5, 29);
    for (size_t n = 1; n < sizeof name; n++) {
        memset(name, 'a', n);
        name[n] = '\0';
        must_equal_model(name, 0, classical, 4, 25);
    }
}

/* --- a BoringSSL server has to accept it --- */

/* What a server of that one group answers; with `retry` a share of X25519 follows a retry. */
static struct first_flight_answer ask(const struct raw_hello *hello, uint16_t server_group,
                                      bool retry) {
    static struct output out;
    static struct first_flight flight;
    static uint8_t answer[OUT_MAX];
    SSL *server = new_ssl(server_context, &server_group, 1);
    write_hello(hello, &out);
    size_t n = exchange(server, out.bytes, out.written.n, answer);
    first_flight_init(&flight, hello->session_id, 32);
    first_flight_feed(&flight, answer, n);
    if (retry && flight.answer.kind == FIRST_FLIGHT_RETRY) {
        write_second(hello, &(struct raw_hello_retry){.share = &x25519}, &out);
        size_t read = flight.answer.bytes, rest = n - read;
        size_t more = exchange(server, out.bytes, out.written.n, answer + n);
        first_flight_second(&flight);
        first_flight_feed(&flight, answer + read, rest + more);
    }
    SSL_free(server);
    return flight.answer;
}

static void must_answer(const struct raw_hello *hello, uint16_t server_group, bool retry,
                        enum first_flight_kind kind) {
    struct first_flight_answer answer = ask(hello, server_group, retry);
    if (answer.kind != kind)
        fail_msg("expected %s, got %s (alert %u, %s)", first_flight_kind_name(kind),
                 first_flight_kind_name(answer.kind), answer.alert, answer.why ? answer.why : "");
    assert_int_equal(answer.version, 0x0304);
    assert_int_equal(answer.group, server_group);
    assert_true(answer.session_id_echoed);
}

static void every_size(void **state) {
    (void)state;
    static struct output out;
    struct raw_hello hello = make_hello();
    hello.shares_n = 0;
    write_hello(&hello, &out);
    size_t natural = out.written.n, accepted = 0;
    assert_true(natural < 256);
    for (size_t size = natural; size <= 2000; size++) {
        struct err err = {""};
        hello.wire_bytes = size;
        if (size > natural && size < natural + 4) {
            assert_false(raw_hello_write(&hello, out.bytes, sizeof out.bytes, &out.written, &err));
            assert_string_not_equal(err.text, "");
            continue;
        }
        write_hello(&hello, &out);
        assert_int_equal(out.written.n, size);
        assert_int_equal(out.written.padding_bytes, size - natural);
        must_answer(&hello, 29, false, FIRST_FLIGHT_RETRY);
        accepted++;
    }
    print_message("%zu sizes accepted\n", accepted);
    hello.wire_bytes = natural - 1;
    assert_false(raw_hello_write(&hello, out.bytes, sizeof out.bytes, &out.written, NULL));
    hello.wire_bytes = 16384 + 5;
    write_hello(&hello, &out);
    must_answer(&hello, 29, false, FIRST_FLIGHT_RETRY);
    hello.wire_bytes++;
    assert_false(raw_hello_write(&hello, out.bytes, sizeof out.bytes, &out.written, NULL));
}

/* A server takes the hello wherever its record is cut, and the message is the same. */
static void every_split(void **state) {
    (void)state;
    static struct output out;
    static uint8_t whole[OUT_MAX], message[OUT_MAX];
    struct raw_hello hello = make_hello();
    write_hello(&hello, &out);
    size_t n = message_of(&out, whole);
    hello.splits_n = 1;
    for (size_t split = 1; split < n; split++) {
        hello.splits[0] = split;
        write_hello(&hello, &out);
        assert_int_equal(message_of(&out, message), n);
        assert_memory_equal(message, whole, n);
        assert_int_equal(out.written.records_n, 2);
        assert_int_equal(out.written.record_ends[0], split + 5);
        must_answer(&hello, 29, false, FIRST_FLIGHT_SERVER_HELLO);
    }
    hello.splits_n = RAW_HELLO_SPLITS_MAX;
    for (size_t i = 0; i < RAW_HELLO_SPLITS_MAX; i++)
        hello.splits[i] = 1 + i * i;
    hello.wire_bytes = 1000;
    write_hello(&hello, &out);
    assert_int_equal(out.written.n, 1000);
    message_of(&out, message);
    must_answer(&hello, 29, false, FIRST_FLIGHT_SERVER_HELLO);
}

static void splits_that_cannot_be(void **state) {
    (void)state;
    static struct output out;
    struct raw_hello hello = make_hello();
    write_hello(&hello, &out);
    size_t n = out.written.message_bytes;
    const size_t bad[][2] = {{0, 5}, {5, 5}, {6, 5}, {5, n}, {5, n + 1}, {5, SIZE_MAX}};
    hello.splits_n = 2;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {""};
        memcpy(hello.splits, bad[i], sizeof bad[i]);
        assert_false(raw_hello_write(&hello, out.bytes, sizeof out.bytes, &out.written, &err));
        assert_string_not_equal(err.text, "");
    }
}

static void unknown_groups_and_mldsa(void **state) {
    (void)state;
    static const uint16_t unknown[] = {0x0eee, 29};
    static const struct raw_hello_share shares[] = {{0x0eee, NULL, 1300}, {29, x25519_share, 32}};
    struct raw_hello hello = make_hello();
    hello.groups = unknown;
    hello.groups_n = 2;
    must_answer(&hello, 29, false, FIRST_FLIGHT_SERVER_HELLO);
    hello.shares = shares;
    hello.shares_n = 2;
    must_answer(&hello, 29, false, FIRST_FLIGHT_SERVER_HELLO);
    hello.mldsa = true;
    must_answer(&hello, 29, false, FIRST_FLIGHT_SERVER_HELLO);
    hello.shares_n = 1;
    must_answer(&hello, 29, true, FIRST_FLIGHT_SERVER_HELLO);
}

/* --- CH2 --- */

/* RFC 8446 4.1.2: all but key_share, cookie and padding is the same. */
static void must_be_copy(const struct parts *first, const struct parts *second) {
    assert_true(CBS_mem_equal(&first->random, CBS_data(&second->random), 32));
    assert_true(CBS_mem_equal(&first->session_id, CBS_data(&second->session_id), 32));
    assert_true(
        CBS_mem_equal(&first->ciphers, CBS_data(&second->ciphers), CBS_len(&second->ciphers)));
    size_t j = 0;
    for (size_t i = 0; i < first->extensions_n; i++) {
        uint16_t type = first->extensions[i].type;
        if (type == 21)
            continue;
        while (second->extensions[j].type == 44)
            j++;
        assert_int_equal(second->extensions[j].type, type);
        if (type != 51)
            assert_true(CBS_mem_equal(&first->extensions[i].body,
                                      CBS_data(&second->extensions[j].body),
                                      CBS_len(&second->extensions[j].body)));
        j++;
    }
    while (j < second->extensions_n && second->extensions[j].type == 44)
        j++;
    assert_true(j == second->extensions_n ||
                (j + 1 == second->extensions_n && second->extensions[j].type == 21));
}

static void second_is_a_copy(void **state) {
    (void)state;
    static struct output first, second;
    static uint8_t message[OUT_MAX], message2[OUT_MAX], cookie[3000];
    const struct raw_hello_share large = {4588, NULL, 1216};
    struct raw_hello_retry retries[] = {{&x25519, NULL, 0, 0},
                                        {&large, NULL, 0, 0},
                                        {NULL, cookie, 1, 0},
                                        {&large, cookie, sizeof cookie, 0}};
    const size_t sizes[] = {0, 300, 700, 5000};
    struct raw_hello hello = make_hello();
    hello.shares_n = 0;
    for (size_t i = 0; i < 32; i++) {
        struct parts parts, parts2;
        struct raw_hello_retry *retry = &retries[i / 4 % 4];
        hello.wire_bytes = sizes[i % 4];
        retry->wire_bytes = i < 16 ? 0 : 5000;
        write_hello(&hello, &first);
        write_second(&hello, retry, &second);
        take_apart(message, message_of(&first, message), &parts);
        take_apart(message2, message_of(&second, message2), &parts2);
        must_be_copy(&parts, &parts2);
        if (retry->wire_bytes > 0)
            assert_int_equal(second.written.wire_bytes, retry->wire_bytes);
        else
            assert_int_equal(second.written.padding_bytes, 0);
    }
    struct err err = {""};
    retries[1].wire_bytes = 700;
    assert_false(raw_hello_write_second(&hello, &retries[1], second.bytes, sizeof second.bytes,
                                        &second.written, &err));
    assert_string_not_equal(err.text, "");
    must_answer(&hello, 29, true, FIRST_FLIGHT_SERVER_HELLO);
}

/* --- limits --- */

static void buffers_that_are_too_small(void **state) {
    (void)state;
    static struct output out;
    struct raw_hello_written written;
    struct raw_hello hello = make_hello();
    hello.wire_bytes = 400;
    write_hello(&hello, &out);
    for (size_t size = 0; size <= 400; size++) {
        uint8_t *exact = malloc(size + (size == 0));
        assert_int_equal(raw_hello_write(&hello, exact, size, &written, NULL), size == 400);
        free(exact);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void names(void **state) {
    (void)state;
    static struct output out;
    char name[257];
    struct raw_hello hello = make_hello();
    memset(name, 'a', sizeof name);
    name[256] = '\0';
    hello.sni = name;
    assert_false(raw_hello_write(&hello, out.bytes, sizeof out.bytes, &out.written, NULL));
    name[255] = '\0';
    must_answer(&hello, 29, false, FIRST_FLIGHT_SERVER_HELLO);
    hello.sni = NULL;
    must_answer(&hello, 29, false, FIRST_FLIGHT_SERVER_HELLO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_text),
        cmocka_unit_test(equals_boringssl),
        cmocka_unit_test(every_size),
        cmocka_unit_test(every_split),
        cmocka_unit_test(splits_that_cannot_be),
        cmocka_unit_test(unknown_groups_and_mldsa),
        cmocka_unit_test(second_is_a_copy),
        cmocka_unit_test(buffers_that_are_too_small),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
