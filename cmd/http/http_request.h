/* A request's head, read strictly (RFC 9112). Pure: from bytes to a value or to the status that refuses
 * them. What proxies and servers are known to read differently is refused: folded lines, a blank
 * before the colon, two lengths, transfer codings. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_PUT, HTTP_POST, HTTP_OPTIONS, HTTP_OTHER };

/* Bytes of a head with the blank line at its end, of a target, and of a body. */
enum { HTTP_HEAD_MAX = 8192, HTTP_TARGET_MAX = 2048, HTTP_BODY_MAX = 4096, HTTP_HEADERS_MAX = 64 };

struct http_request {
    enum http_method method;
    char target[HTTP_TARGET_MAX + 1]; /* path and query as they came, or "*" */
    char host[256];                   /* without its port, in lower case; "" if none was sent */
    char accept[256];                 /* "" if none was sent; cut */
    size_t body_n;                    /* Content-Length, at most HTTP_BODY_MAX */
    bool keep_alive;                  /* the client would send another one */
};

/* Reads the `n` bytes of a head, with its blank line. 0, or the status that refuses it. */
unsigned http_request_parse(const char *head, size_t n, struct http_request *out);

/* Decodes %XX of the first `n` bytes of `text` into `out`. False where they would not fit with a zero
 * at their end, or are no text: a broken %XX, a control character. */
bool http_request_decode(const char *text, size_t n, char *out, size_t size);

/* The value of a parameter in the target's query, decoded into `out`; "" if it is not there. False if
 * it is broken or does not fit. */
bool http_request_parameter(const struct http_request *request, const char *name, char *out,
                            size_t size);
