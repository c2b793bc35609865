/* HTTP connections with limits on everything that a client could make us wait for or keep: whole
 * requests come out, replies go in.
 *
 * libevent's evhttp reads and writes HTTP. It limits what a request may hold, but has no deadline for
 * the whole of one and no limit of connections: both are kept beside it, by references to its buffers.
 * A request has HTTP_REQUEST_MS to arrive whole, its reply HTTP_REPLY_MS to be taken. There are at
 * most `most` connections: when one more comes, the one that has waited longest for the rest of a
 * request gives way. The requests of a connection are answered one after the other, in order. All
 * calls are from the thread of the event loop. */
#pragma once

#include "cmd/http/http_reply.h"
#include "cmd/http/http_request.h"

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct http_connections;

/* evhttp counts the lines of a head without their ends. */
enum { HTTP_HEAD_MAX = 8192, HTTP_REQUEST_MS = 5000, HTTP_REPLY_MS = 10000 };

/* A whole request. */
struct http_call {
    const struct http_request *request;
    bool local; /* it came over the Unix socket */
};

/* Fills the reply, before it returns. */
typedef void http_answer(void *arg, const struct http_call *call, struct http_reply *reply);

struct http_connections_options {
    struct event_base *base; /* borrowed */
    size_t most;
    bool local; /* over a Unix socket */
    http_answer *answer;
    void *arg;
};

/* Starts with no socket to listen on. The caller frees it. */
struct http_connections *http_connections_new(const struct http_connections_options *options);
void http_connections_free(
    struct http_connections *connections); /* closes them all; NULL is fine */

/* Takes over a listening socket, which does not block, and answers who connects to it. False, and it is
 * closed, if that cannot be done. */
bool http_connections_listen(struct http_connections *connections, int fd);
