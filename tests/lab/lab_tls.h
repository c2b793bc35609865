/* One server-side handshake: bytes in, bytes out, no socket. */
#pragma once

#include "lab_behaviour.h"

struct lab_tls;

/* Takes what the handshake wants to send; must not free the lab_tls. */
typedef void lab_tls_write(const uint8_t *bytes, size_t n, void *arg);

enum lab_tls_state {
    LAB_TLS_MORE,   /* feed more */
    LAB_TLS_CUT,    /* a LAB_ACT_FLIGHT_*: the ServerHello is out, the rest was swallowed */
    LAB_TLS_CLOSED, /* the peer sent close_notify, or the handshake failed; close by FIN */
};

/* What there is to tell about it. */
struct lab_tls_report {
    bool finished;
    int alert_in;     /* description of the peer's alert, close_notify left out; -1 if none */
    int alert_out;    /* of ours */
    uint16_t version; /* of the finished handshake, else 0 */
};

/* A handshake as `act` says (LAB_ACT_SERVE… or LAB_ACT_FLIGHT_…) on the picked group. Free
 * with lab_tls_free. */
struct lab_tls *lab_tls_new(const struct lab_profile *profile, enum lab_act act,
                            const struct lab_pick *pick, lab_tls_write *write, void *arg);
void lab_tls_free(struct lab_tls *tls);

/* From the next ServerHello on it goes on as `act` says, a LAB_ACT_FLIGHT_…. */
void lab_tls_misbehave(struct lab_tls *tls, enum lab_act act);

/* Consumes all bytes. */
enum lab_tls_state lab_tls_feed(struct lab_tls *tls, const uint8_t *bytes, size_t n);

const struct lab_tls_report *lab_tls_report(const struct lab_tls *tls);
