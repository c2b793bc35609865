/* evhttp, and beside it what keeps time and counts. */
#include "cmd/http/http_connections.h"

#include "cmd/http/http_write.h"
#include "cmd/metrics/metrics.h"
#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include <assert.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

/* Accepted at a time: between two such rounds, those that are there already are read. */
enum { ACCEPT_MAX = 32, PAUSE_MS = 100, SWEEP_MS = 200 };

enum state {
    READING, /* a request, or the wait for one */
    WRITING, /* its reply */
    LEAVING, /* its socket is shut down; evhttp will notice */
    STATES
};

struct connection {
    TAILQ_ENTRY(connection) link; /* in the list of its state, oldest first */
    struct http_connections *all;
    enum state state;
    bool begun;                  /* READING: something of the request has come */
    struct bufferevent *buffers; /* evhttp's, with a reference of ours */
    struct event *deadline;
};
TAILQ_HEAD(list, connection);

struct http_connections {
    struct http_connections_options options;
    size_t n;
    size_t leaving_n;
    struct event *sweep;
    struct list lists[STATES];
    struct evhttp *http;
    struct evconnlistener *listener; /* NULL: none; evhttp's */
    unsigned accepted;               /* in this turn of the loop */
    struct event *pause;             /* the next turn; later where no descriptor was left */
};

/* Of all threads, for their gauge. */
static _Atomic size_t all_connections;

static void change_state(struct connection *c, enum state state) {
    static const unsigned patience_ms[STATES] = {
        [READING] = HTTP_REQUEST_MS, [WRITING] = HTTP_REPLY_MS};
    struct timeval wait = {patience_ms[state] / 1000, 0};
    if (c->state == LEAVING) /* for good, though evhttp may still find a request in its buffer */
        return;
    TAILQ_REMOVE(&c->all->lists[c->state], c, link);
    c->state = state;
    c->begun = false;
    TAILQ_INSERT_TAIL(&c->all->lists[state], c, link);
    if (state == LEAVING) {
        c->all->leaving_n++;
        event_del(c->deadline);
    } else
        event_add(c->deadline, &wait);
}

/* Says goodbye to who has begun a request. evhttp reads the end of its input next and frees what is its own. */
static void end_connection(struct connection *c, unsigned status) {
    int fd = bufferevent_getfd(c->buffers);
    if (c->state == READING && c->begun) {
        metrics_count(METRIC_HTTP_REQUESTS, metrics_code_place(status), 0);
        http_write_parting(fd, status);
    }
    shutdown(fd, SHUT_RDWR);
    change_state(c, LEAVING);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    end_connection(arg, 408);
}

/* --- what evhttp does not tell --- */

/* Something of a request has come. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg) {
    struct connection *c = arg;
    (void)input;
    c->begun |= info->n_added > 0;
}

/* evhttp says of no connection that it has freed it, but then takes its own callbacks away; the buffers live
 * on by our reference until they are found like that. */
static bool is_over(const struct connection *c) {
    bufferevent_data_cb read, write;
    bufferevent_event_cb event;
    void *arg;
    bufferevent_getcb(c->buffers, &read, &write, &event, &arg);
    return event == NULL;
}

static void free_connection(struct connection *c) {
    TAILQ_REMOVE(&c->all->lists[c->state], c, link);
    c->all->n--;
    c->all->leaving_n -= c->state == LEAVING;
    metrics_set(METRIC_HTTP_CONNECTIONS, (double)--all_connections);
    evbuffer_remove_cb(bufferevent_get_input(c->buffers), on_input, c);
    bufferevent_decref(c->buffers);
    event_free(c->deadline);
    free(c);
}

static void free_those_over(struct http_connections *all, enum state state) {
    struct connection *c = TAILQ_FIRST(&all->lists[state]);
    while (c) {
        struct connection *next = TAILQ_NEXT(c, link);
        if (is_over(c))
            free_connection(c);
        c = next;
    }
}

static void free_all_over(struct http_connections *all) {
    for (enum state state = READING; state < STATES; state++)
        free_those_over(all, state);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    free_all_over(arg);
}

/* Makes room for one more. Called for each of thousands, so it looks at one only. */
static void make_room(struct http_connections *all) {
    struct connection *victim = TAILQ_FIRST(&all->lists[READING]);
    if (!victim)
        victim = TAILQ_FIRST(&all->lists[WRITING]);
    if (victim && is_over(victim))
        free_connection(victim);
    else if (victim)
        end_connection(victim, 503);
}

