/* The daemon's HTTP: status page, JSON API, metrics, health. It runs in threads of its own, one for TCP and
 * one for the Unix socket, each with an event loop and a database connection of its own, so that
 * nobody keeps another waiting; of the scanning loop they read counters and checks only. */
#pragma once

#include "cmd/http/http_site.h"

struct http_server;

struct http_server_options {
    const char *listen; /* as in http_listen.h; NULL: no TCP */
    const char *socket; /* path of a Unix socket; NULL: none */
    unsigned socket_mode;
    const char *hosts;               /* as in struct http_site */
    const char *database;            /* all borrowed */
    const struct http_check *checks; /* copied */
    size_t checks_n;                 /* at most HTTP_CHECKS_MOST */
};

/* Connections at a time, and the descriptors that all of it may hold. */
enum {
    HTTP_CHECKS_MOST = 8,
    HTTP_CONNECTIONS_MOST = 512,
    HTTP_DESCRIPTORS = HTTP_CONNECTIONS_MOST + 32
};

/* Listens and begins to answer. NULL with `err`. */
struct http_server *http_server_new(const struct http_server_options *options, struct err *err);

/* Stops answering and removes the socket; NULL is fine. */
void http_server_free(struct http_server *server);

/* The port that it listens on; 0: no TCP. */
unsigned http_server_port(const struct http_server *server);
