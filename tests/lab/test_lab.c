/* The lab against its own forecast: a plain blocking client on BoringSSL sends the probes' hellos
 * to every address of all.table and must see what lab_foresee says. */
#include "lab_foresee.h"
#include "scanner/base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TABLE LAB_SOURCE_DIR "/all.table"

enum { SOME_PORT = 4433, SEGMENT_BYTES = 1360 /* as the lab announces it */, PATIENCE_MS = 30000 };

static const char *lab_program;
static pid_t lab_pid;
static uint16_t port_base; /* two ports a process, so that two runs do not meet */

struct attempt {
    const struct lab_shape *shape;
    int fd;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    unsigned hellos_sent;
    bool server_hello, hello_done;
    uint16_t retry_group;
    uint16_t named_curve; /* of a ServerKeyExchange */
    uint64_t deadline_us;
    struct lab_sight seen;
};

/* ---- the lab as a process ---- */

static bool is_free(uint16_t port) {
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int status = bind(fd, (const struct sockaddr *)&any, sizeof any);
    return close(fd) == 0 && status == 0;
}

static int start_lab(void **state) {
    (void)state;
    int ends[2];
    port_base = (uint16_t)(12000 + getpid() % 5000 * 2);
    while (!is_free(port_base) || !is_free((uint16_t)(port_base + 1)))
        port_base = (uint16_t)(port_base + 2);
    assert_int_equal(pipe(ends), 0);
    lab_pid = fork();
    if (lab_pid == 0) {
        char port[16];
        snprintf(port, sizeof port, "%u", port_base);
        dup2(ends[1], STDOUT_FILENO);
        execl(lab_program, "lab", "--table", TABLE, "--port-base", port, "--mss", "1360", NULL);
        _exit(127);
    }
    close(ends[1]);
    char line[16] = "";
    assert_true(read(ends[0], line, sizeof line - 1) > 0);
    assert_memory_equal(line, "ready\n", 6);
    return 0; /* the pipe's end stays open: the lab prints once more when it ends */
}

static int stop_lab(void **state) {
    (void)state;
    int status;
    kill(lab_pid, SIGTERM);
    waitpid(lab_pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return 0;
}

/* ---- the client ---- */

/* What a HelloRetryRequest asks for (RFC 8446 4.1.4); 0 if it names no group. */
static uint16_t retry_group(const uint8_t *message, size_t n) {
    size_t at = 38; /* header, version, random */
    at += 1u + message[at] + 3 + 2;
    while (at + 6 <= n) {
        unsigned type = (unsigned)message[at] << 8 | message[at + 1];
        if (type == TLSEXT_TYPE_key_share)
            return (uint16_t)(message[at + 4] << 8 | message[at + 5]);
        at += 4u + (size_t)(message[at + 2] << 8 | message[at + 3]);
    }
    return 0;
}

static void on_message(int is_write, int version, int type, const void *bytes, size_t n, SSL *ssl,
                       void *arg) {
    static const uint8_t retry_start[4] = {0xcf, 0x21, 0xad, 0x74};
    (void)version;
    (void)ssl;
    struct attempt *attempt = arg;
    const uint8_t *message = bytes;
    if (is_write || type != SSL3_RT_HANDSHAKE || n < 4)
        return;
    if (message[0] == SSL3_MT_SERVER_KEY_EXCHANGE && n > 7)
        attempt->named_curve = (uint16_t)(message[5] << 8 | message[6]); /* RFC 8422 5.4 */
    attempt->hello_done |= message[0] == SSL3_MT_SERVER_HELLO_DONE;
    if (message[0] != SSL3_MT_SERVER_HELLO || n < 38)
        return;
    if (memcmp(message + 6, retry_start, 4) == 0)
        attempt->retry_group = retry_group(message, n);
    else
        attempt->server_hello = true;
}

static enum ssl_verify_result_t accept_any(SSL *ssl, uint8_t *alert) {
    (void)ssl;
    (void)alert;
    return ssl_verify_ok;
}

/* `curve` is that of the certificate of a TLS 1.2 origin: it stands beside a classical group that is asked for alone. */
static void open_tls(struct attempt *attempt, SSL_CTX *ctx, uint16_t curve) {
    const struct lab_shape *shape = attempt->shape;
    uint16_t groups[8];
    memcpy(groups, shape->groups, sizeof shape->groups);
    size_t n = shape->groups_n;
    if (curve != 0 && n == 1 && !shape->drill_down && groups[0] != SSL_GROUP_X25519_MLKEM768 &&
        groups[0] != curve)
        groups[n++] = curve;
    attempt->ssl = SSL_new(ctx);
    assert_non_null(attempt->ssl);
    assert_true(SSL_set1_group_ids(attempt->ssl, groups, n));
    assert_true(SSL_set1_client_key_shares(attempt->ssl, shape->shares, shape->shares_n));
    attempt->in = BIO_new(BIO_s_mem());
    attempt->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(attempt->in, -1);
    SSL_set_bio(attempt->ssl, attempt->in, attempt->out);
    SSL_set_msg_callback(attempt->ssl, on_message);
    SSL_set_msg_callback_arg(attempt->ssl, attempt);
    SSL_set_connect_state(attempt->ssl);
}

static bool connect_to(struct attempt *attempt, const struct lab_entry *entry) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(entry->port)};
    memcpy(&to.sin_addr, entry->address.bytes + 12, 4);
    attempt->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(attempt->fd >= 0);
    int on = 1;
    setsockopt(attempt->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connect(attempt->fd, (struct sockaddr *)&to, sizeof to) == 0;
}

