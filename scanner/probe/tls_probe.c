/* One probe: one TCP connection, one ClientHello shape, one result. */
#include "scanner/probe/tls_probe.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/hello/first_flight.h"
#include "scanner/net/address_policy.h"
#include "scanner/probe/drill_hello.h"
#include "scanner/probe/memory_bio.h"
#include "scanner/probe/tls_answer.h"
#include "scanner/probe/tls_hello.h"
#include "scanner/probe/tls_observer.h"
#include "scanner/probe/tls_socket.h"
#include "scanner/words/alert.h"
#include "scanner/words/origin.h"

#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum state {
    STATE_CONNECTING, /* waits for the socket to become writable */
    STATE_ANSWER,     /* hello sent; first_flight reads the answer */
    STATE_HANDSHAKE,  /* hello sent; BoringSSL goes on */
    STATE_FAILED,     /* could not even start; waits for its turn to call back */
};

struct tls_probe {
    struct tls_prober *prober;
    tls_probe_cb *cb;
    void *arg;
    enum state state;
    struct probe_shape shape;
    struct probe_result result;
    uint64_t started_us;
    int fd;
    struct event *socket_event;
    struct event *deadline;
    SSL *ssl;
    struct tls_observer observer;
    struct event *pause;         /* between the two writes of a hello that is cut */
    size_t held;                 /* written bytes that wait for the pause to end */
    struct first_flight *flight; /* of an answer that comes in pieces; NULL up to the second */
    char sni[ORIGIN_HOST_SIZE];
    struct memory_bio buffers;
    int write_errno; /* the socket takes no more; what it still has to read comes first */
};

/* ---- the end ---- */

static void release_probe(struct tls_probe *probe) {
    SSL_free(probe->ssl);
    if (probe->socket_event)
        event_free(probe->socket_event);
    if (probe->deadline)
        event_free(probe->deadline);
    if (probe->fd >= 0)
        close(probe->fd);
    if (probe->pause)
        event_free(probe->pause);
    memory_bio_clear(&probe->buffers);
    free(probe->flight);
    free(probe);
}

static void note_detail(struct probe_result *result, const char *why) {
    snprintf(result->detail, sizeof result->detail, "%.*s", PROBE_DETAIL_SIZE - 1, why ? why : "");
}

/* How far a probe that did not finish got. */
static enum stage stage_reached(const struct tls_probe *probe, enum outcome outcome) {
    const struct probe_result *result = &probe->result;
    if (probe->state == STATE_CONNECTING || probe->state == STATE_FAILED)
        return STAGE_CONNECT;
    if (probe->observer.after_hello ||
        (probe->observer.server_hello && outcome != OUTCOME_MALFORMED))
        return STAGE_SERVER_FLIGHT;
    return result->retry ? STAGE_RETRY : STAGE_HELLO;
}

/* Counts the segments of CH1 on the first bytes back, or at the end if none came. */
static void count_segments(struct tls_probe *probe) {
    struct probe_result *result = &probe->result;
    if (result->segments == 0 && result->hello_bytes > 0)
        result->segments = (uint16_t)tls_socket_info(probe->fd, &result->tcp);
}

/* What the kernel knows at the end: of CH1, of CH2 if that is where it stopped, of a failure. */
static void measure_segments(struct tls_probe *probe, enum outcome outcome) {
    struct probe_result *result = &probe->result;
    count_segments(probe);
    if (outcome == OUTCOME_OK)
        return;
    uint32_t segments = tls_socket_info(probe->fd, &result->tcp);
    if (result->hello2_bytes > 0 && segments > result->segments)
        result->segments2 = (uint16_t)(segments - result->segments);
}

static void finish_probe(struct tls_probe *probe, enum outcome outcome, enum stage stage) {
    if (probe->state != STATE_FAILED)
        measure_segments(probe, outcome);
    probe->result.outcome = probe->result.first_outcome = outcome;
    probe->result.stage = probe->result.first_stage = stage;
    probe->result.duration_us = (uint32_t)(clock_mono_us() - probe->started_us);
    struct probe_result result = probe->result;
    tls_probe_cb *cb = probe->cb;
    void *arg = probe->arg;
    release_probe(probe);
    cb(&result, arg);
}

static void fail_probe(struct tls_probe *probe, enum outcome outcome) {
    finish_probe(probe, outcome, stage_reached(probe, outcome));
}

