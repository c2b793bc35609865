/* Tells the service manager how the process is: the protocol of sd_notify(3). */
#include "cmd/service/notify.h"

#include "scanner/base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The address that NOTIFY_SOCKET names; false if it names none that we know. */
static bool find_socket(struct sockaddr_un *out, socklen_t *size) {
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path ? strlen(path) : 0;
    bool known = n > 1 && n < sizeof out->sun_path && (path[0] == '/' || path[0] == '@');
    if (!known)
        return false;
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(out->sun_path, path, n);
    if (path[0] == '@') /* abstract, unix(7): the first byte is 0 and the length counts */
        out->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '/'));
    return true;
}

static bool send_message(const char *message) {
    struct sockaddr_un address;
    socklen_t size = 0;
    if (!find_socket(&address, &size))
        return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    ssize_t sent;
    do
        sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT,
                      (struct sockaddr *)&address, size);
    while (sent < 0 && errno == EINTR);
    close(fd);
    return sent == (ssize_t)strlen(message);
}

static bool send_with_status(const char *first, const char *status) {
    char message[512];
    int n = snprintf(message, sizeof message, "%sSTATUS=", first);
    char *line = message + n;
    snprintf(line, sizeof message - (size_t)n, "%s", status);
    for (; *line; line++)
        if (*line == '\n')
            *line = ' ';
    return send_message(message);
}

bool notify_ready(const char *status) {
    return send_with_status("READY=1\n", status);
}

bool notify_reloading(void) {
    char message[64];
    snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_mono_us());
    return send_message(message);
}

bool notify_stopping(void) {
    return send_message("STOPPING=1");
}

bool notify_status(const char *status) {
    return send_with_status("", status);
}

bool notify_watchdog(void) {
    return send_message("WATCHDOG=1");
}

/* A whole number of an environment variable; false if it is none. */
static bool read_number(const char *name, uint64_t *out) {
    const char *text = getenv(name);
    char *end;
    if (!text || text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

uint64_t notify_watchdog_us(void) {
    uint64_t usec = 0, pid = 0;
    if (!read_number("WATCHDOG_USEC", &usec))
        return 0;
    if (getenv("WATCHDOG_PID") && (!read_number("WATCHDOG_PID", &pid) || pid != (uint64_t)getpid()))
        return 0;
    return usec;
}
