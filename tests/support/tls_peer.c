/* A peer on loopback that misbehaves in one way or speaks TLS. */
#include "tests/support/tls_peer.h"

#include "scanner/base/alloc.h"
#include "tests/support/certificate.h"

#include <event2/event.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILLERS 4
#define OUT_MAX 65536

struct connection {
    struct tls_peer *peer;
    struct connection *next;
    int fd;
    struct event *readable;
    struct event *tick;
    SSL *ssl;
    uint8_t out[OUT_MAX];
    size_t out_n, sent;
};

struct tls_peer {
    struct event_base *base;
    enum tls_peer_act act;
    struct tls_peer_tls tls;
    int fd;
    struct event *acceptable;
    uint16_t port;
    int connections, open;
    struct connection *list;
    int fillers[FILLERS];
    SSL_CTX *context;
    uint8_t leaf[32];
    bool finished, close_notify, goodbye;
    char sni[256];
};

/* ---- what is said ---- */

static const uint8_t alert_40[] = {21, 3, 3, 0, 2, 2, 40};
static const uint8_t close_notify[] = {21, 3, 3, 0, 2, 1, 0};
static const char http[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
static const char banner[] = "220 mail.example ESMTP\r\n";
/* Record header and the beginning of a TLS 1.2 ServerHello of 38 bytes; the rest may be zeros. */
static const uint8_t server_hello[] = {22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3};

/* The same of some 16,000 bytes: it never becomes whole. */
static const uint8_t long_hello[] = {22, 3, 3, 0x3f, 0, 2, 0, 0x3e, 0xfc, 3, 3};

static void say(struct connection *connection, const void *bytes, size_t n) {
    assert(connection->out_n + n <= OUT_MAX);
    memcpy(connection->out + connection->out_n, bytes, n);
    connection->out_n += n;
}

/* A ServerHello with an ECDHE cipher, then a Certificate of which no end is in sight. */
static void say_endless_start(struct connection *connection) {
    uint8_t hello[47] = {0};
    memcpy(hello, server_hello, sizeof server_hello);
    hello[44] = 0xc0;
    hello[45] = 0x2b;
    static const uint8_t certificate[] = {22, 3, 3, 0, 4, 11, 3, 0, 0};
    say(connection, hello, sizeof hello);
    say(connection, certificate, sizeof certificate);
}

static void say_more(struct connection *connection) {
    uint8_t record[5 + 16384] = {22, 3, 3, 0x40, 0};
    enum tls_peer_act act = connection->peer->act;
    if (act == TLS_PEER_GARBAGE)
        memset(record, 'G', sizeof record);
    if (connection->out_n == connection->sent) {
        connection->out_n = connection->sent = 0;
        say(connection, record, sizeof record);
    }
}

/* ---- connections ---- */

static void end(struct connection *connection) {
    struct tls_peer *peer = connection->peer;
    for (struct connection **at = &peer->list; *at; at = &(*at)->next)
        if (*at == connection) {
            *at = connection->next;
            break;
        }
    SSL_free(connection->ssl);
    event_free(connection->readable);
    event_free(connection->tick);
    if (connection->fd >= 0)
        close(connection->fd);
    free(connection);
    peer->open--;
}

static void reset(struct connection *connection) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    end(connection);
}

static bool is_endless(enum tls_peer_act act) {
    return act == TLS_PEER_GARBAGE || act == TLS_PEER_BAD_RECORDS || act == TLS_PEER_ENDLESS;
}

static size_t chunk_of(const struct connection *connection) {
    const struct tls_peer *peer = connection->peer;
    if (peer->act == TLS_PEER_TLS && peer->tls.chunk)
        return peer->tls.chunk;
    bool bytewise = peer->act == TLS_PEER_ALERT_BYTEWISE || peer->act == TLS_PEER_DRIP;
    return bytewise ? 1 : OUT_MAX;
}

