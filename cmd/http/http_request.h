/* What was asked, as libevent's evhttp has read it: plain values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct evhttp_request;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_PUT, HTTP_POST, HTTP_OPTIONS, HTTP_OTHER };

/* Bytes of a target, and of a body. */
enum { HTTP_TARGET_MAX = 2048, HTTP_BODY_MAX = 4096 };

struct http_request {
    enum http_method method;
    char path[HTTP_TARGET_MAX + 1];  /* as it came, or "*" */
    char query[HTTP_TARGET_MAX + 1]; /* as it came; "" if there is none */
    char host[256];                  /* without its port, in lower case; "" if none was sent */
    char accept[256];                /* "" if none was sent; cut */
    char body[HTTP_BODY_MAX + 1];    /* `body_n` bytes and a zero */
    size_t body_n;
};

/* Copies the request. 0, or the status that refuses it. Takes its body out of it. */
unsigned http_request_read(struct evhttp_request *from, struct http_request *out);

/* Decodes %XX of the first `n` bytes of `text` into `out`. False where they would not fit with a zero
 * at their end, or are no text: a broken %XX, a control character. */
bool http_request_decode(const char *text, size_t n, char *out, size_t size);

/* The value of a parameter in the query, decoded into `out`; "" if it is not there. False if it is
 * broken or does not fit. */
bool http_request_parameter(const struct http_request *request, const char *name, char *out,
                            size_t size);
