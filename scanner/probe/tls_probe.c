/* One probe: one TCP connection, one ClientHello shape, one result. */
#include "scanner/probe/tls_probe.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/net/address_policy.h"
#include "scanner/probe/loop_lag.h"
#include "scanner/probe/tls_probe_private.h"
#include "scanner/probe/tls_socket.h"

#include <event2/event.h>
#include <openssl/ssl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the end ---- */

static void release_probe(struct tls_probe *probe) {
    loop_lag_unwatch(probe->prober->lag);
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
    probe_hello_clear(&probe->hello);
    free(probe->flight);
    free(probe);
}

void tls_probe_note(struct probe_result *result, const char *why) {
    snprintf(result->detail, sizeof result->detail, "%.*s", PROBE_DETAIL_SIZE - 1, why ? why : "");
}

/* How far a probe that did not finish got. */
static enum stage stage_reached(const struct tls_probe *probe, enum outcome outcome) {
    const struct probe_result *result = &probe->result;
    if (probe->state == TLS_PROBE_CONNECTING || probe->state == TLS_PROBE_FAILED)
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

void tls_probe_finish(struct tls_probe *probe, enum outcome outcome, enum stage stage) {
    if (probe->state != TLS_PROBE_FAILED)
        measure_segments(probe, outcome);
    probe->result.outcome = probe->result.first_outcome = outcome;
    probe->result.stage = probe->result.first_stage = stage;
    if (probe->state != TLS_PROBE_TICKET) /* whose handshake was over before */
        probe->result.duration_us = (uint32_t)(clock_mono_us() - probe->started_us);
    struct probe_result result = probe->result;
    tls_probe_cb *cb = probe->cb;
    void *arg = probe->arg;
    release_probe(probe);
    cb(&result, arg);
}

void tls_probe_fail(struct tls_probe *probe, enum outcome outcome) {
    tls_probe_finish(probe, outcome, stage_reached(probe, outcome));
}

static void fail_errno(struct tls_probe *probe, int number) {
    if (probe->state == TLS_PROBE_TICKET) { /* the handshake was finished before */
        tls_probe_finish(probe, OUTCOME_OK, STAGE_DONE);
        return;
    }
    probe->result.sys_errno = number;
    tls_probe_note(&probe->result, strerror(number));
    enum outcome outcome = tls_socket_outcome(number);
    /* What never was an established connection ends at connect. */
    bool established = outcome == OUTCOME_RESET || probe->result.bytes_in > 0;
    tls_probe_finish(probe, outcome, established ? stage_reached(probe, outcome) : STAGE_CONNECT);
}

/* ---- writing ---- */

void tls_probe_flush(struct tls_probe *probe) {
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
        tls_probe_fail(probe, OUTCOME_NOT_TLS);
        return false;
    }
    if (result->bytes_in > TLS_PROBE_BYTES_MAX) {
        tls_probe_note(result, "no complete answer within 128 KiB");
        tls_probe_fail(probe, OUTCOME_MALFORMED);
        return false;
    }
    return probe->state == TLS_PROBE_ANSWER ? tls_probe_answer_read(probe, bytes, n)
                                            : tls_probe_handshake_read(probe, bytes, n);
}

/* The peer's FIN. If our own write failed before, the connection was reset under us. */
static void read_end(struct tls_probe *probe) {
    if (probe->state == TLS_PROBE_TICKET)
        tls_probe_handshake_finish(probe);
    else if (probe->write_errno)
        fail_errno(probe, probe->write_errno);
    else
        tls_probe_fail(probe, OUTCOME_CLOSED);
}

void tls_probe_read_socket(struct tls_probe *probe) {
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

/* libevent tells a failed connect as readable and writable. */
static int connect_error(const struct tls_probe *probe, short what) {
    int number = 0;
    socklen_t n = sizeof number;
    if (what & EV_READ)
        getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &number, &n);
    return number;
}

static uint64_t timeout_us(const struct tls_prober *prober) {
    return (uint64_t)prober->timeout.tv_sec * 1000000 + (uint64_t)prober->timeout.tv_usec;
}

static struct timeval interval(uint64_t us) {
    return (struct timeval){.tv_sec = (time_t)(us / 1000000),
                            .tv_usec = (suseconds_t)(us % 1000000)};
}

void tls_probe_wait(struct tls_probe *probe, struct event *timer, uint64_t us) {
    const struct timeval wait = interval(us);
    probe->lag_us = loop_lag_us(probe->prober->lag);
    probe->due_us = clock_mono_us() + us;
    event_add(timer, &wait);
}

bool tls_probe_waits_on(struct tls_probe *probe, struct event *timer) {
    uint64_t lost_us = loop_lag_us(probe->prober->lag) - probe->lag_us;
    uint64_t now_us = clock_mono_us();
    uint64_t late_us = now_us > probe->due_us ? now_us - probe->due_us : 0;
    probe->lost_us += lost_us;
    if (lost_us <= late_us) /* nothing was lost before it was due */
        return false;
    tls_probe_wait(probe, timer, lost_us - late_us);
    return true;
}

