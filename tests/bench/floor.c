/* The yardstick: makes the eleven connections of a scan and looks at nothing. One epoll, one buffer
 * for reading and one for writing, no timers, no results: what is left is what BoringSSL and the
 * kernel cost. The hellos come from the scanner's own table and settings, so that both programs
 * send the same bytes; those that are written byte by byte are written once and sent again and again. The pause within
 * a hello is left out: it costs time and no work.
 *
 * A failure of any kind ends the program: a floor of connections that failed would be too low. */
#include "bench_run.h"
#include "scanner/base/alloc.h"
#include "scanner/probe/key_shares.h"
#include "scanner/probe/probe_hello.h"
#include "scanner/probe/tls_hello.h"
#include "scanner/probe/tls_prober.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { READ_BYTES = 65536, WRITE_BYTES = 8192, EVENTS = 1024 };

/* One scan in flight, and its one connection. */
struct slot {
    struct sockaddr_in to;
    int fd;
    uint8_t probe; /* index into `shapes` */
    bool connected;
    bool second_sent;
    SSL *ssl;
};

/* The hellos of one raw probe. */
struct raw {
    struct probe_hello first, second; /* the latter where a retry is answered */
};

struct floor {
    struct bench_run run;
    SSL_CTX *context;
    BIO_METHOD *method;
    struct probe_shape shapes[16];
    struct raw raws[16];
    size_t shapes_n;
    int epoll;
    uint32_t started, ended, connections;
    /* Between two calls of BoringSSL both are empty, so one pair does for all connections. */
    uint8_t in[READ_BYTES], out[WRITE_BYTES];
    size_t in_at, in_n, out_n;
};

static struct floor bench;

static void die(const char *what, const struct slot *slot) {
    fprintf(stderr, "floor: %s: %s (probe %s)\n", what, strerror(errno),
            probe_name(bench.shapes[slot->probe].id));
    exit(1);
}

/* ---- the BIO ---- */

static int on_read(BIO *bio, char *to, int n) {
    size_t take = bench.in_n - bench.in_at;
    BIO_clear_retry_flags(bio);
    if (take == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    take = take < (size_t)n ? take : (size_t)n;
    memcpy(to, bench.in + bench.in_at, take);
    bench.in_at += take;
    return (int)take;
}

static int on_write(BIO *bio, const char *from, int n) {
    (void)bio;
    if (bench.out_n + (size_t)n > WRITE_BYTES)
        return -1;
    memcpy(bench.out + bench.out_n, from, (size_t)n);
    bench.out_n += (size_t)n;
    return n;
}

static long on_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static int on_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

static void make_method(void) {
    bench.method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "floor");
    BIO_meth_set_read(bench.method, on_read);
    BIO_meth_set_write(bench.method, on_write);
    BIO_meth_set_ctrl(bench.method, on_control);
    BIO_meth_set_create(bench.method, on_create);
}

/* ---- a connection ---- */

static void dial(struct slot *slot) {
    int mss = bench.run.mss;
    slot->connected = slot->second_sent = false;
    slot->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (slot->fd < 0 ||
        (mss && setsockopt(slot->fd, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof mss) != 0))
        die("socket", slot);
    if (connect(slot->fd, (struct sockaddr *)&slot->to, sizeof slot->to) != 0 &&
        errno != EINPROGRESS)
        die("connect", slot);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot};
    if (epoll_ctl(bench.epoll, EPOLL_CTL_ADD, slot->fd, &event) != 0)
        die("epoll_ctl", slot);
    bench.connections++;
}

static void flush(struct slot *slot) {
    if (bench.out_n > 0 &&
        send(slot->fd, bench.out, bench.out_n, MSG_NOSIGNAL) != (ssize_t)bench.out_n)
        die("send", slot);
    bench.out_n = 0;
}

/* False where there is nothing more to start: the slot stays empty. */
static bool start_scan(struct slot *slot) {
    if (bench.started == bench.run.scans)
        return false;
    bench_run_address(&bench.run, bench.started++, &slot->to);
    slot->probe = 0;
    dial(slot);
    return true;
}

/* Closing takes the socket out of the epoll. */
static void end_connection(struct slot *slot) {
    close(slot->fd);
    if (++slot->probe < bench.shapes_n) {
        dial(slot);
        return;
    }
    bench.ended++;
    start_scan(slot);
}

static void send_whole(struct slot *slot, const struct probe_hello *hello) {
    if (send(slot->fd, hello->bytes, hello->n, MSG_NOSIGNAL) != (ssize_t)hello->n)
        die("send", slot);
}

