/* The life of a probe whose handshake BoringSSL does: the hello, the handshake, a ticket. */
#include "scanner/probe/tls_probe_private.h"

#include "scanner/base/clock.h"
#include "scanner/probe/tls_hello.h"
#include "scanner/probe/tls_leaf.h"
#include "scanner/probe/tls_probe.h"

#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/* Everything is said: close_notify goes out with what is still unsent, in one write. */
void tls_probe_handshake_finish(struct tls_probe *probe) {
    probe->result.ticket = probe->session && *probe->session && probe->shape.wait_for_ticket;
    SSL_shutdown(probe->ssl);
    tls_probe_flush(probe);
    tls_probe_finish(probe, OUTCOME_OK, STAGE_DONE);
}

static void on_ticket_wait_over(evutil_socket_t fd, short what, void *arg) {
    struct tls_probe *probe = arg;
    (void)fd;
    (void)what;
    if (!tls_probe_waits_on(probe, probe->pause))
        tls_probe_handshake_finish(probe);
}

/* Tickets come behind the Finished of the server (RFC 8446 4.6.1), with the very next bytes or never. Whatever else
 * comes, the handshake was finished. False if the probe ended. */
static bool read_ticket(struct tls_probe *probe) {
    uint8_t byte;
    int ret = SSL_read(probe->ssl, &byte, sizeof byte);
    bool waits = ret <= 0 && SSL_get_error(probe->ssl, ret) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    probe->buffers.in_n = 0;
    if (waits && !*probe->session)
        return true;
    tls_probe_handshake_finish(probe);
    return false;
}

static void wait_for_ticket(struct tls_probe *probe) {
    probe->result.duration_us = (uint32_t)(clock_mono_us() - probe->started_us);
    probe->state = TLS_PROBE_TICKET;
    tls_probe_flush(probe);
    probe->pause = evtimer_new(probe->prober->base, on_ticket_wait_over, probe);
    tls_probe_wait(probe, probe->pause, TLS_PROBE_TICKET_MS * UINT64_C(1000));
}

/* The handshake is complete; false if that ended the probe. */
static bool handshake_done(struct tls_probe *probe) {
    struct probe_result *result = &probe->result;
    tls_leaf_note(probe->ssl, result, probe->prober->leaves);
    result->resumed = SSL_session_reused(probe->ssl);
    if (result->no_key_exchange)
        tls_probe_note(result, "no key exchange on a named curve");
    if (!probe->shape.wait_for_ticket || !probe->session || result->tls_version < TLS1_3_VERSION) {
        tls_probe_handshake_finish(probe);
        return false;
    }
    wait_for_ticket(probe);
    return read_ticket(probe);
}

/* BoringSSL gave up: the peer's alert, or the peer's bytes. */
static void handshake_failed(struct tls_probe *probe, int ssl_error) {
    struct probe_result *result = &probe->result;
    uint32_t packed = ERR_peek_error();
    int reason = ERR_GET_REASON(packed);
    tls_probe_flush(probe); /* our alert tells the peer what we did not like */
    if (ssl_error == SSL_ERROR_ZERO_RETURN) {
        result->alert = SSL_AD_CLOSE_NOTIFY;
        tls_probe_fail(probe, OUTCOME_CLOSED);
        return;
    }
    const char *text = ERR_reason_error_string(packed);
    result->alpn_answer_refused =
        ERR_GET_LIB(packed) == ERR_LIB_SSL && reason == SSL_R_INVALID_ALPN_PROTOCOL;
    enum hrr_fault fault = result->hrr.count == 0 ? HRR_SOUND
                                                  : hrr_fault(&result->hrr, probe->shape.shares,
                                                              probe->shape.shares_n);
    if (fault != HRR_SOUND)
        text = hrr_fault_text(fault);
    tls_probe_note(result, text);
    ERR_clear_error();
    if (ERR_GET_LIB(packed) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
        result->alert = (int16_t)(reason - SSL_AD_REASON_OFFSET);
        /* close_notify is one at whatever level it is sent */
        tls_probe_fail(probe,
                       result->alert == SSL_AD_CLOSE_NOTIFY ? OUTCOME_CLOSED : OUTCOME_ALERT);
        return;
    }
    tls_probe_fail(probe, OUTCOME_MALFORMED);
}

bool tls_probe_handshake_read(struct tls_probe *probe, const uint8_t *bytes, size_t n) {
    probe->buffers.in = bytes;
    probe->buffers.in_n = n;
    ERR_clear_error();
    if (probe->state == TLS_PROBE_TICKET)
        return read_ticket(probe);
    int ret = SSL_do_handshake(probe->ssl);
    struct probe_result *result = &probe->result;
    if (SSL_used_hello_retry_request(probe->ssl)) {
        result->retry = true;
        result->retry_group = result->hrr.group;
    }
    if (ret == 1)
        return handshake_done(probe);
    probe->buffers.in_n = 0;
    int ssl_error = SSL_get_error(probe->ssl, ret);
    if (ssl_error != SSL_ERROR_WANT_READ) {
        handshake_failed(probe, ssl_error);
        return false;
    }
    tls_probe_flush(probe);
    return true;
}

/* BoringSSL writes CH1. An answer probe needs nothing more of it. */
bool tls_probe_handshake_begin(struct tls_probe *probe) {
    struct err err;
    probe->ssl = tls_hello_new(probe->prober->context, &probe->shape, probe->sni,
                               probe->session ? *probe->session : NULL, &err);
    if (!probe->ssl) {
        tls_probe_note(&probe->result, err.text);
        return false;
    }
    if (probe->session && probe->shape.wait_for_ticket)
        tls_hello_keep_session(probe->ssl, probe->session);
    tls_observer_attach(&probe->observer, probe->ssl);
    memory_bio_attach(&probe->buffers, probe->ssl);
    SSL_do_handshake(probe->ssl); /* stops at the empty buffer, CH1 written */
    ERR_clear_error();
    if (probe->state == TLS_PROBE_ANSWER) {
        SSL_free(probe->ssl);
        probe->ssl = NULL;
    }
    return true;
}