static void fail_errno(struct tls_probe *probe, int number) {
    probe->result.sys_errno = number;
    note_detail(&probe->result, strerror(number));
    enum outcome outcome = tls_socket_outcome(number);
    /* What never was an established connection ends at connect. */
    bool established = outcome == OUTCOME_RESET || probe->result.bytes_in > 0;
    finish_probe(probe, outcome, established ? stage_reached(probe, outcome) : STAGE_CONNECT);
}

/* ---- writing ---- */

/* Sends what is pending, as far as the socket takes it; the edge-triggered event tells when there
 * is room again. After a failure the peer's last words may still wait to be read: a reset can hide
 * an alert, so the reader decides how the probe ends. */
static void flush_out(struct tls_probe *probe) {
    struct memory_bio *buffers = &probe->buffers;
    while (buffers->out_n > probe->held) {
        ssize_t n = send(probe->fd, buffers->out, buffers->out_n - probe->held, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN)
                probe->write_errno = errno;
            return;
        }
        memory_bio_taken(buffers, (size_t)n);
    }
}

/* ---- the handshake ---- */

static void record_leaf(struct tls_probe *probe) {
    const STACK_OF(CRYPTO_BUFFER) *chain = SSL_get0_peer_certificates(probe->ssl);
    if (!chain || sk_CRYPTO_BUFFER_num(chain) == 0)
        return;
    const CRYPTO_BUFFER *leaf = sk_CRYPTO_BUFFER_value(chain, 0);
    SHA256(CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf), probe->result.leaf_sha256);
    probe->result.has_leaf = true;
}

/* The handshake is complete: close_notify goes out with our Finished, in one write. */
static void handshake_done(struct tls_probe *probe) {
    record_leaf(probe);
    if (probe->result.no_key_exchange)
        note_detail(&probe->result, "no key exchange on a named curve");
    SSL_shutdown(probe->ssl);
    flush_out(probe);
    finish_probe(probe, OUTCOME_OK, STAGE_DONE);
}

/* BoringSSL gave up: the peer's alert, or the peer's bytes. */
static void handshake_failed(struct tls_probe *probe, int ssl_error) {
    struct probe_result *result = &probe->result;
    uint32_t packed = ERR_peek_error();
    int reason = ERR_GET_REASON(packed);
    flush_out(probe); /* our alert tells the peer what we did not like */
    if (ssl_error == SSL_ERROR_ZERO_RETURN) {
        result->alert = ALERT_CLOSE_NOTIFY;
        fail_probe(probe, OUTCOME_ALERT);
        return;
    }
    const char *text = ERR_reason_error_string(packed);
    enum hrr_fault fault = hrr_fault(&result->hrr, probe->shape.shares, probe->shape.shares_n);
    bool retry_refused = result->hrr.count > 0 && fault != HRR_SOUND;
    note_detail(result, retry_refused ? hrr_fault_text(fault) : text);
    ERR_clear_error();
    if (ERR_GET_LIB(packed) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
        result->alert = (int16_t)(reason - SSL_AD_REASON_OFFSET);
        fail_probe(probe, OUTCOME_ALERT);
        return;
    }
    fail_probe(probe, OUTCOME_MALFORMED);
}

/* Lets BoringSSL go on with what was read; false if the probe ended. */
static bool continue_handshake(struct tls_probe *probe, const uint8_t *bytes, size_t n) {
    probe->buffers.in = bytes;
    probe->buffers.in_n = n;
    ERR_clear_error();
    int ret = SSL_do_handshake(probe->ssl);
    probe->buffers.in_n = 0;
    struct probe_result *result = &probe->result;
    if (SSL_used_hello_retry_request(probe->ssl)) {
        result->retry = true;
        result->retry_group = result->hrr.group;
    }
    if (ret == 1) {
        handshake_done(probe);
        return false;
    }
    int ssl_error = SSL_get_error(probe->ssl, ret);
    if (ssl_error != SSL_ERROR_WANT_READ) {
        handshake_failed(probe, ssl_error);
        return false;
    }
    flush_out(probe);
    return true;
}

/* ---- the answer ---- */

/* Keeps a reader that was not the probe's own: it takes 16 KiB, which most probes never need. */
static void keep_flight(struct tls_probe *probe, const struct first_flight *flight) {
    if (probe->flight)
        return;
    probe->flight = alloc_zero(1, sizeof *flight);
    *probe->flight = *flight;
}

