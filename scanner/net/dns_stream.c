/* One question asked over TCP, for answers that a datagram could not hold. */
#include "scanner/net/dns_stream.h"

#include "scanner/base/alloc.h"
#include "scanner/net/dns_channel.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { SERVER_TIMEOUT_MS = 2000, LOOK_EVERY_MS = 100, US_PER_MS = 1000 };

struct dns_stream {
    struct event_base *base;
    ares_channel channel; /* NULL if none could be made */
    struct event *look;   /* c-ares looks at its clock; delivers once `ended` */
    struct event *socket; /* one at a time: the servers are asked one after the other */
    dns_stream_cb *cb;
    void *arg;
    bool ended;
    struct dns_answer answer;
    size_t question_n;
    uint8_t question[];
};

void dns_stream_free(struct dns_stream *stream) {
    if (!stream)
        return;
    ares_destroy(stream->channel);
    if (stream->socket)
        event_free(stream->socket);
    event_free(stream->look);
    free(stream);
}

/* The callback is the last thing that happens. */
static void deliver_answer(struct dns_stream *stream) {
    struct dns_answer answer = stream->answer;
    dns_stream_cb *cb = stream->cb;
    void *arg = stream->arg;
    dns_stream_free(stream);
    cb(&answer, arg);
}

/* c-ares has this to say, from within any of its calls. */
static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int n) {
    struct dns_stream *stream = arg;
    (void)timeouts;
    if (status == ARES_EDESTRUCTION)
        return;
    stream->ended = true;
    if (status == ARES_SUCCESS)
        dns_answer_read(stream->question, stream->question_n, bytes, (size_t)n, &stream->answer);
}

static void on_socket(evutil_socket_t fd, short what, void *arg) {
    struct dns_stream *stream = arg;
    ares_process_fd(stream->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
                    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    if (stream->ended)
        deliver_answer(stream);
}

static void on_look(evutil_socket_t fd, short what, void *arg) {
    struct dns_stream *stream = arg;
    (void)fd;
    (void)what;
    if (!stream->ended)
        ares_process_fd(stream->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if (stream->ended)
        deliver_answer(stream);
}

/* c-ares wants to hear of its socket's state, or is about to close it. */
static void watch_socket(void *arg, ares_socket_t fd, int readable, int writable) {
    struct dns_stream *stream = arg;
    short what = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    if (stream->socket)
        event_free(stream->socket);
    stream->socket = NULL;
    if (readable || writable) {
        stream->socket = event_new(stream->base, fd, what, on_socket, stream);
        event_add(stream->socket, NULL);
    }
}

static bool is_our_trouble(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == EADDRNOTAVAIL;
}

static void send_question(struct dns_stream *stream, const struct dns_servers *servers,
                          size_t first) {
    struct dns_channel_wishes wishes = {.flags = ARES_FLAG_USEVC | ARES_FLAG_NOCHECKRESP,
                                        .timeout_ms = SERVER_TIMEOUT_MS,
                                        .tries = 1,
                                        .first = first,
                                        .sockets = watch_socket,
                                        .arg = stream};
    stream->channel = dns_channel_open(servers, &wishes);
    if (!stream->channel) {
        stream->ended = true;
        stream->answer.fault = DNS_UNSENT;
        return;
    }
    errno = 0;
    ares_send(stream->channel, stream->question, (int)stream->question_n, on_answer, stream);
    if (stream->ended && is_our_trouble(errno))
        stream->answer.fault = DNS_UNSENT;
}

struct dns_stream *dns_stream_start(struct event_base *base, const struct dns_servers *servers,
                                    size_t first, const uint8_t *question, size_t question_n,
                                    dns_stream_cb *cb, void *arg) {
    struct dns_stream *stream = alloc_zero(1, sizeof *stream + question_n);
    struct timeval soon = {0, 0}, often = {0, LOOK_EVERY_MS * US_PER_MS};
    *stream = (struct dns_stream){
        .base = base, .cb = cb, .arg = arg, .question_n = question_n, .answer.fault = DNS_CUT};
    memcpy(stream->question, question, question_n);
    stream->look = event_new(base, -1, EV_PERSIST, on_look, stream);
    send_question(stream, servers, first);
    event_add(stream->look, stream->ended ? &soon : &often);
    return stream;
}
