/* HTTP/1.1 connections with limits. */
#include "cmd/http/http_connections.h"

#include "cmd/http/http_write.h"
#include "cmd/metrics/metrics.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

/* A head, a body, and what was sent ahead behind them. */
#define INPUT_MAX (HTTP_HEAD_MAX + HTTP_BODY_MAX)

enum state {
    READING, /* a request, or the wait for one */
    WRITING, /* its reply */
    LINGERING, /* nothing more is sent; what still comes is dropped, lest a reset overtake the reply */
    STATES
};

struct connection {
    TAILQ_ENTRY(connection) link; /* in the list of its state, oldest first */
    struct http_connections *all;
    enum state state;
    bool local;
    bool keep; /* another request may follow */
    struct bufferevent *bev;
    struct event *deadline;
};
TAILQ_HEAD(list, connection);

struct http_connections {
    struct http_connections_options options;
    size_t n;
    struct list lists[STATES];
};

static void close_connection(struct connection *c) {
    struct http_connections *all = c->all;
    TAILQ_REMOVE(&all->lists[c->state], c, link);
    all->n--;
    metrics_set(METRIC_HTTP_CONNECTIONS, (double)all->n);
    bufferevent_free(c->bev);
    event_free(c->deadline);
    free(c);
}

static void change_state(struct connection *c, enum state state) {
    static const unsigned patience_ms[STATES] = {
        [READING] = HTTP_REQUEST_MS, [WRITING] = HTTP_REPLY_MS, [LINGERING] = HTTP_LINGER_MS};
    struct timeval wait = {patience_ms[state] / 1000, 0};
    TAILQ_REMOVE(&c->all->lists[c->state], c, link);
    c->state = state;
    TAILQ_INSERT_TAIL(&c->all->lists[state], c, link);
    event_add(c->deadline, &wait);
    if (state == WRITING)
        bufferevent_disable(c->bev, EV_READ);
    else
        bufferevent_enable(c->bev, EV_READ);
}

/* --- replies --- */

static void send_reply(struct connection *c, bool head_only, struct http_reply *reply) {
    change_state(c, WRITING);
    metrics_count(METRIC_HTTP_REQUESTS, metrics_code_place(reply->status), 0);
    http_write(bufferevent_get_output(c->bev), reply, head_only, c->keep);
}

static void refuse_request(struct connection *c, unsigned status) {
    struct http_reply reply = {0};
    c->keep = false;
    http_reply_error(&reply, status, NULL);
    send_reply(c, false, &reply);
}

static void answer_request(struct connection *c, const struct http_request *request,
                           const char *body) {
    const struct http_connections_options *options = &c->all->options;
    struct http_call call = {request, body, c->local};
    struct http_reply reply = {0};
    uint64_t began_us = clock_mono_us();
    c->keep = request->keep_alive;
    options->answer(options->arg, &call, &reply);
    assert(reply.status);
    metrics_observe(METRIC_HTTP_DURATION, clock_mono_us() - began_us);
    send_reply(c, request->method == HTTP_HEAD, &reply);
}

/* --- requests --- */

/* Bytes of the head with its blank line; 0: not whole yet; or the status that refuses it. */
static size_t find_head_end(struct evbuffer *input, unsigned *status) {
    struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);
    struct evbuffer_ptr bare = evbuffer_search(input, "\n\n", 2, NULL);
    size_t n = end.pos < 0 ? evbuffer_get_length(input) : (size_t)end.pos + 4;
    if (bare.pos >= 0 && (end.pos < 0 || bare.pos < end.pos))
        *status = 400; /* lines end in CRLF */
    else if (n > HTTP_HEAD_MAX)
        *status = 431;
    return *status || end.pos < 0 ? 0 : n;
}

/* A client may send empty lines before a request (RFC 9112 2.2); nothing else that is no method. */
static void skip_empty_lines(struct evbuffer *input, unsigned *status) {
    char start[2];
    while (evbuffer_copyout(input, start, 2) == 2 && memcmp(start, "\r\n", 2) == 0)
        evbuffer_drain(input, 2);
    if (evbuffer_copyout(input, start, 1) == 1 && !isalpha((unsigned char)start[0]) &&
        start[0] != '\r')
        *status = 400;
}