static bool send_all(const struct attempt *attempt, const uint8_t *bytes, size_t n) {
    return send(attempt->fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* A pause that no reader takes for the end, between what one read() can get and the rest. */
static bool send_in_pieces(const struct attempt *attempt, const uint8_t *bytes, size_t n,
                           size_t first, unsigned pause_ms) {
    bool sent = send_all(attempt, bytes, first);
    usleep(pause_ms * 1000);
    return sent && send_all(attempt, bytes + first, n - first);
}

/* Sends what BoringSSL made; the hellos in the shape's way. */
static bool flush(struct attempt *attempt) {
    uint8_t bytes[8192];
    int n = BIO_read(attempt->out, bytes, sizeof bytes);
    if (n <= 0)
        return true;
    size_t size = (size_t)n;
    bool first = attempt->hellos_sent++ == 0;
    if (first && attempt->shape->split)
        return send_in_pieces(attempt, bytes, size, size / 2, 30);
    bool segment_first = first ? attempt->shape->longest : attempt->shape->second;
    if (segment_first && size > SEGMENT_BYTES)
        return send_in_pieces(attempt, bytes, size, SEGMENT_BYTES, 20);
    if (first && attempt->shape->two_records) {
        size_t body = size - 5, one = body / 2, two = body - one;
        uint8_t cut[8192] = {bytes[0], bytes[1], bytes[2], (uint8_t)(one >> 8), (uint8_t)one};
        const uint8_t header[] = {bytes[0], bytes[1], bytes[2], (uint8_t)(two >> 8), (uint8_t)two};
        memcpy(cut + 5, bytes + 5, one);
        memcpy(cut + 5 + one, header, 5);
        memcpy(cut + 10 + one, bytes + 5 + one, two);
        return send_all(attempt, cut, size + 5);
    }
    return send_all(attempt, bytes, size);
}

static void note_failure(struct attempt *attempt) {
    uint32_t error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason > 1000 && reason < 1256) {
        attempt->seen.outcome = "alert";
        attempt->seen.alert = reason - 1000;
    } else if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
               (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST)) {
        attempt->seen.outcome = "not_tls";
    } else {
        attempt->seen.outcome = "malformed";
    }
}

/* True for a probe that ends at the first answer, when that is there. */
static bool answered(const struct attempt *attempt) {
    if (!attempt->shape->answer)
        return false;
    if (attempt->server_hello && SSL_version(attempt->ssl) == TLS1_2_VERSION)
        return attempt->named_curve != 0 || attempt->hello_done;
    bool goes_on = attempt->shape->second && attempt->retry_group == SSL_GROUP_X25519_MLKEM768;
    return attempt->server_hello || (SSL_used_hello_retry_request(attempt->ssl) && !goes_on);
}

