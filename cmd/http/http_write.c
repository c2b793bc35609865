/* A reply on the wire. */
#include "cmd/http/http_write.h"

#include <event2/buffer.h>

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* Nothing of another site may be loaded, run, framed or sent to; nothing may read us from another
 * site; nothing is to be kept. */
static const char headers[] = "X-Content-Type-Options: nosniff\r\n"
                              "X-Frame-Options: DENY\r\n"
                              "Referrer-Policy: no-referrer\r\n"
                              "Cross-Origin-Resource-Policy: same-origin\r\n"
                              "Cache-Control: no-store\r\n";

#define POLICY                                                                                     \
    "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; "           \
    "frame-ancestors 'none'"

static void write_date(struct evbuffer *to) {
    char text[64];
    struct tm tm;
    time_t now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    evbuffer_add_printf(to, "Date: %s\r\n", text);
}

static void free_body(const void *bytes, size_t n, void *arg) {
    (void)bytes;
    (void)n;
    free(arg);
}

void http_write(struct evbuffer *to, struct http_reply *reply, bool head_only, bool keep) {
    evbuffer_add_printf(to, "HTTP/1.1 %u %s\r\n", reply->status, http_reply_reason(reply->status));
    write_date(to);
    evbuffer_add(to, headers, sizeof headers - 1);
    if (reply->style)
        evbuffer_add_printf(to, POLICY "; style-src 'sha256-%s'\r\n", reply->style);
    else
        evbuffer_add_printf(to, POLICY "\r\n");
    if (reply->allow)
        evbuffer_add_printf(to, "Allow: %s\r\n", reply->allow);
    if (reply->status == 503)
        evbuffer_add_printf(to, "Retry-After: 1\r\n");
    if (reply->status != 204)
        evbuffer_add_printf(to, "Content-Type: %s\r\nContent-Length: %zu\r\n", reply->type,
                            reply->body_n);
    evbuffer_add_printf(to, "Connection: %s\r\n\r\n", keep ? "keep-alive" : "close");
    if (!head_only && reply->body_n > 0)
        evbuffer_add_reference(to, reply->body, reply->body_n, free_body, reply->body);
    else
        free(reply->body);
    reply->body = NULL;
}

void http_write_busy(int fd) {
    static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    send(fd, text, sizeof text - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}
