/* A reply on the wire: status line, headers, body. */
#pragma once

#include "cmd/http/http_reply.h"

#include <stdbool.h>

struct evbuffer;

/* Writes the whole reply and takes over its body. `head_only`: the answer to HEAD. `keep`: the
 * connection stays. */
void http_write(struct evbuffer *to, struct http_reply *reply, bool head_only, bool keep);

/* Writes 503 to a socket that is about to be closed, as far as it takes it at once. */
void http_write_busy(int fd);
