/* One server-side handshake: bytes in, bytes out, no socket. */
#include "lab_tls.h"

#include "lab_cert.h"
#include "lab_flight.h"
#include "scanner/base/alloc.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

struct lab_tls {
    SSL *ssl;
    lab_tls_write *write;
    void *arg;
    const uint8_t *in; /* being fed */
    size_t in_n;
    enum lab_act act;
    bool cut;
    struct lab_flight *flight; /* NULL where no fault is asked for */
    uint16_t curve;            /* of a wrong ServerKeyExchange */
    struct lab_tls_report report;
};

static int bio_read(BIO *bio, char *out, int n) {
    struct lab_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (tls->in_n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t take = (size_t)n < tls->in_n ? (size_t)n : tls->in_n;
    memcpy(out, tls->in, take);
    tls->in += take;
    tls->in_n -= take;
    return (int)take;
}

/* Sends the handshake messages of a TLS 1.2 flight with another curve in the ServerKeyExchange (RFC 8422 5.4). What
 * it signs is wrong then, but the curve is read first. */
static void send_wrong_curve(const struct lab_tls *tls, const uint8_t *bytes, size_t n) {
    uint8_t *copy = alloc_zero(n, 1);
    memcpy(copy, bytes, n);
    for (size_t record = 0; record + 5 < n && copy[record] == SSL3_RT_HANDSHAKE;) {
        size_t end = record + 5 + ((size_t)copy[record + 3] << 8 | copy[record + 4]);
        for (size_t at = record + 5; at + 7 <= end && end <= n;) {
            if (copy[at] == SSL3_MT_SERVER_KEY_EXCHANGE) {
                copy[at + 5] = (uint8_t)(tls->curve >> 8);
                copy[at + 6] = (uint8_t)tls->curve;
            }
            at += 4 + ((size_t)copy[at + 1] << 16 | (size_t)copy[at + 2] << 8 | copy[at + 3]);
        }
        record = end;
    }
    tls->write(copy, n, tls->arg);
    free(copy);
}

static int bio_write(BIO *bio, const char *bytes, int n) {
    static const uint8_t noise[5 + 64] = {SSL3_RT_APPLICATION_DATA, 3, 3, 0, 64, 0xa5};
    struct lab_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    const uint8_t *at = (const uint8_t *)bytes;
    size_t send_n = (size_t)n;
    bool cuts = lab_behaviour_cuts_flight(tls->act);
    if (tls->act == LAB_ACT_WRONG_CURVE) {
        send_wrong_curve(tls, at, send_n);
        return n;
    }
    if (tls->cut)
        return n;
    if (tls->act == LAB_ACT_FLIGHT_FAULT && at[0] == SSL3_RT_HANDSHAKE) {
        tls->cut = true;
        lab_flight_send(tls->flight, tls->write, tls->arg);
        return n;
    }
    if (cuts && n >= 5 && at[0] == SSL3_RT_HANDSHAKE) {
        size_t record_n = 5 + ((size_t)at[3] << 8 | at[4]);
        send_n = record_n < send_n ? record_n : send_n;
        tls->cut = true;
    }
    tls->write(at, send_n, tls->arg);
    if (tls->cut && tls->act == LAB_ACT_FLIGHT_NOISE)
        tls->write(noise, sizeof noise, tls->arg);
    return n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static const BIO_METHOD *bio_method(void) {
    static BIO_METHOD *method; /* lives as long as the process */
    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lab");
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_ctrl(method, bio_ctrl);
    }
    return method;
}

static void on_info(const SSL *ssl, int type, int value) {
    struct lab_tls *tls = SSL_get_app_data(ssl);
    int description = value & 0xff;
    if (description == SSL_AD_CLOSE_NOTIFY)
        return;
    if (type == SSL_CB_READ_ALERT)
        tls->report.alert_in = description;
    if (type == SSL_CB_WRITE_ALERT)
        tls->report.alert_out = description;
}

struct lab_tls *lab_tls_new(const struct lab_profile *profile, enum lab_act act,
                            const struct lab_pick *pick, lab_tls_write *write, void *arg) {
    struct lab_tls *tls = alloc_zero(1, sizeof *tls);
    tls->write = write;
    tls->arg = arg;
    tls->act = act;
    tls->curve = (uint16_t)profile->curve;
    tls->report = (struct lab_tls_report){.alert_in = -1, .alert_out = -1};
    enum lab_cert cert = act == LAB_ACT_SERVE_OTHER_CERT ? LAB_CERT_OTHER : profile->cert;
    bool tls13 = profile->tls13 && act != LAB_ACT_SERVE_TLS12 && act != LAB_ACT_WRONG_CURVE;
    tls->ssl = SSL_new(lab_cert_context(profile, cert, tls13));
    BIO *bio = BIO_new(bio_method());
    if (!tls->ssl || !bio)
        abort();
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_info_callback(tls->ssl, on_info);
    SSL_set_accept_state(tls->ssl);
    if (profile->fault && tls13)
        tls->flight = lab_flight_new(tls->ssl, profile->fault);
    /* BoringSSL has one way to choose; leaving it a single group makes any way possible. */
    bool set = pick->group != 0 ? SSL_set1_group_ids(tls->ssl, &pick->group, 1)
                                : SSL_set1_group_ids(tls->ssl, profile->groups, profile->groups_n);
    if (!set)
        abort();
    return tls;
}

void lab_tls_misbehave(struct lab_tls *tls, enum lab_act act) {
    tls->act = act;
}

void lab_tls_free(struct lab_tls *tls) {
    if (!tls)
        return;
    SSL_free(tls->ssl);
    lab_flight_free(tls->flight);
    free(tls);
}

/* After the handshake: a request of HTTP/1.1 gets an answer, close_notify ends it. */
static enum lab_tls_state converse(struct lab_tls *tls) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                 "Content-Length: 4\r\n\r\nlab\n";
    char request[4096];
    for (;;) {
        int n = SSL_read(tls->ssl, request, sizeof request);
        if (n <= 0) {
            int error = SSL_get_error(tls->ssl, n);
            if (error == SSL_ERROR_WANT_READ)
                return LAB_TLS_MORE;
            if (error == SSL_ERROR_ZERO_RETURN)
                SSL_shutdown(tls->ssl);
            return LAB_TLS_CLOSED;
        }
        if (n > 4 && (memcmp(request, "GET ", 4) == 0 || memcmp(request, "HEAD", 4) == 0))
            SSL_write(tls->ssl, answer, sizeof answer - 1);
    }
}

enum lab_tls_state lab_tls_feed(struct lab_tls *tls, const uint8_t *bytes, size_t n) {
    tls->in = bytes;
    tls->in_n = n;
    ERR_clear_error();
    int done = SSL_do_handshake(tls->ssl);
    if (tls->cut)
        return LAB_TLS_CUT;
    if (done == 1) {
        if (!tls->report.finished)
            SSL_write(tls->ssl, "", 0); /* BoringSSL keeps its tickets until something is written */
        tls->report.finished = true;
        tls->report.version = (uint16_t)SSL_version(tls->ssl);
        return converse(tls);
    }
    return SSL_get_error(tls->ssl, done) == SSL_ERROR_WANT_READ ? LAB_TLS_MORE : LAB_TLS_CLOSED;
}

const struct lab_tls_report *lab_tls_report(const struct lab_tls *tls) {
    return &tls->report;
}