/* Sends the next chunk; what is left waits for the next tick. */
static void flush(struct connection *connection) {
    enum tls_peer_act act = connection->peer->act;
    if (is_endless(act))
        say_more(connection);
    size_t left = connection->out_n - connection->sent;
    size_t n = left < chunk_of(connection) ? left : chunk_of(connection);
    ssize_t sent =
        n ? send(connection->fd, connection->out + connection->sent, n, MSG_NOSIGNAL) : 0;
    if (sent < 0 && errno != EAGAIN) {
        end(connection);
        return;
    }
    connection->sent += sent > 0 ? (size_t)sent : 0;
    if (connection->sent < connection->out_n || is_endless(act)) {
        struct timeval wait = {.tv_usec = act == TLS_PEER_DRIP ? 100000 : 0};
        event_add(connection->tick, &wait);
    }
}

static void on_tick(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    flush(arg);
}

static void drive_tls(struct connection *connection, const uint8_t *bytes, size_t n) {
    struct tls_peer *peer = connection->peer;
    uint8_t plain[64];
    BIO_write(SSL_get_rbio(connection->ssl), bytes, (int)n);
    if (SSL_do_handshake(connection->ssl) == 1) {
        peer->finished = true;
        if (SSL_read(connection->ssl, plain, sizeof plain) == 0)
            peer->close_notify = true;
    }
    const char *sni = SSL_get_servername(connection->ssl, TLSEXT_NAMETYPE_host_name);
    if (sni)
        snprintf(peer->sni, sizeof peer->sni, "%s", sni);
    int ready;
    uint8_t out[4096];
    while ((ready = BIO_read(SSL_get_wbio(connection->ssl), out, sizeof out)) > 0)
        say(connection, out, (size_t)ready);
    flush(connection);
}

/* The hello is there: now misbehave. */
static void answer(struct connection *connection, const uint8_t *bytes, size_t n) {
    switch (connection->peer->act) {
    case TLS_PEER_FIN:
        end(connection);
        return;
    case TLS_PEER_RESET:
        reset(connection);
        return;
    case TLS_PEER_ALERT:
    case TLS_PEER_ALERT_BYTEWISE:
        say(connection, alert_40, sizeof alert_40);
        break;
    case TLS_PEER_ALERT_RESET:
        send(connection->fd, alert_40, sizeof alert_40, MSG_NOSIGNAL);
        reset(connection);
        return;
    case TLS_PEER_CLOSE_NOTIFY:
        say(connection, close_notify, sizeof close_notify);
        break;
    case TLS_PEER_HALF_ALERT_FIN:
        send(connection->fd, alert_40, sizeof alert_40 - 1, MSG_NOSIGNAL);
        end(connection);
        return;
    case TLS_PEER_HTTP:
        say(connection, http, sizeof http - 1);
        break;
    case TLS_PEER_ENDLESS:
        say_endless_start(connection);
        break;
    case TLS_PEER_DRIP:
        say(connection, long_hello, sizeof long_hello);
        say(connection, (uint8_t[256]){0}, 256);
        break;
    case TLS_PEER_TLS:
        drive_tls(connection, bytes, n);
        return;
    case TLS_PEER_GARBAGE:
    case TLS_PEER_BAD_RECORDS:
        break;
    case TLS_PEER_SILENT:
    case TLS_PEER_FIN_AT_ONCE:
    case TLS_PEER_RESET_AT_ONCE:
    case TLS_PEER_BANNER:
    case TLS_PEER_FULL:
    case TLS_PEER_DEAF:
        return;
    }
    flush(connection);
}

static void on_readable(evutil_socket_t fd, short what, void *arg) {
    struct connection *connection = arg;
    struct tls_peer *peer = connection->peer;
    uint8_t bytes[16384];
    (void)what;
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n > 0) {
        answer(connection, bytes, (size_t)n);
    } else if (n == 0 || errno != EAGAIN) {
        peer->goodbye = n == 0 && peer->close_notify;
        end(connection);
    }
}

static void greet(struct connection *connection) {
    enum tls_peer_act act = connection->peer->act;
    if (act == TLS_PEER_FIN_AT_ONCE)
        shutdown(connection->fd, SHUT_WR);
    if (act == TLS_PEER_RESET_AT_ONCE) {
        reset(connection);
    } else if (act == TLS_PEER_BANNER) {
        say(connection, banner, sizeof banner - 1);
        flush(connection);
    }
}