/* The deadline moves closer where the shape says so, never away. */
static void shorten_deadline(struct tls_probe *probe) {
    uint64_t patience_us = probe->shape.patience_ms * UINT64_C(1000);
    uint64_t end_us = probe->started_us + timeout_us(probe->prober);
    if (!patience_us || clock_mono_us() + patience_us >= end_us)
        return;
    tls_probe_wait(probe, probe->deadline, patience_us);
}

static void on_connected(struct tls_probe *probe, short what) {
    int number = connect_error(probe, what);
    probe->result.connect_us = (uint32_t)(clock_mono_us() - probe->started_us);
    if (number && number != ECONNRESET && number != EPIPE) {
        probe->result.connect_us = 0;
        fail_errno(probe, number);
        return;
    }
    probe->state = probe->shape.end == PROBE_END_FINISH ? TLS_PROBE_HANDSHAKE : TLS_PROBE_ANSWER;
    bool written =
        probe->shape.raw ? tls_probe_answer_begin(probe) : tls_probe_handshake_begin(probe);
    if (!written) {
        tls_probe_finish(probe, OUTCOME_CANCELLED, STAGE_CONNECT);
        return;
    }
    shorten_deadline(probe);
    tls_probe_flush(probe);
    if (what & EV_READ || probe->write_errno)
        tls_probe_read_socket(probe);
}

static void on_socket(evutil_socket_t fd, short what, void *arg) {
    struct tls_probe *probe = arg;
    (void)fd;
    if (probe->state == TLS_PROBE_CONNECTING) {
        if (what & EV_WRITE)
            on_connected(probe, what);
        return;
    }
    if (what & EV_WRITE)
        tls_probe_flush(probe);
    if (what & EV_READ || probe->write_errno)
        tls_probe_read_socket(probe);
}

/* So much was lost that waiting on would keep others waiting, too: our own trouble. */
static bool is_starved(const struct tls_probe *probe) {
    enum { TIMEOUTS_MAX = 10 };
    return probe->lost_us / TIMEOUTS_MAX > timeout_us(probe->prober);
}

/* The time that a peer is given is time in which we listen. */
static void on_deadline(evutil_socket_t fd, short what, void *arg) {
    struct tls_probe *probe = arg;
    (void)fd;
    (void)what;
    if (probe->state == TLS_PROBE_FAILED) {
        tls_probe_finish(probe, probe->result.outcome, STAGE_CONNECT);
    } else if (probe->state == TLS_PROBE_TICKET) {
        tls_probe_handshake_finish(probe);
    } else if (is_starved(probe)) {
        tls_probe_note(&probe->result, PROBE_RESULT_STARVED);
        tls_probe_fail(probe, OUTCOME_CANCELLED);
    } else if (!tls_probe_waits_on(probe, probe->deadline)) {
        tls_probe_fail(probe, OUTCOME_TIMEOUT);
    }
}

/* Ends a probe that could not start, when the event loop runs next. */
static void fail_later(struct tls_probe *probe, enum outcome outcome, int number, const char *why) {
    probe->state = TLS_PROBE_FAILED;
    probe->result.outcome = outcome;
    probe->result.sys_errno = number;
    tls_probe_note(&probe->result, why);
    event_active(probe->deadline, EV_TIMEOUT, 0);
}

/* The one place that dials: the policy is asked about this very address. */
static void dial_address(struct tls_probe *probe, const struct sockaddr *address) {
    const char *why;
    if (!address_policy_permits(probe->prober->policy, address, &why)) {
        char explained[ADDRESS_POLICY_WHY_SIZE];
        address_policy_explain(probe->prober->policy, address, explained);
        fail_later(probe, OUTCOME_BLOCKED, 0, explained);
        return;
    }
    uint16_t clamp = tls_socket_is_loopback(address) ? probe->prober->mss : 0;
    probe->fd = tls_socket_connect(address, probe->shape.mss ? probe->shape.mss : clamp);
    if (probe->fd < 0) {
        int number = errno;
        fail_later(probe, tls_socket_outcome(number), number, strerror(number));
        return;
    }
    probe->socket_event = event_new(probe->prober->base, probe->fd,
                                    EV_READ | EV_WRITE | EV_ET | EV_PERSIST, on_socket, probe);
    event_add(probe->socket_event, NULL);
    probe->due_us = probe->started_us + timeout_us(probe->prober);
    event_add(probe->deadline, probe->prober->common_timeout);
}

struct tls_probe *tls_probe_start(struct tls_prober *prober, const struct probe_shape *shape,
                                  const struct sockaddr *address, const char *sni,
                                  SSL_SESSION **session, tls_probe_cb *cb, void *arg) {
    struct tls_probe *probe = alloc_zero(1, sizeof *probe);
    probe->prober = prober;
    probe->cb = cb;
    probe->arg = arg;
    probe->shape = *shape;
    probe->fd = -1;
    probe->started_us = clock_mono_us();
    loop_lag_watch(prober->lag);
    probe->lag_us = loop_lag_us(prober->lag);
    prober->probes++;
    probe->result.probe = shape->id;
    probe->result.parameter = shape->parameter;
    probe->result.no_alpn = shape->no_alpn;
    probe->session = session;
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