/* Reads on until the server's first answer is complete; false if that ended the probe. */
static bool read_answer(struct tls_probe *probe, const uint8_t *bytes, size_t n) {
    struct first_flight *flight = probe->flight;
    if (!flight) {
        flight = &probe->prober->flight;
        first_flight_init(flight, probe->observer.session_id, probe->observer.session_id_n);
    }
    if (first_flight_feed(flight, bytes, n) == FIRST_FLIGHT_MORE) {
        keep_flight(probe, flight);
        return true;
    }
    enum outcome outcome = tls_answer_read(&flight->answer, &probe->shape, &probe->result);
    bool answered = outcome == OUTCOME_OK || outcome == OUTCOME_ALERT;
    finish_probe(probe, outcome, answered ? STAGE_DONE : STAGE_HELLO);
    return false;
}

/* ---- reading ---- */

/* RFC 8446 5.1: alert (21) or handshake (22), then major version 3. */
static bool looks_like_tls(const struct probe_result *result) {
    const uint8_t *bytes = result->first_bytes;
    return (bytes[0] == 21 || bytes[0] == 22) && (result->first_bytes_n < 2 || bytes[1] == 3);
}

static void keep_first_bytes(struct probe_result *result, const uint8_t *bytes, size_t n) {
    size_t room = PROBE_FIRST_BYTES - result->first_bytes_n;
    size_t take = n < room ? n : room;
    memcpy(result->first_bytes + result->first_bytes_n, bytes, take);
    result->first_bytes_n = (uint8_t)(result->first_bytes_n + take);
}

/* Takes one read's worth of bytes; false if the probe ended. */
static bool take_bytes(struct tls_probe *probe, const uint8_t *bytes, size_t n) {
    struct probe_result *result = &probe->result;
    count_segments(probe);
    keep_first_bytes(result, bytes, n);
    result->bytes_in += (uint32_t)n;
    if (!looks_like_tls(result)) {
        fail_probe(probe, OUTCOME_NOT_TLS);
        return false;
    }
    if (result->bytes_in > TLS_PROBE_BYTES_MAX) {
        note_detail(result, "no complete answer within 128 KiB");
        fail_probe(probe, OUTCOME_MALFORMED);
        return false;
    }
    return probe->state == STATE_HANDSHAKE ? continue_handshake(probe, bytes, n)
                                           : read_answer(probe, bytes, n);
}

/* The peer's FIN. If our own write failed before, the connection was reset under us. */
static void read_end(struct tls_probe *probe) {
    if (probe->write_errno)
        fail_errno(probe, probe->write_errno);
    else
        fail_probe(probe, OUTCOME_CLOSED);
}

/* Reads to the end: an edge is told once, and a FIN behind the data would not be told again. */
static void read_socket(struct tls_probe *probe) {
    uint8_t *buffer = probe->prober->read_buffer;
    for (;;) {
        ssize_t n = recv(probe->fd, buffer, TLS_PROBER_READ_BYTES, 0);
        if (n > 0) {
            if (!take_bytes(probe, buffer, (size_t)n))
                return;
        } else if (n == 0) {
            read_end(probe);
            return;
        } else if (errno == EAGAIN || errno == EINTR) {
            if (probe->write_errno)
                fail_errno(probe, probe->write_errno);
            return;
        } else {
            fail_errno(probe, errno);
            return;
        }
    }
}

/* ---- connecting ---- */

static void on_pause(evutil_socket_t fd, short what, void *arg) {
    struct tls_probe *probe = arg;
    (void)fd;
    (void)what;
    probe->held = 0;
    flush_out(probe);
    if (probe->write_errno)
        read_socket(probe);
}

/* Takes the bytes of a hello that BoringSSL cannot write. */
static bool write_raw_hello(struct tls_probe *probe) {
    struct drill_hello hello;
    struct err err;
    if (!drill_hello_write(&probe->shape, probe->sni, &hello, &err)) {
        note_detail(&probe->result, err.text);
        return false;
    }
    memory_bio_give(&probe->buffers, hello.bytes, hello.n);
    probe->result.hello_bytes = (uint32_t)hello.n;
    memcpy(probe->observer.session_id, hello.session_id, sizeof hello.session_id);
    probe->observer.session_id_n = sizeof hello.session_id;
    if (hello.cut > 0) {
        const struct timeval wait = {.tv_usec = DRILL_HELLO_PAUSE_MS * 1000};
        tls_socket_no_delay(probe->fd);
        probe->held = hello.n - hello.cut;
        probe->pause = evtimer_new(probe->prober->base, on_pause, probe);
        event_add(probe->pause, &wait);
    }
    return true;
}

