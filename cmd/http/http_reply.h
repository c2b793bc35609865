/* What is answered to a request. */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct http_reply {
    unsigned status;   /* 0 at first */
    const char *type;  /* of the body; static */
    const char *allow; /* the resource's methods, for 405 and OPTIONS; NULL: not said */
    /* SHA-256 of the page's style sheet in base64, so that it may be used; NULL: none */
    const char *style;
    char *body; /* freed with free() */
    size_t body_n;
};

/* The reason phrase of a status. */
const char *http_reply_reason(unsigned status);

/* Takes over a text as the body; `type` is static. */
void http_reply_set(struct http_reply *reply, unsigned status, const char *type, char *body,
                    size_t body_n);

/* A body of our own: {"error": …} with a sentence, the status's reason where it is NULL. */
void http_reply_error(struct http_reply *reply, unsigned status, const char *sentence);

/* Frees the body. */
void http_reply_clear(struct http_reply *reply);
