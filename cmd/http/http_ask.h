/* Asks a running daemon over its Unix socket, as commands do. The request is written here; http-parser reads
 * the answer, for libevent's client cannot connect to a Unix socket. */
#pragma once

#include "scanner/base/err.h"

#include <jansson.h>

/* An answer: its status and, if its body is JSON, the document. */
struct http_answered {
    unsigned status;
    json_t *document; /* NULL: none, as after false; the caller drops its reference */
};

/* Sends one request without a body and waits for the whole answer, ten seconds at most. False with `err` if
 * nobody answers there in that time, or not in HTTP, or the answer is cut off. */
bool http_ask(const char *socket, const char *method, const char *path, struct http_answered *out,
              struct err *err);

/* What an answer of another status says is wrong, in `err`; always false. */
bool http_ask_complain(const struct http_answered *answered, struct err *err);

/* Appends `name` to `path` as one part of it, every other byte than letters, digits and `-._:` as %XX.
 * False if it does not fit. */
bool http_ask_add_name(char *path, size_t size, const char *name);
