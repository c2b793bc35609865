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

struct http_server {
    struct http_server_options options;
    struct http_check checks[HTTP_CHECKS_MOST];
    struct http_site site;
    struct event_base *base;
    struct http_connections *connections;
    int tcp_fd, local_fd; /* listening; -1: none */
    int stop_fd;          /* eventfd(2): the thread is to end */
    struct event *stop;
    pthread_t thread;
    bool running;
};

static void on_stop(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

static void *run_thread(void *arg) {
    struct http_server *server = arg;
    event_base_dispatch(server->base);
    return NULL;
}

/* From here on the sockets are those of the connections. */
static void begin_accepting(struct http_server *server) {
    if (server->tcp_fd >= 0)
        http_connections_listen(server->connections, server->tcp_fd, false);
    if (server->local_fd >= 0)
        http_connections_listen(server->connections, server->local_fd, true);
}

static void end_accepting(struct http_server *server) {
    if (server->local_fd >= 0)
        unlink(server->options.socket);
    if (server->connections)
        return;
    if (server->tcp_fd >= 0)
        close(server->tcp_fd);
    if (server->local_fd >= 0)
        close(server->local_fd);
}

static bool open_listeners(struct http_server *server, struct err *err) {
    const struct http_server_options *options = &server->options;
    server->tcp_fd = server->local_fd = -1;
    if (options->listen && (server->tcp_fd = http_listen_tcp(options->listen, err)) < 0)
        return false;
    if (options->socket)
        server->local_fd = http_listen_unix(options->socket, options->socket_mode, err);
    return !options->socket || server->local_fd >= 0;
}

/* Signals are for the daemon's own thread. */
static bool start_thread(struct http_server *server, struct err *err) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    server->site.snapshots = http_snapshots_new(server->options.database);
    server->running =
        server->site.snapshots && pthread_create(&server->thread, NULL, run_thread, server) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return server->running || err_set(err, "cannot start a thread for HTTP");
}

struct http_server *http_server_new(const struct http_server_options *options, struct err *err) {
    struct http_server *server = alloc_zero(1, sizeof *server);
    server->options = *options;
    server->stop_fd = -1;
    if (!open_listeners(server, err)) {
        http_server_free(server);
        return NULL;
    }
    assert(options->checks_n <= HTTP_CHECKS_MOST);
    for (size_t i = 0; i < options->checks_n; i++)
        server->checks[i] = options->checks[i];
    server->site = (struct http_site){.database = options->database,
                                      .hosts = options->hosts,
                                      .listen = options->listen,
                                      .checks = server->checks,
                                      .checks_n = options->checks_n};
    server->base = event_base_new();
    server->connections =
        http_connections_new(&(struct http_connections_options){.base = server->base,
                                                                .most = HTTP_CONNECTIONS_MOST,
                                                                .answer = http_routes_answer,
                                                                .arg = &server->site});
    server->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    server->stop = event_new(server->base, server->stop_fd, EV_READ, on_stop, server->base);
    event_add(server->stop, NULL);
    begin_accepting(server);
    if (start_thread(server, err))
        return server;
    http_server_free(server);
    return NULL;
}

void http_server_free(struct http_server *server) {
    if (!server)
        return;
    if (server->running) {
        eventfd_write(server->stop_fd, 1);
        pthread_join(server->thread, NULL);
    }
    end_accepting(server);
    http_connections_free(server->connections);
    http_site_close(&server->site);
    http_snapshots_free(server->site.snapshots);
    if (server->stop)
        event_free(server->stop);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    if (server->base)
        event_base_free(server->base);
    free(server);
}

unsigned http_server_port(const struct http_server *server) {
    return server->tcp_fd >= 0 ? http_listen_port(server->tcp_fd) : 0;
}
