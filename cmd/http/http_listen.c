/* Sockets that the daemon's HTTP listens on. */
#include "cmd/http/http_listen.h"

#include "scanner/base/quote.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

static bool parse_port(const char *text, in_port_t *port) {
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    *port = htons((uint16_t)number);
    return *text >= '0' && *text <= '9' && !*end && number <= 65535;
}

/* The address's length, or 0 if it is none. */
static socklen_t parse_address(const char *text, union address *out) {
    char host[64];
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    bool bracketed = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    in_port_t port;
    memset(out, 0, sizeof *out);
    if (!parse_port(colon ? colon + 1 : text, &port) || n >= sizeof host)
        return 0;
    snprintf(host, sizeof host, "%.*s", (int)(bracketed ? n - 2 : n), text + bracketed);
    if (bracketed) {
        out->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
        return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1 ? sizeof out->v6 : 0;
    }
    out->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    const char *v4 = !colon || strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    return inet_pton(AF_INET, v4, &out->v4.sin_addr) == 1 ? sizeof out->v4 : 0;
}

static int make_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int close_with(int fd, const char *name, struct err *err) {
    err_set(err, "cannot listen on %s: %s", name, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool http_listen_check(const char *text, struct err *err) {
    union address address;
    char quoted[QUOTE_SIZE];
    return parse_address(text, &address) > 0 ||
           err_set(err, "http_listen: %s is no address and port; use 127.0.0.1:9730 or [::1]:9730",
                   quote_text(text, quoted));
}

int http_listen_tcp(const char *text, struct err *err) {
    union address address;
    int on = 1;
    if (!http_listen_check(text, err))
        return -1;
    socklen_t n = parse_address(text, &address);
    int fd = make_socket(address.any.sa_family);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, &address.any, n) != 0 || listen(fd, SOMAXCONN) != 0)
        return close_with(fd, text, err);
    return fd;
}

uint16_t http_listen_port(int fd) {
    union address address = {0};
    socklen_t n = sizeof address;
    if (getsockname(fd, &address.any, &n) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

/* Removes a socket that nobody answers. */
static bool remove_stale(const union address *address, socklen_t n, struct err *err) {
    const char *path = address->local.sun_path;
    struct stat about;
    if (lstat(path, &about) != 0)
        return errno == ENOENT || err_set(err, "%s: %s", path, strerror(errno));
    if (!S_ISSOCK(about.st_mode))
        return err_set(err, "%s: exists and is not a socket", path);
    int fd = make_socket(AF_UNIX);
    if (fd < 0)
        return err_set(err, "%s: %s", path, strerror(errno));
    bool refused = connect(fd, &address->any, n) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!refused)
        return err_set(err, "%s: another program listens on it", path);
    return unlink(path) == 0 || err_set(err, "%s: %s", path, strerror(errno));
}

int http_listen_unix(const char *path, unsigned mode, struct err *err) {
    union address address = {.local = {.sun_family = AF_UNIX}};
    socklen_t n = sizeof address.local;
    if (strlen(path) >= sizeof address.local.sun_path) {
        err_set(err, "%s: longer than %zu bytes, the most that a socket's name may have", path,
                sizeof address.local.sun_path - 1);
        return -1;
    }
    memcpy(address.local.sun_path, path, strlen(path));
    if (!remove_stale(&address, n, err))
        return -1;
    int fd = make_socket(AF_UNIX);
    mode_t before = umask(0177); /* nobody may connect before its permissions are set */
    bool bound = fd >= 0 && bind(fd, &address.any, n) == 0;
    umask(before);
    if (!bound || chmod(path, mode) != 0 || listen(fd, SOMAXCONN) != 0)
        return close_with(fd, path, err);
    return fd;
}