/* Reads once and feeds it; false at the end. */
static bool receive(struct attempt *attempt) {
    uint8_t bytes[16384];
    struct pollfd poll_fd = {.fd = attempt->fd, .events = POLLIN};
    uint64_t now = clock_mono_us();
    int wait_ms = now < attempt->deadline_us ? (int)((attempt->deadline_us - now) / 1000) + 1 : 0;
    if (poll(&poll_fd, 1, wait_ms) == 0) {
        attempt->seen.outcome = "timeout";
        return false;
    }
    ssize_t n = recv(attempt->fd, bytes, sizeof bytes, 0);
    if (n <= 0) {
        attempt->seen.outcome = n == 0 ? "closed" : "reset";
        return false;
    }
    BIO_write(attempt->in, bytes, (int)n);
    return true;
}

static void shake_hands(struct attempt *attempt) {
    for (;;) {
        ERR_clear_error();
        int done = SSL_do_handshake(attempt->ssl);
        if (answered(attempt) || done == 1) {
            attempt->seen.outcome = "ok";
            flush(attempt);
            return;
        }
        if (SSL_get_error(attempt->ssl, done) != SSL_ERROR_WANT_READ) {
            note_failure(attempt);
            return;
        }
        if (!flush(attempt)) {
            attempt->seen.outcome = "reset";
            return;
        }
        if (!receive(attempt))
            return;
    }
}

static void conclude(struct attempt *attempt) {
    struct lab_sight *seen = &attempt->seen;
    bool retry = SSL_used_hello_retry_request(attempt->ssl);
    bool refused = attempt->shape->answer && !retry && strcmp(seen->outcome, "alert") == 0;
    if (strcmp(seen->outcome, "ok") == 0 || refused) /* an alert is an answer, too */
        seen->stage = "done";
    else if (attempt->server_hello)
        seen->stage = "server_flight";
    else
        seen->stage = retry ? "retry" : "hello";
    seen->retry = retry;
    if (attempt->shape->answer) {
        seen->group = attempt->named_curve;
        seen->version = attempt->server_hello ? (uint16_t)SSL_version(attempt->ssl) : 0;
    } else if (SSL_is_init_finished(attempt->ssl)) {
        seen->group = SSL_get_group_id(attempt->ssl);
        seen->version = (uint16_t)SSL_version(attempt->ssl);
    }
}

static struct lab_sight probe(SSL_CTX *ctx, const struct lab_entry *entry,
                              const struct lab_shape *shape, uint16_t curve, uint32_t timeout_ms) {
    struct attempt attempt = {.shape = shape, .seen = {.alert = -1}};
    attempt.deadline_us = clock_mono_us() + (uint64_t)timeout_ms * 1000;
    if (!connect_to(&attempt, entry)) {
        close(attempt.fd);
        return (struct lab_sight){.outcome = "refused", .stage = "connect", .alert = -1};
    }
    open_tls(&attempt, ctx, curve);
    shake_hands(&attempt);
    conclude(&attempt);
    if (SSL_is_init_finished(attempt.ssl)) {
        SSL_shutdown(attempt.ssl);
        flush(&attempt);
    }
    SSL_free(attempt.ssl);
    close(attempt.fd);
    return attempt.seen;
}

static SSL_CTX *new_client(void) {
    SSL_CTX *ctx = SSL_CTX_new(TLS_with_buffers_method());
    assert_non_null(ctx);
    assert_true(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION));
    static const uint8_t protocols[] = "\x02h2\x08http/1.1";
    SSL_CTX_set_custom_verify(ctx, SSL_VERIFY_PEER, accept_any);
    assert_int_equal(SSL_CTX_set_alpn_protos(ctx, protocols, sizeof protocols - 1), 0);
    return ctx;
}

/* ---- the tests ---- */

/* Shapes that BoringSSL can send; the others need hellos made of bytes. What is to be padded can be sent where a
 * shorter one is large enough. */