/* Lets BoringSSL write CH1. An answer probe needs nothing more of it. */
static bool write_hello(struct tls_probe *probe) {
    struct err err;
    probe->state = probe->shape.end == PROBE_END_FINISH ? STATE_HANDSHAKE : STATE_ANSWER;
    if (probe->shape.raw)
        return write_raw_hello(probe);
    probe->ssl = tls_hello_new(probe->prober->context, &probe->shape, probe->sni, &err);
    if (!probe->ssl) {
        note_detail(&probe->result, err.text);
        return false;
    }
    tls_observer_attach(&probe->observer, probe->ssl);
    memory_bio_attach(&probe->buffers, probe->ssl);
    SSL_do_handshake(probe->ssl); /* stops at the empty buffer, CH1 written */
    ERR_clear_error();
    if (probe->state == STATE_ANSWER) {
        SSL_free(probe->ssl);
        probe->ssl = NULL;
    }
    return true;
}

/* libevent tells a failed connect as readable and writable. */
static int connect_error(const struct tls_probe *probe, short what) {
    int number = 0;
    socklen_t n = sizeof number;
    if (what & EV_READ)
        getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &number, &n);
    return number;
}

static void on_connected(struct tls_probe *probe, short what) {
    int number = connect_error(probe, what);
    probe->result.connect_us = (uint32_t)(clock_mono_us() - probe->started_us);
    if (number && number != ECONNRESET && number != EPIPE) {
        probe->result.connect_us = 0;
        fail_errno(probe, number);
        return;
    }
    if (!write_hello(probe)) {
        finish_probe(probe, OUTCOME_CANCELLED, STAGE_CONNECT);
        return;
    }
    flush_out(probe);
    if (what & EV_READ || probe->write_errno)
        read_socket(probe);
}

static void on_socket(evutil_socket_t fd, short what, void *arg) {
    struct tls_probe *probe = arg;
    (void)fd;
    if (probe->state == STATE_CONNECTING) {
        if (what & EV_WRITE)
            on_connected(probe, what);
        return;
    }
    if (what & EV_WRITE)
        flush_out(probe);
    if (what & EV_READ || probe->write_errno)
        read_socket(probe);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg) {
    struct tls_probe *probe = arg;
    (void)fd;
    (void)what;
    if (probe->state == STATE_FAILED)
        finish_probe(probe, probe->result.outcome, STAGE_CONNECT);
    else
        fail_probe(probe, OUTCOME_TIMEOUT);
}

/* Ends a probe that could not start, when the event loop runs next. */
static void fail_later(struct tls_probe *probe, enum outcome outcome, int number, const char *why) {
    probe->state = STATE_FAILED;
    probe->result.outcome = outcome;
    probe->result.sys_errno = number;
    note_detail(&probe->result, why);
    event_active(probe->deadline, EV_TIMEOUT, 0);
}

/* The one place that dials: the policy is asked about this very address. */
static void dial_address(struct tls_probe *probe, const struct sockaddr *address) {
    const char *why;
    if (!address_policy_permits(probe->prober->policy, address, &why)) {
        fail_later(probe, OUTCOME_BLOCKED, 0, why);
        return;
    }
    probe->fd =
        tls_socket_connect(address, probe->shape.mss ? probe->shape.mss : probe->prober->mss);
    if (probe->fd < 0) {
        int number = errno;
        fail_later(probe, tls_socket_outcome(number), number, strerror(number));
        return;
    }
    probe->socket_event = event_new(probe->prober->base, probe->fd,
                                    EV_READ | EV_WRITE | EV_ET | EV_PERSIST, on_socket, probe);
    event_add(probe->socket_event, NULL);
    event_add(probe->deadline, probe->prober->common_timeout);
}

struct tls_probe *tls_probe_start(struct tls_prober *prober, const struct probe_shape *shape,
                                  const struct sockaddr *address, const char *sni, tls_probe_cb *cb,
                                  void *arg) {
    struct tls_probe *probe = alloc_zero(1, sizeof *probe);
    probe->prober = prober;
    probe->cb = cb;
    probe->arg = arg;
    probe->shape = *shape;
    probe->fd = -1;
    probe->started_us = clock_mono_us();
    probe->result.probe = shape->id;
    probe->result.parameter = shape->parameter;
    probe->result.alert = probe->result.own_alert = -1;
    probe->result.attempts = 1;
    probe->observer.result = &probe->result;
    probe->observer.shape = &probe->shape;
    memcpy(probe->sni, sni, strnlen(sni, sizeof probe->sni - 1));
    probe->deadline = evtimer_new(prober->base, on_deadline, probe);
    dial_address(probe, address);
    return probe;
}

void tls_probe_cancel(struct tls_probe *probe) {
    if (probe)
        release_probe(probe);
}
