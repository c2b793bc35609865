/* The inside of a probe, shared by its parts: the socket (tls_probe.c), a handshake that BoringSSL does
 * (tls_probe_handshake.c), hellos and answers byte by byte (tls_probe_answer.c). */
#pragma once

#include "scanner/probe/memory_bio.h"
#include "scanner/probe/probe_hello.h"
#include "scanner/probe/tls_observer.h"
#include "scanner/probe/tls_prober.h"
#include "scanner/words/origin.h"

struct event;

enum tls_probe_state {
    TLS_PROBE_CONNECTING, /* waits for the socket to become writable */
    TLS_PROBE_ANSWER,     /* hello sent; first_flight reads the answer */
    TLS_PROBE_HANDSHAKE,  /* hello sent; BoringSSL goes on */
    TLS_PROBE_TICKET,     /* finished; waits a little for a session ticket */
    TLS_PROBE_FAILED,     /* could not even start; waits for its turn to call back */
};

struct tls_probe {
    struct tls_prober *prober;
    void (*cb)(const struct probe_result *result, void *arg); /* a tls_probe_cb */
    void *arg;
    enum tls_probe_state state;
    struct probe_shape shape;
    struct probe_result result;
    uint64_t started_us;
    int fd;
    struct event *socket_event;
    struct event *deadline;
    uint64_t due_us; /* when the deadline is, and how late the event loop was when it was set */
    uint64_t lag_us;
    uint64_t lost_us; /* by which it was put off, since we could not listen */
    SSL *ssl;
    SSL_SESSION **session; /* the visit's; NULL where it wants none */
    struct tls_observer observer;
    struct probe_hello hello; /* the first hello of a raw probe, for its second */
    struct event *pause; /* between the two writes of a hello that is cut; until a ticket comes */
    size_t held;         /* written bytes that wait for the pause to end */
    struct first_flight *flight; /* of an answer that comes in pieces; NULL up to the second */
    char sni[ORIGIN_HOST_SIZE];
    struct memory_bio buffers;
    int write_errno; /* the socket takes no more; what it still has to read comes first */
};

/* Ends the probe: copies the result, frees everything, calls back. Nothing may be touched behind it. */
void tls_probe_finish(struct tls_probe *probe, enum outcome outcome, enum stage stage);

/* The same at the stage that was reached. */
void tls_probe_fail(struct tls_probe *probe, enum outcome outcome);

/* Sets the deadline or another timer in its place. */
void tls_probe_wait(struct tls_probe *probe, struct event *timer, uint64_t us);

/* True if the loop was late while the timer ran, which then runs on for as long as was lost. */
bool tls_probe_waits_on(struct tls_probe *probe, struct event *timer);

/* Keeps a text for a person; NULL is none. */
void tls_probe_note(struct probe_result *result, const char *why);

/* Sends what is pending, as far as the socket takes it; the edge-triggered event tells when there
 * is room again. After a failure the peer's last words may still wait to be read: a reset can hide
 * an alert, so the reader decides how the probe ends. */
void tls_probe_flush(struct tls_probe *probe);

/* Reads to the end: an edge is told once, and a FIN behind the data would not be told again. */
void tls_probe_read_socket(struct tls_probe *probe);

/* Writes the first hello; false with a note where that cannot be. */
bool tls_probe_handshake_begin(struct tls_probe *probe);
bool tls_probe_answer_begin(struct tls_probe *probe);

/* Go on with what was read; false if the probe ended. */
bool tls_probe_handshake_read(struct tls_probe *probe, const uint8_t *bytes, size_t n);
bool tls_probe_answer_read(struct tls_probe *probe, const uint8_t *bytes, size_t n);

/* A finished handshake that waits for a ticket ends well, whatever happens. */
void tls_probe_handshake_finish(struct tls_probe *probe);