static bool can_send(const struct lab_shape *shape, const struct lab_profile *profile) {
    for (unsigned i = 0; i < shape->groups_n; i++)
        if (!SSL_get_group_name(shape->groups[i]))
            return false;
    return !shape->padded && !shape->resumed &&
           (!(shape->longest || shape->second) || profile->size < SEGMENT_BYTES);
}

static uint16_t certificate_curve(const struct lab_profile *profile) {
    return profile->cert == LAB_CERT_RSA        ? 0
           : profile->cert == LAB_CERT_ECDSA384 ? SSL_GROUP_SECP384R1
                                                : SSL_GROUP_SECP256R1;
}

static bool agree(const struct lab_sight *expected, const struct lab_sight *seen, bool answer) {
    if (!expected->outcome)
        return true;
    if (strcmp(expected->outcome, seen->outcome) != 0 || strcmp(expected->stage, seen->stage) != 0)
        return false;
    if (strcmp(expected->outcome, "alert") == 0 && expected->alert != seen->alert)
        return false;
    if (strcmp(expected->outcome, "ok") != 0)
        return true;
    /* The group of a TLS 1.3 answer is in a message that the client does not wait for. */
    return expected->retry == seen->retry &&
           ((answer && expected->version == TLS1_3_VERSION) ||
            (expected->group == seen->group && expected->version == seen->version));
}

static bool is_moody(const struct lab_entry *entry) {
    const struct lab_profile *profile = &entry->profile;
    return lab_behaviour_does(entry->behaviour, LAB_ACT_BAN) || profile->every > 0 ||
           profile->after > 0 || profile->rate > 0 || profile->percent < 100 ||
           profile->sticky < 100;
}

static unsigned compare_entry(SSL_CTX *ctx, const struct lab_entry *entry) {
    size_t n;
    const struct lab_shape *shapes = lab_foresee_shapes(&n);
    unsigned wrong = 0;
    bool tls12 = false;
    for (size_t i = 0; i < n; i++) {
        if (!can_send(&shapes[i], &entry->profile))
            continue;
        struct lab_sight expected =
            lab_foresee(entry, &shapes[i], true, tls12 ? LAB_KNOWS_TLS12 : 0);
        bool waits = expected.outcome && strcmp(expected.outcome, "timeout") == 0;
        uint16_t curve = tls12 ? certificate_curve(&entry->profile) : 0;
        struct lab_sight seen = probe(ctx, entry, &shapes[i], curve, waits ? 250 : PATIENCE_MS);
        if (waits && !agree(&expected, &seen, shapes[i].answer)) /* perhaps not that far yet */
            seen = probe(ctx, entry, &shapes[i], curve, 5000);
        if (i == 0)
            tls12 = strcmp(seen.outcome, "ok") == 0 && seen.version == TLS1_2_VERSION;
        if (agree(&expected, &seen, shapes[i].answer))
            continue;
        wrong++;
        print_error("%s line %u, %s: expected %s at %s group %u retry %d alert %d, "
                    "seen %s at %s group %u retry %d alert %d version %04x\n",
                    entry->behaviour->name, entry->line, shapes[i].name, expected.outcome,
                    expected.stage, expected.group, expected.retry, expected.alert, seen.outcome,
                    seen.stage, seen.group, seen.retry, seen.alert, seen.version);
    }
    return wrong;
}

static void test_every_address_does_as_foreseen(void **state) {
    (void)state;
    struct err err;
    struct lab_table *table = lab_table_read(TABLE, port_base, &err);
    assert_non_null(table);
    SSL_CTX *ctx = new_client();
    size_t n;
    const struct lab_entry *entries = lab_table_entries(table, &n);
    unsigned wrong = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_moody(&entries[i]))
            wrong += compare_entry(ctx, &entries[i]);
    assert_int_equal(wrong, 0);
    SSL_CTX_free(ctx);
    lab_table_free(table);
}

static const struct lab_entry *entry_named(const struct lab_table *table, const char *name) {
    size_t n;
    const struct lab_entry *entries = lab_table_entries(table, &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(entries[i].behaviour->name, name) == 0)
            return &entries[i];
    return NULL;
}

