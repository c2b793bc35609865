/* From evhttp's request to plain values. */
#include "cmd/http/http_request.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

static bool copy_text(const char *text, char *out, size_t size) {
    return snprintf(out, size, "%s", text ? text : "") < (int)size;
}

static enum http_method find_method(const struct evhttp_request *from) {
    switch ((unsigned)evhttp_request_get_command(from)) {
    case EVHTTP_REQ_GET:
        return HTTP_GET;
    case EVHTTP_REQ_HEAD:
        return HTTP_HEAD;
    case EVHTTP_REQ_PUT:
        return HTTP_PUT;
    case EVHTTP_REQ_POST:
        return HTTP_POST;
    case EVHTTP_REQ_OPTIONS:
        return HTTP_OPTIONS;
    default: /* others that evhttp knows, and may come to know */
        return HTTP_OTHER;
    }
}

/* RFC 9112 3.2: one and no more, which HTTP/1.0 may leave out. */
static bool has_one_host(struct evhttp_request *from) {
    unsigned n = 0;
    const struct evkeyval *header;
    TAILQ_FOREACH(header, evhttp_request_get_input_headers(from), next) {
        n += strcasecmp(header->key, "Host") == 0;
    }
    return n == 1 || (n == 0 && from->major == 1 && from->minor == 0);
}

/* The host of a target in absolute form goes before the header (RFC 9112 3.2.2). */
static bool read_host(struct evhttp_request *from, char *out, size_t size) {
    const char *host = evhttp_uri_get_host(evhttp_request_get_evhttp_uri(from));
    if (!host)
        host = evhttp_find_header(evhttp_request_get_input_headers(from), "Host");
    if (!copy_text(host, out, size))
        return false;
    char *port = strrchr(out, ':'), *bracket = strrchr(out, ']');
    if (port && port > bracket)
        *port = '\0';
    size_t n = strlen(out);
    if (n >= 2 && out[0] == '[' && out[n - 1] == ']') {
        memmove(out, out + 1, n - 2);
        out[n - 2] = '\0';
    }
    for (char *at = out; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return true;
}

unsigned http_request_read(struct evhttp_request *from, struct http_request *out) {
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(from);
    struct evkeyvalq *headers = evhttp_request_get_input_headers(from);
    struct evbuffer *body = evhttp_request_get_input_buffer(from);
    *out = (struct http_request){.method = find_method(from)};
    if (!uri || !has_one_host(from) || !read_host(from, out->host, sizeof out->host))
        return 400;
    if (!copy_text(evhttp_uri_get_path(uri), out->path, sizeof out->path) ||
        !copy_text(evhttp_uri_get_query(uri), out->query, sizeof out->query))
        return 414;
    if (out->path[0] == '\0' && evhttp_uri_get_scheme(uri))
        strcpy(out->path, "/");
    copy_text(evhttp_find_header(headers, "Accept"), out->accept, sizeof out->accept);
    if (evbuffer_get_length(body) > HTTP_BODY_MAX)
        return 413;
    int n = evbuffer_remove(body, out->body, HTTP_BODY_MAX);
    out->body_n = n > 0 ? (size_t)n : 0;
    return 0;
}

static bool has_control(const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return true;
    return false;
}

/* evhttp leaves a broken %XX as it is, which would make two names of one. */
static bool is_escaped_well(const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (text[i] == '%' && (i + 2 >= n || !isxdigit((unsigned char)text[i + 1]) ||
                               !isxdigit((unsigned char)text[i + 2])))
            return false;
    return true;
}

bool http_request_decode(const char *text, size_t n, char *out, size_t size) {
    char *copy = strndup(text, n);
    size_t decoded_n = 0;
    char *decoded = copy && is_escaped_well(copy, n) ? evhttp_uridecode(copy, 0, &decoded_n) : NULL;
    bool good = decoded && decoded_n < size && !has_control(decoded, decoded_n);
    if (good)
        memcpy(out, decoded, decoded_n + 1);
    free(decoded);
    free(copy);
    return good;
}

bool http_request_parameter(const struct http_request *request, const char *name, char *out,
                            size_t size) {
    struct evkeyvalq parameters;
    out[0] = '\0';
    if (request->query[0] == '\0')
        return true;
    if (!is_escaped_well(request->query, strlen(request->query)) ||
        strstr(request->query, "%00") || /* which would end the value */
        evhttp_parse_query_str(request->query, &parameters) != 0)
        return false;
    const char *value = evhttp_find_header(&parameters, name);
    bool good = !value || (copy_text(value, out, size) && !has_control(value, strlen(value)));
    evhttp_clear_headers(&parameters);
    return good;
}
