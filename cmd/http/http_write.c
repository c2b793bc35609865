/* A reply on the wire. */
#include "cmd/http/http_write.h"

#include <event2/buffer.h>
#include <event2/http.h>

#include <stdlib.h>
#include <sys/socket.h>

/* Nothing of another site may be loaded, run, framed or sent to; nothing may read us from another
 * site; nothing is to be kept. */
static const char *const headers[][2] = {
    {"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

#define POLICY "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static void add_headers(struct evkeyvalq *to, const struct http_reply *reply, bool head_only) {
    char policy[256], length[24];
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        evhttp_add_header(to, headers[i][0], headers[i][1]);
    snprintf(policy, sizeof policy, reply->style ? POLICY "; style-src 'sha256-%s'" : POLICY,
             reply->style);
    evhttp_add_header(to, "Content-Security-Policy", policy);
    if (reply->allow)
        evhttp_add_header(to, "Allow", reply->allow);
    if (reply->status == 503)
        evhttp_add_header(to, "Retry-After", "1");
    if (reply->type)
        evhttp_add_header(to, "Content-Type", reply->type);
    if (head_only) { /* evhttp would count what it sends: nothing */
        snprintf(length, sizeof length, "%zu", reply->body_n);
        evhttp_add_header(to, "Content-Length", length);
    }
}

static void free_body(const void *bytes, size_t n, void *arg) {
    (void)bytes;
    (void)n;
    free(arg);
}

void http_write(struct evhttp_request *to, struct http_reply *reply, bool head_only) {
    add_headers(evhttp_request_get_output_headers(to), reply, head_only);
    struct evbuffer *body = evhttp_request_get_output_buffer(to);
    if (!head_only && reply->body_n > 0)
        evbuffer_add_reference(body, reply->body, reply->body_n, free_body, reply->body);
    else
        free(reply->body);
    reply->body = NULL;
    evhttp_send_reply(to, (int)reply->status, http_reply_reason(reply->status), NULL);
}

void http_write_parting(int fd, unsigned status) {
    char text[160];
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 %u %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status,
                     http_reply_reason(status));
    send(fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}
