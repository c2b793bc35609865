/* The life of a probe whose hellos are written, or whose answer is read, byte by byte. */
#include "scanner/probe/tls_probe_private.h"

#include "scanner/base/alloc.h"
#include "scanner/hello/first_flight.h"
#include "scanner/probe/tls_answer.h"
#include "scanner/probe/tls_socket.h"

#include <event2/event.h>

#include <string.h>

static void on_pause(evutil_socket_t fd, short what, void *arg) {
    struct tls_probe *probe = arg;
    (void)fd;
    (void)what;
    probe->held = 0;
    tls_probe_flush(probe);
    if (probe->write_errno)
        tls_probe_read_socket(probe);
}

/* What the first TCP segment carries: as much as the kernel's own would, so that a path that loses full segments loses
 * this one too, but no more than Ethernet's on loopback and other links with large segments. */
static uint16_t segment_bytes(const struct tls_probe *probe) {
    enum { ETHERNET_SEGMENT = 1460 };
    struct probe_tcp tcp = {0};
    tls_socket_info(probe->fd, &tcp);
    return tcp.mss > 0 && tcp.mss < ETHERNET_SEGMENT ? (uint16_t)tcp.mss : ETHERNET_SEGMENT;
}

static struct probe_hello_setup hello_setup(const struct tls_probe *probe) {
    const struct tls_prober *prober = probe->prober;
    return (struct probe_hello_setup){
        .sni = probe->sni,
        .alpn = prober->alpn.bytes,
        .alpn_n = prober->alpn.n,
        .hello_max = prober->hello_max,
        .segment_bytes = segment_bytes(probe),
        .keys = prober->keys,
    };
}

/* Sends it, in pieces where it is cut. The bytes move out of `hello`. */
static void send_raw_hello(struct tls_probe *probe, struct probe_hello *hello) {
    memory_bio_give(&probe->buffers, hello->bytes, hello->n);
    hello->bytes = NULL;
    if (hello->cut > 0) {
        const struct timeval wait = {.tv_usec = (suseconds_t)hello->pause_ms * 1000};
        tls_socket_no_delay(probe->fd);
        probe->held = hello->n - hello->cut;
        if (!probe->pause)
            probe->pause = evtimer_new(probe->prober->base, on_pause, probe);
        event_add(probe->pause, &wait);
    }
    tls_probe_flush(probe);
}

bool tls_probe_answer_begin(struct tls_probe *probe) {
    struct err err;
    struct probe_hello_setup setup = hello_setup(probe);
    if (!probe_hello_write(&probe->shape, &setup, &probe->hello, &err)) {
        tls_probe_note(&probe->result, err.text);
        return false;
    }
    probe->result.hello_bytes = (uint32_t)probe->hello.n;
    probe->result.in_pieces = probe->hello.cut > 0;
    memcpy(probe->observer.session_id, probe->hello.session_id, sizeof probe->hello.session_id);
    probe->observer.session_id_n = sizeof probe->hello.session_id;
    send_raw_hello(probe, &probe->hello);
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

static void end_answer(struct tls_probe *probe, enum outcome outcome) {
    bool second = probe->result.hello2_bytes > 0; /* then an alert is no answer, but a failure */
    bool answered = outcome == OUTCOME_OK || (outcome == OUTCOME_ALERT && !second);
    tls_probe_finish(probe, outcome, answered ? STAGE_DONE : second ? STAGE_RETRY : STAGE_HELLO);
}

/* Answers a retry by a second hello; false if the probe ended. */
static bool send_second_hello(struct tls_probe *probe) {
    struct probe_hello second;
    struct err err;
    size_t cookie_n;
    const uint8_t *cookie = first_flight_cookie(probe->flight, &cookie_n);
    struct probe_hello_setup setup = hello_setup(probe);
    if (!probe_hello_write_second(&probe->shape, &setup, &probe->hello, probe->result.retry_group,
                                  cookie, cookie_n, &second, &err)) {
        tls_probe_note(&probe->result, err.text);
        tls_probe_finish(probe, OUTCOME_CANCELLED, STAGE_RETRY);
        return false;
    }
    first_flight_second(probe->flight);
    probe->result.hello2_bytes = (uint32_t)(second.n - second.hello_at);
    send_raw_hello(probe, &second);
    return true;
}

/* Reads on until the server's answer is complete; false if that ended the probe. */
bool tls_probe_answer_read(struct tls_probe *probe, const uint8_t *bytes, size_t n) {
    struct first_flight *flight = probe->flight;
    uint32_t before = probe->result.bytes_in - (uint32_t)n;
    if (!flight) {
        flight = &probe->prober->flight;
        first_flight_init(flight, probe->observer.session_id, probe->observer.session_id_n);
    }
    if (first_flight_feed(flight, bytes, n) == FIRST_FLIGHT_MORE) {
        keep_flight(probe, flight);
        return true;
    }
    enum outcome outcome = tls_answer_read(&flight->answer, &probe->shape, &probe->result);
    bool second = outcome == OUTCOME_OK && flight->answer.kind == FIRST_FLIGHT_RETRY &&
                  probe->shape.second != GROUP_NONE && flight->answer.group == probe->shape.second;
    if (!second) {
        end_answer(probe, outcome);
        return false;
    }
    size_t used = flight->answer.bytes - before;
    keep_flight(probe, flight);
    return send_second_hello(probe) &&
           (used == n || tls_probe_answer_read(probe, bytes + used, n - used));
}
