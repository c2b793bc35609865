/* The way out of one connection. */
#include "lab_out.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { AHEAD = 1 << 16 }; /* bytes of an endless talker that are queued at most */

static void on_writable(evutil_socket_t fd, short what, void *arg);

static void want_write(struct lab_out *out) {
    if (!out->writable)
        out->writable = event_new(out->base, out->fd, EV_WRITE, on_writable, out);
    event_add(out->writable, NULL);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    want_write(arg);
}

static void start_pause(struct lab_out *out) {
    const struct timeval wait = {out->chunk_ms / 1000, (suseconds_t)(out->chunk_ms % 1000) * 1000};
    if (!out->pause)
        out->pause = evtimer_new(out->base, on_pause_over, out);
    evtimer_add(out->pause, &wait);
}

static void refill(struct lab_out *out) {
    while (evbuffer_get_length(out->queue) < AHEAD) {
        evbuffer_add_reference(out->queue, out->endless, out->endless_n, NULL, NULL);
        out->bytes += out->endless_n;
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg) {
    (void)what;
    struct lab_out *out = arg;
    if (out->endless)
        refill(out);
    ev_ssize_t most = out->chunk > 0 ? (ev_ssize_t)out->chunk : -1;
    if (evbuffer_write_atmost(out->queue, fd, most) < 0 && errno != EAGAIN)
        out->events->failed(out->arg);
    else if (lab_out_is_empty(out) && !out->endless)
        out->events->drained(out->arg);
    else if (out->chunk > 0)
        start_pause(out);
    else
        want_write(out);
}

void lab_out_init(struct lab_out *out, struct event_base *base, int fd, uint32_t chunk,
                  uint32_t chunk_ms, const struct lab_out_events *events, void *arg) {
    out->base = base;
    out->fd = fd;
    out->chunk = chunk;
    out->chunk_ms = chunk_ms;
    out->events = events;
    out->arg = arg;
}

void lab_out_clear(struct lab_out *out) {
    if (out->writable)
        event_free(out->writable);
    if (out->pause)
        event_free(out->pause);
    if (out->queue)
        evbuffer_free(out->queue);
}

void lab_out_send(struct lab_out *out, const uint8_t *bytes, size_t n) {
    out->bytes += n;
    bool empty = lab_out_is_empty(out);
    if (empty && out->chunk == 0) {
        ssize_t sent = send(out->fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return;
        size_t done = sent > 0 ? (size_t)sent : 0;
        bytes += done;
        n -= done;
    }
    if (n == 0)
        return;
    if (!out->queue)
        out->queue = evbuffer_new();
    evbuffer_add(out->queue, bytes, n);
    if (empty)
        want_write(out);
}

void lab_out_endless(struct lab_out *out, const uint8_t *block, size_t n) {
    if (!out->queue)
        out->queue = evbuffer_new();
    out->endless = block;
    out->endless_n = n;
    want_write(out);
}

bool lab_out_is_empty(const struct lab_out *out) {
    return !out->queue || evbuffer_get_length(out->queue) == 0;
}