/* Writes one letter a connection: o(k), c(losed), r(eset). */
static void moods(const struct lab_table *table, const char *name, unsigned n, char *out) {
    size_t shapes_n;
    const struct lab_shape *shapes = lab_foresee_shapes(&shapes_n);
    SSL_CTX *ctx = new_client();
    const struct lab_entry *entry = entry_named(table, name);
    assert_non_null(entry);
    for (unsigned i = 0; i < n; i++)
        out[i] = *probe(ctx, entry, &shapes[0], 0, PATIENCE_MS).outcome;
    out[n] = '\0';
    SSL_CTX_free(ctx);
}

static void test_moods_follow_their_settings(void **state) {
    (void)state;
    struct err err;
    struct lab_table *table = lab_table_read(TABLE, port_base, &err);
    assert_non_null(table);
    char seen[32];
    moods(table, "unstable", 6, seen);
    assert_string_equal(seen, "ororor");
    moods(table, "ban", 8, seen);
    assert_string_equal(seen, "oooooccc");
    uint64_t began_us;
    do { /* until they came within a second, after one without any */
        usleep(1100000);
        began_us = clock_mono_us();
        moods(table, "rate-limit", 8, seen);
    } while (clock_mono_us() - began_us > 900000);
    assert_string_equal(seen, "ooooorrr");
    lab_table_free(table);
}

static void test_all_table_has_every_behaviour(void **state) {
    (void)state;
    struct err err;
    struct lab_table *table = lab_table_read(TABLE, port_base, &err);
    assert_non_null(table);
    size_t n;
    const struct lab_behaviour *const *behaviours = lab_behaviour_table(&n);
    assert_true(n >= 48);
    for (size_t i = 0; i < n; i++)
        if (!entry_named(table, behaviours[i]->name))
            fail_msg("all.table has no %s", behaviours[i]->name);
    lab_table_free(table);
}

static void expect_error(const char *text, const char *error) {
    char path[] = "/tmp/lab-table-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct err err = {""};
    struct lab_table *table = lab_table_read(path, SOME_PORT, &err);
    unlink(path);
    assert_null(table);
    if (!strstr(err.text, error))
        fail_msg("expected `%s` in `%s`", error, err.text);
}

static void test_table_errors_name_the_line(void **state) {
    (void)state;
    expect_error("# nothing\n\n", "no origin");
    expect_error("127.0.0.1 modern\n127.0.0.256 modern\n", ":2: `127.0.0.256` is no address");
    expect_error("127.0.0.0/33 modern\n", ":1: `33` is no prefix length");
    expect_error("127.0.0.1/24 modern\n", ":1: `127.0.0.1` has bits set behind its prefix");
    expect_error("127.0.0.1:0 modern\n", ":1: `0` is no port");
    expect_error("127.0.0.1:65536 modern\n", ":1: `65536` is no port");
    expect_error("127.0.0.1:+65000 modern\n", "is no port");
    expect_error("127.0.0.1\n", ":1: no behaviour");
    expect_error("127.0.0.1 good\n", ":1: unknown behaviour `good`");
    expect_error("127.0.0.1 modern colour=red\n", ":1: unknown key `colour`");
    expect_error("127.0.0.1 modern groups=X25519,P-257\n", "groups: unknown group `P-257`");
    expect_error("127.0.0.1 modern groups=P-256,P-256\n", "named twice");
    expect_error("127.0.0.1 modern percent=101\n", "percent: `101` is no percentage");
    expect_error("127.0.0.1 modern alert=256\n", "alert: `256` is no number from 0 to 255");
    expect_error("127.0.0.1 modern kx=rsa\n", "need cert=rsa");
    expect_error("127.0.0.1 modern\n127.0.0.1 http\n", ":2: the same block as line 1");
    expect_error("127.0.0.1 modern\n127.0.0.2 closed-port\n", ":2: port 4433 is to be closed");
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s LAB\n", argv[0]);
        return 2;
    }
    lab_program = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_errors_name_the_line),
        cmocka_unit_test(test_all_table_has_every_behaviour),
        cmocka_unit_test(test_moods_follow_their_settings),
        cmocka_unit_test(test_every_address_does_as_foreseen),
    };
    return cmocka_run_group_tests(tests, start_lab, stop_lab);
}
