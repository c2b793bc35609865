/* HTTP/1.1 connections with limits on everything that a client could make us wait for or keep: whole
 * requests come out, replies go in.
 *
 * libevent's evhttp reads incrementally and without a total deadline, and cannot be told to refuse a
 * request before it has accepted it; so this is made of bufferevents. A request has HTTP_REQUEST_MS to
 * arrive whole, its reply HTTP_REPLY_MS to be taken. There are at most `most` connections: where one
 * more comes, one gives way that is closing, or else the one that has waited longest for the rest of a
 * request. Every request that was begun gets exactly one status. Requests of one connection are
 * answered one after the other, in order. */
#pragma once

#include "cmd/http/http_reply.h"
#include "cmd/http/http_request.h"

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct http_connections;

enum { HTTP_REQUEST_MS = 5000, HTTP_REPLY_MS = 10000, HTTP_LINGER_MS = 1000 };

/* A whole request. */
struct http_call {
    const struct http_request *request;
    const char *body; /* request->body_n bytes and a zero */
    bool local;       /* it came over the Unix socket */
};

/* Fills the reply, before it returns. */
typedef void http_answer(void *arg, const struct http_call *call, struct http_reply *reply);

struct http_connections_options {
    struct event_base *base; /* borrowed */
    size_t most;
    http_answer *answer;
    void *arg;
};

struct http_connections *http_connections_new(const struct http_connections_options *options);
void http_connections_free(
    struct http_connections *connections); /* closes them all; NULL is fine */

/* Takes over an accepted socket, which does not block. */
void http_connections_take(struct http_connections *connections, int fd, bool local);
