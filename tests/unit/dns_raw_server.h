/* A name server that sends whatever bytes a test wants, over UDP and TCP on one port of the loopback
 * interface, in a process of its own. Included by tests; everything is static. */
#pragma once

#include <arpa/inet.h>
#include <assert.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DNS_HEADER = 12, DNS_A = 1, DNS_IN = 1 };

/* ---- Messages ---- */

struct message {
    size_t n;
    uint8_t bytes[65535];
};

static inline void put_u16(struct message *message, unsigned value) {
    message->bytes[message->n++] = (uint8_t)(value >> 8);
    message->bytes[message->n++] = (uint8_t)value;
}

static inline void put_bytes(struct message *message, const void *bytes, size_t n) {
    memcpy(message->bytes + message->n, bytes, n);
    message->n += n;
}

static inline void put_name(struct message *message, const char *name) {
    while (*name) {
        size_t n = strcspn(name, ".");
        message->bytes[message->n++] = (uint8_t)n;
        put_bytes(message, name, n);
        name += n + (name[n] == '.');
    }
    message->bytes[message->n++] = 0;
}

/* Begins an answer: the header and the question as it came. */
static inline void begin_answer(struct message *message, const uint8_t *question, size_t n) {
    message->n = 0;
    put_bytes(message, question, n);
    message->bytes[2] |= 0x80;
    message->bytes[3] = 0x80;
}

/* Room for data of that length behind the record's head; `owner` NULL is the asked name. */
static inline void put_record_head(struct message *message, const char *owner, unsigned type,
                                   unsigned class, uint32_t ttl_s, size_t data_n) {
    if (owner)
        put_name(message, owner);
    else
        put_u16(message, 0xc000 + DNS_HEADER);
    put_u16(message, type);
    put_u16(message, class);
    put_u16(message, ttl_s >> 16);
    put_u16(message, ttl_s & 0xffff);
    put_u16(message, (unsigned)data_n);
    unsigned count = (unsigned)(message->bytes[6] << 8 | message->bytes[7]) + 1;
    message->bytes[6] = (uint8_t)(count >> 8);
    message->bytes[7] = (uint8_t)count;
}

/* An address in the family of the type. */
static inline void put_address(struct message *message, const char *owner, unsigned type,
                               uint32_t ttl_s, const char *v4, const char *v6) {
    uint8_t binary[16];
    size_t n = type == DNS_A ? 4 : 16;
    int sound = inet_pton(type == DNS_A ? AF_INET : AF_INET6, type == DNS_A ? v4 : v6, binary);
    assert(sound == 1);
    (void)sound;
    put_record_head(message, owner, type, DNS_IN, ttl_s, n);
    put_bytes(message, binary, n);
}

/* The type that a question asks for. */
static inline unsigned type_of(const uint8_t *question, size_t n) {
    return (unsigned)(question[n - 4] << 8 | question[n - 3]);
}

/* The first label, in small letters. */
static inline const char *label_of(const uint8_t *question) {
    static char label[64];
    size_t n = question[DNS_HEADER] & 63;
    for (size_t i = 0; i < n; i++) {
        char c = (char)question[DNS_HEADER + 1 + i];
        label[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    label[n] = '\0';
    return label;
}

static inline void flip_letters(uint8_t *question) {
    for (uint8_t *c = question + DNS_HEADER; *c; c++)
        if ((*c | 0x20) >= 'a' && (*c | 0x20) <= 'z')
            *c ^= 0x20;
}

/* ---- The server ---- */

struct raw_server {
    struct event_base *base;
    int udp, tcp;
    char where[32]; /* address:port */
    pid_t pid;
    /* Answers a question, which ends where the message ends: by sendto(udp, …, to), later or not. */
    void (*on_udp)(struct raw_server *server, const uint8_t *question, size_t n,
                   const struct sockaddr_in *from);
    /* Answers on a connection; what is written comes behind the length of the question's message. */
    void (*on_tcp)(struct raw_server *server, const uint8_t *question, size_t n, int connection);
};

static inline void send_datagram(int fd, const struct message *message,
                                 const struct sockaddr_in *to) {
    sendto(fd, message->bytes, message->n, 0, (const struct sockaddr *)to, sizeof *to);
}

static void on_udp_readable(evutil_socket_t fd, short what, void *arg) {
    struct raw_server *server = arg;
    uint8_t question[512];
    struct sockaddr_in from;
    socklen_t from_n = sizeof from;
    (void)what;
    ssize_t n = recvfrom(fd, question, sizeof question, 0, (struct sockaddr *)&from, &from_n);
    if (n > DNS_HEADER)
        server->on_udp(server, question, (size_t)n, &from);
}

static void on_connection(evutil_socket_t fd, short what, void *arg) {
    struct raw_server *server = arg;
    uint8_t question[514];
    (void)what;
    int connection = accept(fd, NULL, NULL);
    ssize_t n = recv(connection, question, sizeof question, 0);
    if (n > DNS_HEADER + 2)
        server->on_tcp(server, question + 2, (size_t)n - 2, connection);
}

/* A UDP socket on a port of its own. */
static inline int bind_udp(struct sockaddr_in *in) {
    socklen_t n = sizeof *in;
    *in = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)in, n) != 0 || getsockname(fd, (struct sockaddr *)in, &n) != 0)
        _exit(1);
    int room = 1 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return fd;
}

static void run_raw_server(struct raw_server *server) {
    server->base = event_base_new();
    event_add(event_new(server->base, server->udp, EV_READ | EV_PERSIST, on_udp_readable, server),
              NULL);
    event_add(event_new(server->base, server->tcp, EV_READ | EV_PERSIST, on_connection, server),
              NULL);
    event_base_dispatch(server->base);
}

static void start_raw_server(struct raw_server *server) {
    struct sockaddr_in in;
    do { /* until the port is free for TCP, too */
        server->udp = bind_udp(&in);
        server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    } while (bind(server->tcp, (struct sockaddr *)&in, sizeof in) != 0);
    if (listen(server->tcp, 64) != 0)
        _exit(1);
    snprintf(server->where, sizeof server->where, "127.0.0.1:%u", (unsigned)ntohs(in.sin_port));
    pid_t parent = getpid();
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            run_raw_server(server);
        _exit(1);
    }
    close(server->udp);
    close(server->tcp);
}

static void stop_raw_server(struct raw_server *server) {
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}