/* The buffers of a connection that evhttp accepts; it sets their socket next. */
static struct bufferevent *make_buffers(struct event_base *base, void *arg) {
    struct http_connections *all = arg;
    struct connection *c = alloc_zero(1, sizeof *c);
    if (all->accepted++ == 0)
        event_add(all->pause, &(struct timeval){0, 0});
    if (all->accepted == ACCEPT_MAX)
        evconnlistener_disable(all->listener);
    if (all->n - all->leaving_n >= all->options.most)
        make_room(all);
    c->all = all;
    c->deadline = evtimer_new(base, on_deadline, c);
    c->buffers = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_incref(c->buffers);
    evbuffer_add_cb(bufferevent_get_input(c->buffers), on_input, c);
    TAILQ_INSERT_TAIL(&c->all->lists[READING], c, link);
    c->all->n++;
    metrics_set(METRIC_HTTP_CONNECTIONS, (double)++all_connections);
    change_state(c, READING);
    return c->buffers;
}

/* --- requests --- */

static struct connection *find_connection(struct http_connections *all,
                                          struct evhttp_request *request) {
    struct bufferevent *buffers =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
    for (enum state state = READING; state < STATES; state++) {
        struct connection *c;
        TAILQ_FOREACH(c, &all->lists[state], link) {
            if (c->buffers == buffers)
                return c;
        }
    }
    abort();
}

/* The reply has gone to the kernel; another request may follow, or be there already. */
static void on_written(struct evhttp_request *request, void *arg) {
    struct connection *c = arg;
    (void)request;
    if (c->state != WRITING)
        return;
    change_state(c, READING);
    c->begun = evbuffer_get_length(bufferevent_get_input(c->buffers)) > 0;
}

static void on_request(struct evhttp_request *from, void *arg) {
    struct http_connections *all = arg;
    const struct http_connections_options *options = &all->options;
    struct connection *c = find_connection(all, from);
    struct http_request request;
    struct http_call call = {&request, options->local};
    struct http_reply reply = {0};
    uint64_t began_us = clock_mono_us();
    unsigned refused = http_request_read(from, &request);
    if (refused)
        http_reply_error(&reply, refused, NULL);
    else
        options->answer(options->arg, &call, &reply);
    assert(reply.status);
    metrics_observe(METRIC_HTTP_DURATION, clock_mono_us() - began_us);
    metrics_count(METRIC_HTTP_REQUESTS, metrics_code_place(reply.status), 0);
    change_state(c, WRITING);
    evhttp_request_set_on_complete_cb(from, on_written, c);
    http_write(from, &reply, request.method == HTTP_HEAD);
}

/* --- life --- */

/* No descriptor is left: others may be when a connection has ended. */
static void on_accept_error(struct evconnlistener *listener, void *arg) {
    struct http_connections *connections = arg;
    struct timeval wait = {0, PAUSE_MS * 1000};
    evconnlistener_disable(listener);
    event_add(connections->pause, &wait);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg) {
    struct http_connections *connections = arg;
    (void)fd;
    (void)what;
    connections->accepted = 0;
    free_those_over(connections, LEAVING); /* their descriptors are needed */
    evconnlistener_enable(connections->listener);
}

bool http_connections_listen(struct http_connections *connections, int fd) {
    struct evhttp_bound_socket *bound = evhttp_accept_socket_with_handle(connections->http, fd);
    if (!bound) {
        close(fd);
        return false;
    }
    connections->listener = evhttp_bound_socket_get_listener(bound);
    evconnlistener_set_error_cb(connections->listener, on_accept_error);
    return true;
}

static void prepare_http(struct http_connections *connections) {
    struct evhttp *http = connections->http;
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                         EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                         EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH);
    evhttp_set_max_headers_size(http, HTTP_HEAD_MAX);
    evhttp_set_max_body_size(http, HTTP_BODY_MAX);
    evhttp_set_bevcb(http, make_buffers, connections);
    evhttp_set_gencb(http, on_request, connections);
}

struct http_connections *http_connections_new(const struct http_connections_options *options) {
    struct http_connections *connections = alloc_zero(1, sizeof *connections);
    connections->options = *options;
    for (enum state state = READING; state < STATES; state++)
        TAILQ_INIT(&connections->lists[state]);
    connections->sweep = event_new(options->base, -1, EV_PERSIST, on_sweep, connections);
    event_add(connections->sweep, &(struct timeval){0, SWEEP_MS * 1000});
    connections->pause = evtimer_new(options->base, on_pause_over, connections);
    connections->http = evhttp_new(options->base);
    prepare_http(connections);
    metrics_set(METRIC_HTTP_CONNECTIONS, (double)all_connections);
    return connections;
}

void http_connections_free(struct http_connections *connections) {
    if (!connections)
        return;
    event_free(connections->pause);
    evhttp_free(connections->http);
    free_all_over(connections);
    assert(connections->n == 0);
    event_free(connections->sweep);
    /* buffers are freed for good when the loop turns once more */
    event_base_loop(connections->options.base, EVLOOP_NONBLOCK);
    free(connections);
}
