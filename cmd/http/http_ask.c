/* Asks a running daemon over its Unix socket. */
#include "cmd/http/http_ask.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_S = 10, PIECE = 65536 };

static bool say_why(const char *socket_path, struct err *err) {
    const char *why = errno == EAGAIN ? "no answer within ten seconds" : strerror(errno);
    return err_set(err, "%s: %s", socket_path, why);
}

static int connect_to(const char *path, struct err *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {PATIENCE_S, 0};
    if (strlen(path) >= sizeof address.sun_path) {
        err_set(err, "%s: too long for the name of a socket", path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    say_why(path, err);
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool send_request(int fd, const char *method, const char *path) {
    char text[2048];
    int n =
        snprintf(text, sizeof text,
                 "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path);
    return send(fd, text, (size_t)n, MSG_NOSIGNAL) == n;
}

/* Everything until the other side closes, with a zero at its end; NULL on an error. To be freed. */
static char *receive_all(int fd) {
    char *text = NULL;
    size_t n = 0, room = 0;
    ssize_t got;
    do {
        text = array_reserve(text, n + PIECE + 1, &room, 1);
        got = recv(fd, text + n, PIECE, 0);
        n += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    text[n] = '\0';
    if (got == 0)
        return text;
    free(text);
    return NULL;
}

static bool read_answer(const char *text, struct http_answered *out) {
    const char *body = strstr(text, "\r\n\r\n");
    if (!body || sscanf(text, "HTTP/1.1 %3u ", &out->status) != 1)
        return false;
    out->document = json_loads(body + 4, 0, NULL);
    return true;
}

bool http_ask(const char *socket_path, const char *method, const char *path,
              struct http_answered *out, struct err *err) {
    *out = (struct http_answered){0};
    int fd = connect_to(socket_path, err);
    if (fd < 0)
        return false;
    char *text = send_request(fd, method, path) ? receive_all(fd) : NULL;
    bool good = text ? read_answer(text, out) || err_set(err, "%s: no answer in HTTP", socket_path)
                     : say_why(socket_path, err);
    free(text);
    close(fd);
    return good;
}

bool http_ask_complain(const struct http_answered *answered, struct err *err) {
    const char *said = json_string_value(json_object_get(answered->document, "error"));
    return err_set(err, "%s", said ? said : "the daemon refused without a reason");
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
