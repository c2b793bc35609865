/* Fuzz target: any bytes end in an answer, and in the same one however they are cut. The first byte
 * of an input says whether to go on behind a retry, the rest is the flight. */
#include "scanner/hello/first_flight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* 1 builds a reader that forgets a message's header if it comes in two reads: the gate's own test
 * has to find that. */
#ifndef SEEDED_BUG
#define SEEDED_BUG 0
#endif

static const uint8_t session_id[32] = {
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
    0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf,
};

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "first_flight: %s\n", what);
    abort();
}

static enum first_flight_kind feed(struct first_flight *flight, const uint8_t *bytes, size_t n) {
    if (SEEDED_BUG && flight->message_header_n < sizeof flight->message_header)
        flight->message_header_n = 0;
    return first_flight_feed(flight, bytes, n);
}

static void check_answer(const struct first_flight *flight, size_t n) {
    const struct first_flight_answer *answer = &flight->answer;
    must(answer->bytes <= n, "more bytes read than there are");
    must(answer->kind != FIRST_FLIGHT_MORE || answer->bytes == n, "not decided, yet bytes left");
    must((answer->kind == FIRST_FLIGHT_MALFORMED) == (answer->why != NULL), "malformed needs why");
    must(answer->kind != FIRST_FLIGHT_KEY_EXCHANGE || answer->group != 0, "no group");
    must(answer->kind != FIRST_FLIGHT_SERVER_HELLO || answer->version > 0x0303, "version");
    size_t cookie_n;
    const uint8_t *cookie = first_flight_cookie(flight, &cookie_n);
    if (cookie)
        must(cookie >= flight->body && cookie + cookie_n <= flight->body + flight->body_n,
             "cookie outside of the hello");
}

/* `piece` gives the size of the next piece from the number of bytes left. */
static struct first_flight *read_cut(const uint8_t *bytes, size_t n, bool then,
                                     size_t (*piece)(size_t left, uint32_t *seed)) {
    /* On the heap and of its exact size, so that the sanitizer sees its end. */
    struct first_flight *flight = malloc(sizeof *flight);
    must(flight != NULL, "no memory");
    first_flight_init(flight, session_id, sizeof session_id);
    uint32_t seed = (uint32_t)n | 1;
    for (size_t at = 0; at < n;) {
        size_t size = piece(n - at, &seed);
        enum first_flight_kind kind = feed(flight, bytes + at, size);
        at += size;
        if (kind == FIRST_FLIGHT_RETRY && then) {
            then = false;
            at = flight->answer.bytes;
            first_flight_second(flight);
        }
    }
    check_answer(flight, n);
    return flight;
}

static size_t whole(size_t left, uint32_t *seed) {
    (void)seed;
    return left;
}

static size_t one(size_t left, uint32_t *seed) {
    (void)left;
    (void)seed;
    return 1;
}

static size_t some(size_t left, uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    size_t size = 1 + (*seed >> 24) % 61;
    return size < left ? size : left;
}

static void must_equal(const struct first_flight *a, const struct first_flight *b) {
    const struct first_flight_answer *x = &a->answer, *y = &b->answer;
    must(x->kind == y->kind && x->version == y->version && x->cipher == y->cipher &&
             x->group == y->group && x->cookie_bytes == y->cookie_bytes &&
             x->session_id_echoed == y->session_id_echoed &&
             x->certificate_requested == y->certificate_requested && x->alert == y->alert &&
             x->bytes == y->bytes && x->why == y->why,
         "the answer depends on the cut");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    if (n == 0)
        return 0;
    bool then = data[0] & 1;
    struct first_flight *a = read_cut(data + 1, n - 1, then, whole);
    struct first_flight *b = read_cut(data + 1, n - 1, then, one);
    struct first_flight *c = read_cut(data + 1, n - 1, then, some);
    must_equal(a, b);
    must_equal(a, c);
    free(a);
    free(b);
    free(c);
    return 0;
}
