/* A name server that sends whatever bytes a test wants, over UDP and TCP on one port of the loopback
 * interface, in a process of its own. Included by tests; everything is static. */
#pragma once

#include "tests/unit/dns_message.h"

#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

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
