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

enum { MESSAGE_SIZE = 512, WAITING_MAX = 8 };

/* What the manager had no room for and must hear all the same, the oldest first. */
static struct {
    size_t n;
    char messages[WAITING_MAX][MESSAGE_SIZE];
} waiting;

enum sent { SENT_TAKEN, SENT_LATER, SENT_NEVER };

static enum sent outcome_of(ssize_t sent) {
    if (sent >= 0)
        return SENT_TAKEN;
    return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? SENT_LATER : SENT_NEVER;
}

static enum sent send_message(const char *message) {
    struct sockaddr_un address;
    socklen_t size = 0;
    if (!find_socket(&address, &size))
        return SENT_NEVER;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE ? SENT_LATER : SENT_NEVER;
    ssize_t sent;
    do
        sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT,
                      (struct sockaddr *)&address, size);
    while (sent < 0 && errno == EINTR);
    enum sent outcome = outcome_of(sent);
    close(fd);
    return outcome;
}

void notify_flush(void) {
    size_t done = 0;
    while (done < waiting.n && send_message(waiting.messages[done]) != SENT_LATER)
        done++;
    waiting.n -= done;
    memmove(waiting.messages, waiting.messages + done, waiting.n * MESSAGE_SIZE);
}

static void keep_waiting(const char *message) {
    if (waiting.n == WAITING_MAX) {
        waiting.n--;
        memmove(waiting.messages, waiting.messages + 1, waiting.n * MESSAGE_SIZE);
    }
    snprintf(waiting.messages[waiting.n++], MESSAGE_SIZE, "%s", message);
}

/* Another one follows soon that says the same or better. */
static bool send_or_lose(const char *message) {
    notify_flush();
    return waiting.n == 0 && send_message(message) == SENT_TAKEN;
}

/* Nothing else says it, and the manager waits for it. */
static bool send_or_keep(const char *message) {
    notify_flush();
    enum sent sent = waiting.n > 0 ? SENT_LATER : send_message(message);
    if (sent == SENT_LATER)
        keep_waiting(message);
    return sent == SENT_TAKEN;
}

static char *write_status(const char *first, const char *status, char message[MESSAGE_SIZE]) {
    int n = snprintf(message, MESSAGE_SIZE, "%sSTATUS=", first);
    char *line = message + n;
    snprintf(line, MESSAGE_SIZE - (size_t)n, "%s", status);
    for (; *line; line++)
        if (*line == '\n')
            *line = ' ';
    return message;
}

bool notify_ready(const char *status) {
    char message[MESSAGE_SIZE];
    return send_or_keep(write_status("READY=1\n", status, message));
}

bool notify_reloading(void) {
    char message[64];
    snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_mono_us());
    return send_or_keep(message);
}

bool notify_stopping(void) {
    return send_or_keep("STOPPING=1");
}

bool notify_status(const char *status) {
    char message[MESSAGE_SIZE];
    return send_or_lose(write_status("", status, message));
}

bool notify_watchdog(void) {
    return send_or_lose("WATCHDOG=1");
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