static void say_hello(struct slot *slot) {
    const struct probe_shape *shape = &bench.shapes[slot->probe];
    struct err err;
    slot->connected = true;
    if (shape->raw) {
        send_whole(slot, &bench.raws[slot->probe].first);
        return;
    }
    slot->ssl = tls_hello_new(bench.context, shape, bench.run.sni, NULL, &err);
    BIO *bio = slot->ssl ? BIO_new(bench.method) : NULL;
    if (!bio)
        die("BoringSSL takes no hello", slot);
    SSL_set_bio(slot->ssl, bio, bio);
    SSL_do_handshake(slot->ssl);
    if (shape->end == PROBE_END_ANSWER) {
        SSL_free(slot->ssl);
        slot->ssl = NULL;
    }
    flush(slot);
}

/* The first bytes end an answer probe; a handshake goes on with them. */
static void take(struct slot *slot) {
    ssize_t n = recv(slot->fd, bench.in, READ_BYTES, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        die("recv", slot);
    if (!slot->ssl && bench.raws[slot->probe].second.bytes && !slot->second_sent) {
        slot->second_sent = true; /* the answer was a retry: every origin here prefers the hybrid */
        send_whole(slot, &bench.raws[slot->probe].second);
        return;
    }
    if (!slot->ssl) {
        end_connection(slot);
        return;
    }
    bench.in_at = 0;
    bench.in_n = (size_t)n;
    int done = SSL_do_handshake(slot->ssl);
    bench.in_n = bench.in_at = 0;
    if (done != 1 && SSL_get_error(slot->ssl, done) != SSL_ERROR_WANT_READ)
        die("handshake", slot);
    if (done == 1)
        SSL_shutdown(slot->ssl); /* close_notify goes out with Finished */
    flush(slot);
    if (done == 1) {
        SSL_free(slot->ssl);
        slot->ssl = NULL;
        end_connection(slot);
    }
}

static void on_event(struct slot *slot, uint32_t what) {
    if (!slot->connected && what & EPOLLOUT)
        say_hello(slot);
    if (what & EPOLLIN)
        take(slot);
    else if (what & (EPOLLERR | EPOLLHUP))
        die("connection failed", slot);
}

static void loop(void) {
    static struct epoll_event events[EVENTS];
    while (bench.ended < bench.run.scans) {
        int n = epoll_wait(bench.epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++)
            on_event(events[i].data.ptr, events[i].events);
    }
}

static void write_raw(size_t i, const struct alpn *offered, struct key_shares *keys) {
    const struct probe_shape *shape = &bench.shapes[i];
    struct raw *raw = &bench.raws[i];
    struct err err;
    struct probe_hello_setup setup = {.sni = bench.run.sni,
                                      .alpn = offered->bytes,
                                      .alpn_n = offered->n,
                                      .hello_max = TLS_PROBER_HELLO_MAX,
                                      .keys = keys};
    bool written = probe_hello_write(shape, &setup, &raw->first, &err);
    if (written && shape->second != GROUP_NONE)
        written = probe_hello_write_second(shape, &setup, &raw->first, shape->second, NULL, 0,
                                           &raw->second, &err);
    if (!written) {
        fprintf(stderr, "floor: %s\n", err.text);
        exit(1);
    }
}

int main(int argc, char **argv) {
    bench_run_options(&bench.run, argc, argv,
                      "Makes the connections of a scan without looking at anything.");
    const enum probe_id *probes = plan_probes(PLAN_DAILY, &bench.shapes_n);
    for (size_t i = 0; i < bench.shapes_n; i++)
        bench.shapes[i] = probe_plan_shape(probes[i], GROUP_X25519MLKEM768, GROUP_NONE, GROUP_NONE);
    struct alpn offered;
    alpn_parse(ALPN_DEFAULT, &offered, NULL);
    bench.context = tls_hello_context(&offered);
    struct key_shares *keys = key_shares_new();
    for (size_t i = 0; i < bench.shapes_n; i++)
        if (bench.shapes[i].raw)
            write_raw(i, &offered, keys);
    make_method();
    bench.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct slot *slots = alloc_zero(bench.run.concurrency, sizeof *slots);
    bench_run_begin();
    for (uint32_t i = 0; i < bench.run.concurrency && start_scan(&slots[i]); i++)
        ;
    loop();
    bench_run_end(&bench.run, bench.connections);
    free(slots);
    for (size_t i = 0; i < bench.shapes_n; i++) {
        probe_hello_clear(&bench.raws[i].first);
        probe_hello_clear(&bench.raws[i].second);
    }
    key_shares_free(keys);
    close(bench.epoll);
    BIO_meth_free(bench.method);
    SSL_CTX_free(bench.context);
    return 0;
}