static void on_acceptable(evutil_socket_t listener, short what, void *arg) {
    struct tls_peer *peer = arg;
    (void)what;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = alloc_zero(1, sizeof *connection);
    connection->peer = peer;
    connection->fd = fd;
    connection->next = peer->list;
    peer->list = connection;
    connection->readable = event_new(peer->base, fd, EV_READ | EV_PERSIST, on_readable, connection);
    connection->tick = evtimer_new(peer->base, on_tick, connection);
    event_add(connection->readable, NULL);
    peer->connections++;
    peer->open++;
    if (peer->act == TLS_PEER_TLS) {
        connection->ssl = SSL_new(peer->context);
        SSL_set_accept_state(connection->ssl);
        SSL_set_bio(connection->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        /* an empty memory means "later", not "the end" */
        BIO_set_mem_eof_return(SSL_get_rbio(connection->ssl), -1);
    }
    greet(connection);
}

/* ---- the peer ---- */

static SSL_CTX *server_context(const struct tls_peer_tls *tls, uint8_t leaf[32]) {
    EVP_PKEY *key;
    X509 *certificate;
    uint8_t *der = NULL;
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    certificate_make(&key, &certificate);
    int good = SSL_CTX_use_certificate(context, certificate) &&
               SSL_CTX_use_PrivateKey(context, key) &&
               SSL_CTX_set1_groups_list(context, tls->groups) &&
               SSL_CTX_set_max_proto_version(context, tls->tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    assert(good);
    (void)good;
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    int n = i2d_X509(certificate, &der);
    SHA256(der, (size_t)n, leaf);
    OPENSSL_free(der);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

/* Takes all room in the queue of connections: the kernel then leaves every SYN unanswered. */
static void fill_queue(struct tls_peer *peer, const struct sockaddr_in *address) {
    for (int i = 0; i < FILLERS; i++) {
        peer->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(peer->fillers[i], (const struct sockaddr *)address, sizeof *address);
    }
}

struct tls_peer *tls_peer_new(struct event_base *base, enum tls_peer_act act,
                              const struct tls_peer_tls *tls) {
    struct tls_peer *peer = alloc_zero(1, sizeof *peer);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    peer->base = base;
    peer->act = act;
    memset(peer->fillers, -1, sizeof peer->fillers);
    peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(peer->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(peer->fd, (struct sockaddr *)&address, &n) != 0)
        abort();
    peer->port = ntohs(address.sin_port);
    if (tls) {
        peer->tls = *tls;
        peer->context = server_context(tls, peer->leaf);
    }
    if (act != TLS_PEER_DEAF && listen(peer->fd, act == TLS_PEER_FULL ? 0 : 128) != 0)
        abort();
    if (act == TLS_PEER_FULL)
        fill_queue(peer, &address);
    peer->acceptable = event_new(base, peer->fd, EV_READ | EV_PERSIST, on_acceptable, peer);
    if (act != TLS_PEER_FULL && act != TLS_PEER_DEAF)
        event_add(peer->acceptable, NULL);
    return peer;
}

void tls_peer_free(struct tls_peer *peer) {
    while (peer->list)
        end(peer->list);
    event_free(peer->acceptable);
    close(peer->fd);
    for (int i = 0; i < FILLERS; i++)
        if (peer->fillers[i] >= 0)
            close(peer->fillers[i]);
    SSL_CTX_free(peer->context);
    free(peer);
}

uint16_t tls_peer_port(const struct tls_peer *peer) {
    return peer->port;
}

int tls_peer_connections(const struct tls_peer *peer) {
    return peer->connections;
}

void tls_peer_settle(struct tls_peer *peer) {
    for (int i = 0; i < 1000 && peer->open > 0; i++) {
        event_base_loop(peer->base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
}

bool tls_peer_finished(const struct tls_peer *peer) {
    return peer->finished;
}

bool tls_peer_said_goodbye(const struct tls_peer *peer) {
    return peer->goodbye;
}

const char *tls_peer_sni(const struct tls_peer *peer) {
    return peer->sni;
}

const uint8_t *tls_peer_leaf(const struct tls_peer *peer) {
    return peer->leaf;
}
