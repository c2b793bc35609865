/* The way out of one connection: a queue for what the socket does not take at once, written in
 * chunks with pauses or refilled without end where a behaviour wants that. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct event_base;
struct evbuffer;

struct lab_out_events {
    void (*drained)(void *arg); /* the queue, once not empty, is empty */
    void (*failed)(void *arg);  /* the peer is gone */
};

/* Opaque in use; declared here so that it can live inside another struct. */
struct lab_out {
    struct event_base *base;
    int fd;
    uint32_t chunk, chunk_ms;
    struct evbuffer *queue; /* this and the events only where they were needed */
    struct event *writable, *pause;
    const uint8_t *endless; /* block that is repeated, NULL if none */
    size_t endless_n;
    uint64_t bytes; /* taken so far */
    const struct lab_out_events *events;
    void *arg;
};

/* `chunk` bytes are written at once, 0 for all, with `chunk_ms` between. Callbacks come from the
 * event loop only. `out` must be zeroed; lab_out_clear it before the descriptor is closed. */
void lab_out_init(struct lab_out *out, struct event_base *base, int fd, uint32_t chunk,
                  uint32_t chunk_ms, const struct lab_out_events *events, void *arg);
void lab_out_clear(struct lab_out *out);

/* Sends or queues a copy. A dead peer shows itself when reading. */
void lab_out_send(struct lab_out *out, const uint8_t *bytes, size_t n);

/* From now on repeats the static block for ever. */
void lab_out_endless(struct lab_out *out, const uint8_t *block, size_t n);

bool lab_out_is_empty(const struct lab_out *out);
