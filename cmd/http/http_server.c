/* The daemon's HTTP. */
#include "cmd/http/http_server.h"

#include "cmd/http/http_listen.h"
#include "cmd/http/http_routes.h"
#include "scanner/base/alloc.h"

#include <event2/event.h>

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Connections of each thread at a time: HTTP_CONNECTIONS_MOST together. */
enum { LOCAL_MOST = 64, TCP_MOST = HTTP_CONNECTIONS_MOST - LOCAL_MOST };

/* A socket that is listened on, and the thread that answers there. Orders come over the Unix socket only,
 * so that nobody who asks over TCP waits until they are carried out. */
struct listener {
    int fd; /* -1: none; that of the connections, once there are any */
    struct http_site site;
    struct event_base *base;
    struct http_connections *connections;
    int stop_fd; /* eventfd(2): the thread is to end */
    struct event *stop;
    pthread_t thread;
    bool running;
};

struct http_server {
    struct http_server_options options;
    struct http_check checks[HTTP_CHECKS_MOST];
    struct http_snapshots *snapshots;
    struct listener tcp, local;
    unsigned port;
};

static void on_stop(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

static void *run_thread(void *arg) {
    struct listener *listener = arg;
    event_base_dispatch(listener->base);
    return NULL;
}

static void prepare_listener(struct http_server *server, struct listener *listener) {
    const struct http_server_options *options = &server->options;
    bool local = listener == &server->local;
    listener->site = (struct http_site){.database = options->database,
                                        .hosts = options->hosts,
                                        .listen = options->listen,
                                        .checks = server->checks,
                                        .checks_n = options->checks_n,
                                        .snapshots = server->snapshots};
    listener->base = event_base_new();
    struct http_connections_options connections = {.base = listener->base,
                                                   .most = local ? LOCAL_MOST : TCP_MOST,
                                                   .local = local,
                                                   .answer = http_routes_answer,
                                                   .arg = &listener->site};
    listener->connections = http_connections_new(&connections);
    listener->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    listener->stop = event_new(listener->base, listener->stop_fd, EV_READ, on_stop, listener->base);
    event_add(listener->stop, NULL);
}

static bool start_listener(struct http_server *server, struct listener *listener) {
    if (listener->fd < 0)
        return true;
    prepare_listener(server, listener);
    listener->running = http_connections_listen(listener->connections, listener->fd) &&
                        pthread_create(&listener->thread, NULL, run_thread, listener) == 0;
    return listener->running;
}

static void stop_listener(struct listener *listener) {
    if (listener->running) {
        eventfd_write(listener->stop_fd, 1);
        pthread_join(listener->thread, NULL);
    }
    if (listener->base) {
        http_connections_free(listener->connections);
        http_site_close(&listener->site);
        event_free(listener->stop);
        close(listener->stop_fd);
        event_base_free(listener->base);
    } else if (listener->fd >= 0) {
        close(listener->fd);
    }
}

static bool open_sockets(struct http_server *server, struct err *err) {
    const struct http_server_options *options = &server->options;
    if (options->listen) {
        server->tcp.fd = http_listen_tcp(options->listen, err);
        if (server->tcp.fd < 0)
            return false;
        server->port = http_listen_port(server->tcp.fd);
    }
    if (options->socket)
        server->local.fd = http_listen_unix(options->socket, options->socket_mode, err);
    return !options->socket || server->local.fd >= 0;
}

/* Signals are for the daemon's own thread. */
static bool start_threads(struct http_server *server, struct err *err) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    server->snapshots = http_snapshots_new(server->options.database);
    bool good = server->snapshots && start_listener(server, &server->tcp) &&
                start_listener(server, &server->local);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return good || err_set(err, "cannot start a thread for HTTP");
}

struct http_server *http_server_new(const struct http_server_options *options, struct err *err) {
    struct http_server *server = alloc_zero(1, sizeof *server);
    server->options = *options;
    server->tcp.fd = server->local.fd = -1;
    assert(options->checks_n <= HTTP_CHECKS_MOST);
    for (size_t i = 0; i < options->checks_n; i++)
        server->checks[i] = options->checks[i];
    if (open_sockets(server, err) && start_threads(server, err))
        return server;
    http_server_free(server);
    return NULL;
}

void http_server_free(struct http_server *server) {
    if (!server)
        return;
    if (server->local.fd >= 0)
        unlink(server->options.socket);
    stop_listener(&server->tcp);
    stop_listener(&server->local);
    http_snapshots_free(server->snapshots);
    free(server);
}

unsigned http_server_port(const struct http_server *server) {
    return server->port;
}
