/* Asks a running daemon over its Unix socket. */
#include "cmd/http/http_ask.h"

#include "scanner/base/array.h"
#include "scanner/base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_US = 10000000, PIECE = 65536 };

/* One request while it is being asked. */
struct asking {
    const char *path; /* of the socket */
    int fd;
    uint64_t end_us; /* when patience is over */
    char *body;
    size_t n, room;
    bool whole;
};

static bool say_why(const struct asking *asking, struct err *err) {
    const char *why = errno == EAGAIN ? "no answer within ten seconds" : strerror(errno);
    return err_set(err, "%s: %s", asking->path, why);
}

/* The next call on the socket waits no longer than until the end. False with EAGAIN if that is over. */
static bool limit_wait(const struct asking *asking, int option) {
    uint64_t now_us = clock_mono_us();
    if (now_us >= asking->end_us) {
        errno = EAGAIN;
        return false;
    }
    uint64_t rest_us = asking->end_us - now_us;
    struct timeval rest = {(time_t)(rest_us / 1000000), (suseconds_t)(rest_us % 1000000)};
    return setsockopt(asking->fd, SOL_SOCKET, option, &rest, sizeof rest) == 0;
}

static bool connect_to(struct asking *asking, struct err *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(asking->path);
    if (n >= sizeof address.sun_path)
        return err_set(err, "%s: too long for the name of a socket", asking->path);
    memcpy(address.sun_path, asking->path, n);
    asking->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return (asking->fd >= 0 && limit_wait(asking, SO_SNDTIMEO) &&
            connect(asking->fd, (struct sockaddr *)&address, sizeof address) == 0) ||
           say_why(asking, err);
}

static bool send_request(const struct asking *asking, const char *method, const char *path,
                         struct err *err) {
    char text[2048];
    int n =
        snprintf(text, sizeof text,
                 "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path);
    return (limit_wait(asking, SO_SNDTIMEO) &&
            send(asking->fd, text, (size_t)n, MSG_NOSIGNAL) == n) ||
           say_why(asking, err);
}

static int append_body(http_parser *parser, const char *bytes, size_t n) {
    struct asking *asking = parser->data;
    asking->body = array_reserve(asking->body, asking->n + n, &asking->room, 1);
    memcpy(asking->body + asking->n, bytes, n);
    asking->n += n;
    return 0;
}

/* Answers of 1xx announce the one that counts. */
static int end_message(http_parser *parser) {
    struct asking *asking = parser->data;
    asking->whole = parser->status_code >= 200;
    return 0;
}

/* Reads until the answer is whole. The parser is told of the end, too: it ends some bodies. */
static bool receive_answer(struct asking *asking, struct http_answered *out, struct err *err) {
    static const http_parser_settings settings = {.on_body = append_body,
                                                  .on_message_complete = end_message};
    http_parser parser = {.data = asking};
    char piece[PIECE];
    ssize_t got;
    http_parser_init(&parser, HTTP_RESPONSE);
    do {
        got = limit_wait(asking, SO_RCVTIMEO) ? recv(asking->fd, piece, sizeof piece, 0) : -1;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return say_why(asking, err);
        http_parser_execute(&parser, &settings, piece, (size_t)got);
    } while (got != 0 && !asking->whole && HTTP_PARSER_ERRNO(&parser) == HPE_OK);
    if (!asking->whole)
        return err_set(err, "%s: the answer is not HTTP", asking->path);
    out->status = parser.status_code;
    out->document = asking->n > 0 ? json_loadb(asking->body, asking->n, 0, NULL) : NULL;
    return true;
}

bool http_ask(const char *socket_path, const char *method, const char *path,
              struct http_answered *out, struct err *err) {
    struct asking asking = {.path = socket_path, .fd = -1, .end_us = clock_mono_us() + PATIENCE_US};
    *out = (struct http_answered){0};
    bool good = connect_to(&asking, err) && send_request(&asking, method, path, err) &&
                receive_answer(&asking, out, err);
    free(asking.body);
    if (asking.fd >= 0)
        close(asking.fd);
    return good;
}

bool http_ask_complain(const struct http_answered *answered, struct err *err) {
    const char *said = json_string_value(json_object_get(answered->document, "error"));
    return err_set(err, "%s", said ? said : "the daemon refused and gave no reason");
}

bool http_ask_add_name(char *path, size_t size, const char *name) {
    size_t n = strlen(path);
    for (; *name; name++) {
        unsigned char byte = (unsigned char)*name;
        bool plain = isalnum(byte) || strchr("-._:", byte);
        if (n + 4 > size)
            return false;
        n += (size_t)snprintf(path + n, size - n, plain ? "%c" : "%%%02X", byte);
    }
    return true;
}
