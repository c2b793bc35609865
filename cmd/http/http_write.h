/* A reply on the wire. */
#pragma once

#include "cmd/http/http_reply.h"

#include <stdbool.h>

struct evhttp_request;

/* Sends the reply, with the headers that every one of ours has, and takes over its body. `head_only`: the
 * answer to HEAD. */
void http_write(struct evhttp_request *to, struct http_reply *reply, bool head_only);

/* Writes a status without a body to a socket that is about to be closed, as far as it takes it at once: 408
 * or 503, which evhttp has no word for. */
void http_write_parting(int fd, unsigned status);