static void read_request(struct connection *c) {
    struct evbuffer *input = bufferevent_get_input(c->bev);
    struct http_request request;
    unsigned status = 0;
    char body[HTTP_BODY_MAX + 1];
    skip_empty_lines(input, &status);
    size_t head_n = status ? 0 : find_head_end(input, &status);
    if (head_n > 0)
        status = http_request_parse((const char *)evbuffer_pullup(input, (ev_ssize_t)head_n),
                                    head_n, &request);
    if (status) {
        refuse_request(c, status);
        return;
    }
    if (head_n == 0 || evbuffer_get_length(input) < head_n + request.body_n)
        return;
    evbuffer_drain(input, head_n);
    evbuffer_remove(input, body, request.body_n);
    body[request.body_n] = '\0';
    answer_request(c, &request, body);
}

/* --- events --- */

static void drop_input(struct connection *c) {
    struct evbuffer *input = bufferevent_get_input(c->bev);
    evbuffer_drain(input, evbuffer_get_length(input));
}

static void on_readable(struct bufferevent *bev, void *arg) {
    struct connection *c = arg;
    (void)bev;
    switch (c->state) {
    case READING:
        read_request(c);
        break;
    case LINGERING:
        drop_input(c);
        break;
    case WRITING:
    case STATES:
        break;
    }
}

/* The reply has gone to the kernel. */
static void on_written(struct bufferevent *bev, void *arg) {
    struct connection *c = arg;
    if (c->state != WRITING)
        return;
    if (c->keep) {
        change_state(c, READING);
        read_request(c);
        return;
    }
    shutdown(bufferevent_getfd(bev), SHUT_WR);
    change_state(c, LINGERING);
    drop_input(c);
}

static bool has_begun(const struct connection *c) {
    return c->state == READING && evbuffer_get_length(bufferevent_get_input(c->bev)) > 0;
}

/* The client has closed its side, which may be the end of a request that it has begun. */
static void on_event(struct bufferevent *bev, short what, void *arg) {
    struct connection *c = arg;
    (void)bev;
    if ((what & BEV_EVENT_EOF) && has_begun(c))
        refuse_request(c, 400);
    else
        close_connection(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg) {
    struct connection *c = arg;
    (void)fd;
    (void)what;
    if (has_begun(c))
        refuse_request(c, 408);
    else
        close_connection(c);
}

/* --- life --- */

/* Makes room for one more. One whose request has begun is told, as far as it can be told at once. */
static void give_way(struct http_connections *all) {
    struct connection *victim = TAILQ_FIRST(&all->lists[LINGERING]);
    if (!victim)
        victim = TAILQ_FIRST(&all->lists[READING]);
    if (!victim)
        victim = TAILQ_FIRST(&all->lists[WRITING]);
    if (has_begun(victim)) {
        metrics_count(METRIC_HTTP_REQUESTS, metrics_code_place(503), 0);
        http_write_busy(bufferevent_getfd(victim->bev));
    }
    close_connection(victim);
}

void http_connections_take(struct http_connections *connections, int fd, bool local) {
    if (connections->n >= connections->options.most)
        give_way(connections);
    struct connection *c = alloc_zero(1, sizeof *c);
    c->all = connections;
    c->local = local;
    c->bev = bufferevent_socket_new(connections->options.base, fd, BEV_OPT_CLOSE_ON_FREE);
    c->deadline = evtimer_new(connections->options.base, on_deadline, c);
    bufferevent_setcb(c->bev, on_readable, on_written, on_event, c);
    bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
    TAILQ_INSERT_TAIL(&connections->lists[READING], c, link);
    connections->n++;
    metrics_set(METRIC_HTTP_CONNECTIONS, (double)connections->n);
    change_state(c, READING);
}

struct http_connections *http_connections_new(const struct http_connections_options *options) {
    struct http_connections *connections = alloc_zero(1, sizeof *connections);
    connections->options = *options;
    for (enum state state = READING; state < STATES; state++)
        TAILQ_INIT(&connections->lists[state]);
    metrics_set(METRIC_HTTP_CONNECTIONS, 0);
    return connections;
}

void http_connections_free(struct http_connections *connections) {
    if (!connections)
        return;
    for (enum state state = READING; state < STATES; state++)
        while (!TAILQ_EMPTY(&connections->lists[state]))
            close_connection(TAILQ_FIRST(&connections->lists[state]));
    free(connections);
}
