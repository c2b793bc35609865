/* A request's head. */
#include "cmd/http/http_request.h"

#include "scanner/base/array.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A piece of the head. */
struct span {
    const char *at;
    size_t n;
};

static bool is_span(struct span span, const char *text) {
    return span.n == strlen(text) && strncasecmp(span.at, text, span.n) == 0;
}

/* RFC 9110 5.6.2 */
static bool is_token(struct span span) {
    for (size_t i = 0; i < span.n; i++)
        if (!isalnum((unsigned char)span.at[i]) && !strchr("!#$%&'*+-.^_`|~", span.at[i]))
            return false;
    return span.n > 0 && !memchr(span.at, '\0', span.n);
}

static bool is_printable(struct span span) {
    for (size_t i = 0; i < span.n; i++)
        if ((unsigned char)span.at[i] <= ' ' || (unsigned char)span.at[i] >= 0x7f)
            return false;
    return true;
}

/* Field values may hold blanks, tabs and bytes beyond ASCII, but no control characters. */
static bool is_value(struct span span) {
    for (size_t i = 0; i < span.n; i++) {
        unsigned char byte = (unsigned char)span.at[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static bool copy_span(struct span span, char *out, size_t size) {
    if (span.n >= size)
        return false;
    memcpy(out, span.at, span.n);
    out[span.n] = '\0';
    return true;
}

/* Takes the next line off `rest`; false if it does not end in CRLF. */
static bool next_line(struct span *rest, struct span *line) {
    const char *end = memchr(rest->at, '\n', rest->n);
    if (!end || end == rest->at || end[-1] != '\r')
        return false;
    *line = (struct span){rest->at, (size_t)(end - rest->at) - 1};
    rest->n -= (size_t)(end + 1 - rest->at);
    rest->at = end + 1;
    return !memchr(line->at, '\r', line->n);
}

/* Takes what is before the next blank. */
static struct span next_word(struct span *rest) {
    const char *end = memchr(rest->at, ' ', rest->n);
    struct span word = {rest->at, end ? (size_t)(end - rest->at) : rest->n};
    size_t used = word.n + (end ? 1 : 0);
    rest->at += used;
    rest->n -= used;
    return word;
}

static enum http_method find_method(struct span word) {
    static const char *const names[] = {[HTTP_GET] = "GET",
                                        [HTTP_HEAD] = "HEAD",
                                        [HTTP_PUT] = "PUT",
                                        [HTTP_POST] = "POST",
                                        [HTTP_OPTIONS] = "OPTIONS"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (word.n == strlen(names[i]) && memcmp(word.at, names[i], word.n) == 0)
            return (enum http_method)i;
    return HTTP_OTHER;
}

static unsigned check_version(struct span word, struct http_request *out) {
    if (word.n != 8 || memcmp(word.at, "HTTP/", 5) != 0 || !isdigit((unsigned char)word.at[5]) ||
        word.at[6] != '.' || !isdigit((unsigned char)word.at[7]))
        return 400;
    if (word.at[5] != '1')
        return 505;
    out->keep_alive = word.at[7] != '0';
    return 0;
}

static bool copy_host(struct span value, char *out, size_t size) {
    const char *colon = memrchr(value.at, ':', value.n);
    const char *bracket = memchr(value.at, ']', value.n);
    if (colon && (!bracket || colon > bracket))
        value.n = (size_t)(colon - value.at);
    if (value.n >= 2 && value.at[0] == '[' && value.at[value.n - 1] == ']')
        value = (struct span){value.at + 1, value.n - 2};
    if (!is_printable(value) || !copy_span(value, out, size))
        return false;
    for (char *at = out; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return true;
}

/* The absolute form names the host itself (RFC 9112 3.2.2). */
static unsigned read_target(struct span word, struct http_request *out) {
    static const char scheme[] = "http://";
    size_t scheme_n = sizeof scheme - 1;
    if (word.n > HTTP_TARGET_MAX)
        return 414;
    if (!is_printable(word) || memchr(word.at, '#', word.n))
        return 400;
    if (word.n > scheme_n && strncasecmp(word.at, scheme, scheme_n) == 0) {
        word = (struct span){word.at + scheme_n, word.n - scheme_n};
        const char *slash = memchr(word.at, '/', word.n);
        struct span host = {word.at, slash ? (size_t)(slash - word.at) : word.n};
        if (host.n == 0 || !copy_host(host, out->host, sizeof out->host))
            return 400;
        word = slash ? (struct span){slash, word.n - host.n} : (struct span){"/", 1};
    }
    bool any = word.n == 1 && word.at[0] == '*' && out->method == HTTP_OPTIONS;
    copy_span(word, out->target, sizeof out->target);
    return any || out->target[0] == '/' || out->method == HTTP_OTHER ? 0 : 400;
}

static unsigned read_request_line(struct span line, struct http_request *out) {
    struct span method = next_word(&line);
    struct span target = next_word(&line);
    if (!is_token(method) || target.n == 0)
        return 400;
    out->method = find_method(method);
    unsigned status = read_target(target, out);
    unsigned version = check_version(line, out);
    return version ? version : status;
}

/* Fields that may come once. */
struct seen {
    bool host, length;
};

static unsigned read_length(struct span value, struct http_request *out) {
    char text[8];
    for (size_t i = 0; i < value.n; i++)
        if (!isdigit((unsigned char)value.at[i]))
            return 400;
    if (value.n == 0)
        return 400;
    if (!copy_span(value, text, sizeof text) || strtoul(text, NULL, 10) > HTTP_BODY_MAX)
        return 413;
    out->body_n = strtoul(text, NULL, 10);
    return 0;
}

static unsigned read_host(struct span value, struct http_request *out) {
    char absolute = out->host[0]; /* it takes the place of the field */
    char host[sizeof out->host];
    if (!copy_host(value, host, sizeof host))
        return 400;
    if (!absolute)
        snprintf(out->host, sizeof out->host, "%s", host);
    return 0;
}

static unsigned read_field(struct span name, struct span value, struct http_request *out,
                           struct seen *seen) {
    if (is_span(name, "host")) {
        unsigned status = seen->host ? 400 : read_host(value, out);
        seen->host = true;
        return status;
    }
    if (is_span(name, "content-length")) {
        unsigned status = seen->length ? 400 : read_length(value, out);
        seen->length = true;
        return status;
    }
    if (is_span(name, "transfer-encoding"))
        return 501;
    if (is_span(name, "expect"))
        return 417;
    if (is_span(name, "connection") && is_span(value, "close"))
        out->keep_alive = false;
    if (is_span(name, "accept")) {
        size_t room = sizeof out->accept - 1;
        value.n = value.n < room ? value.n : room;
        copy_span(value, out->accept, sizeof out->accept);
    }
    return 0;
}

static struct span strip_blanks(struct span value) {
    while (value.n > 0 && strchr(" \t", value.at[0]))
        value = (struct span){value.at + 1, value.n - 1};
    while (value.n > 0 && strchr(" \t", value.at[value.n - 1]))
        value.n--;
    return value;
}

static unsigned read_header(struct span line, struct http_request *out, struct seen *seen) {
    const char *colon = memchr(line.at, ':', line.n);
    if (!colon)
        return 400;
    struct span name = {line.at, (size_t)(colon - line.at)};
    struct span value = {colon + 1, line.n - name.n - 1};
    if (!is_token(name) || !is_value(value))
        return 400;
    return read_field(name, strip_blanks(value), out, seen);
}

unsigned http_request_parse(const char *head, size_t n, struct http_request *out) {
    struct span rest = {head, n}, line;
    struct seen seen = {0};
    memset(out, 0, sizeof *out);
    if (!next_line(&rest, &line))
        return 400;
    unsigned status = read_request_line(line, out);
    bool one_one = out->keep_alive;
    for (size_t i = 0; status == 0; i++) {
        if (!next_line(&rest, &line))
            return 400;
        if (line.n == 0)
            break;
        status = i < HTTP_HEADERS_MAX ? read_header(line, out, &seen) : 431;
    }
    if (status == 0 && one_one && !seen.host)
        return 400;
    return status;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

bool http_request_decode(const char *text, size_t n, char *out, size_t size) {
    size_t made = 0;
    for (size_t i = 0; i < n; i++) {
        int byte = (unsigned char)text[i];
        if (byte == '%') {
            int high = i + 2 < n ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
            if (low < 0)
                return false;
            byte = high * 16 + low;
            i += 2;
        }
        if (byte < ' ' || byte == 0x7f || made + 1 >= size)
            return false;
        out[made++] = (char)byte;
    }
    out[made] = '\0';
    return true;
}

bool http_request_parameter(const struct http_request *request, const char *name, char *out,
                            size_t size) {
    const char *at = strchr(request->target, '?');
    size_t name_n = strlen(name);
    out[0] = '\0';
    while (at) {
        const char *pair = at + 1;
        size_t n = strcspn(pair, "&");
        at = strchr(pair, '&');
        if (n >= name_n && strncmp(pair, name, name_n) == 0) {
            if (n == name_n)
                return true;
            if (pair[name_n] == '=')
                return http_request_decode(pair + name_n + 1, n - name_n - 1, out, size);
        }
    }
    return true;
}
