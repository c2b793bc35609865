/* Name servers for the resolver's tests: real ones, on loopback UDP ports, in a process of their
 * own. What a name gives is decided by the name. Included by one test; everything is static. */
#pragma once

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5, HEADER = 12 };
/* So late is an answer of slow.example; a question is asked again after 1200. */
enum { DNS_SLOW_MS = 800 };

static struct event_base *server_loop;
static atomic_int *dns_server_questions; /* how many came; shared memory, set before the fork */

static bool is_under(const char *name, const char *suffix) {
    size_t n = strlen(name), k = strlen(suffix);
    return n >= k && strcasecmp(name + n - k, suffix) == 0 && (n == k || name[n - k - 1] == '.');
}

static void reply_later(evutil_socket_t fd, short what, void *request) {
    (void)fd;
    (void)what;
    evdns_server_request_respond(request, 0);
}

static void reply_after(struct evdns_server_request *request, int ms) {
    struct timeval after = {ms / 1000, ms % 1000 * 1000};
    event_base_once(server_loop, -1, EV_TIMEOUT, reply_later, request, &after);
}

static void add_a(struct evdns_server_request *request, const char *name, const char *address,
                  int ttl_s) {
    struct in_addr in;
    if (inet_pton(AF_INET, address, &in) == 1)
        evdns_server_request_add_a_reply(request, name, 1, &in, ttl_s);
}

static void add_aaaa(struct evdns_server_request *request, const char *name, const char *address,
                     int ttl_s) {
    struct in6_addr in6;
    if (inet_pton(AF_INET6, address, &in6) == 1)
        evdns_server_request_add_aaaa_reply(request, name, 1, &in6, ttl_s);
}

/* Adds addresses that end in 1, 2, … */
static void add_many(struct evdns_server_request *request, const char *name, bool v6, int n) {
    for (int i = 1; i <= n; i++) {
        char address[32];
        snprintf(address, sizeof address, v6 ? "2001:db8::%d" : "192.0.2.%d", i);
        (v6 ? add_aaaa : add_a)(request, name, address, 300);
    }
}

/* Datagrams that are no answers to anything, but for one id in 65,536. */
static void send_junk(struct evdns_server_request *request, evutil_socket_t fd) {
    static const uint8_t forged[] = {
        0xff, 0xff, 0x81, 0x80, 0,   1, 0,   1,   0,   0,   0,   0, /* header */
        4,    'j',  'u',  'n',  'k', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0,
        1,    0xc0, 0x0c, 0,    1,   0, 1,   0,   0,   1,   0,   0,   4,   6, 6, 6, 6};
    uint8_t noise[1400];
    struct sockaddr_storage to;
    int n = evdns_server_request_get_requesting_addr(request, (struct sockaddr *)&to, sizeof to);
    memset(noise, 0xff, sizeof noise);
    for (size_t length = 0; length < HEADER + 2; length++)
        sendto(fd, noise, length, 0, (struct sockaddr *)&to, (socklen_t)n);
    sendto(fd, noise, sizeof noise, 0, (struct sockaddr *)&to, (socklen_t)n);
    sendto(fd, forged, sizeof forged, 0, (struct sockaddr *)&to, (socklen_t)n);
}

/* What each name gives: addresses of one family. */
static void add_addresses(struct evdns_server_request *request, const char *name, bool v6) {
    if (is_under(name, "cname.example")) {
        evdns_server_request_add_cname_reply(request, name, "target.example", 10);
        if (!v6)
            add_a(request, "target.example", "192.0.2.77", 120);
    } else if (is_under(name, "many.example")) {
        add_many(request, name, v6, v6 ? 10 : 14);
    } else if (is_under(name, "toomany.example")) {
        add_many(request, name, v6, v6 ? 10 : 20);
    } else if (is_under(name, "truncated.example")) {
        add_many(request, name, v6, v6 ? 1 : 60);
    } else if (is_under(name, "alltruncated.example")) {
        add_many(request, name, v6, 60);
    } else if (is_under(name, "sixonly.example") || is_under(name, "half-fail.example")) {
        if (v6)
            add_aaaa(request, name, "2001:db8::1", 300);
    } else if (is_under(name, "both.example")) {
        v6 ? add_aaaa(request, name, "2001:db8::1", 60) : add_a(request, name, "192.0.2.1", 300);
    } else if (!is_under(name, "empty.example") && !v6) {
        add_a(request, name, "192.0.2.1", 300);
    }
}

static void on_request(struct evdns_server_request *request, void *socket) {
    const char *name = request->questions[0]->name;
    bool v6 = request->questions[0]->type == EVDNS_TYPE_AAAA;
    int rcode = 0;
    atomic_fetch_add(dns_server_questions, 1);
    if (is_under(name, "silent.example") || (is_under(name, "half-silent.example") && v6)) {
        evdns_server_request_drop(request);
        return;
    }
    if (is_under(name, "nx.example"))
        rcode = RCODE_NXDOMAIN;
    else if (is_under(name, "servfail.example") || (is_under(name, "half-fail.example") && !v6))
        rcode = RCODE_SERVFAIL;
    else if (is_under(name, "refused.example"))
        rcode = RCODE_REFUSED;
    else
        add_addresses(request, name, v6);
    if (is_under(name, "junk.example"))
        send_junk(request, *(evutil_socket_t *)socket);
    if (is_under(name, "slow.example"))
        reply_after(request, DNS_SLOW_MS);
    else
        evdns_server_request_respond(request, rcode);
}

/* The second server answers with the right id, but breaks the answer as the name says. */
static void on_raw_request(evutil_socket_t fd, short what, void *arg) {
    (void)what;
    (void)arg;
    uint8_t packet[1500] = {0};
    struct sockaddr_storage from;
    socklen_t from_n = sizeof from;
    ssize_t n = recvfrom(fd, packet, 512, 0, (struct sockaddr *)&from, &from_n);
    if (n <= HEADER)
        return;
    packet[2] |= 0x80; /* an answer */
    packet[7] = 1;     /* that has one record */
    switch (packet[HEADER + 1] | 0x20) {
    case 'h': /* header alone */
        n = HEADER;
        break;
    case 'c': /* cut before the record */
        break;
    case 'l': /* a name that points at itself */
        packet[n] = 0xc0;
        packet[n + 1] = (uint8_t)n;
        n += 2;
        break;
    case 'q': /* another question */
        packet[HEADER + 1] = 'z';
        break;
    case 'r': /* a record longer than the datagram */
        memcpy(packet + n, "\xc0\x0c\0\1\0\1\0\0\1\0\xff\xfc", 12);
        n += 12;
        break;
    }
    sendto(fd, packet, (size_t)n, 0, (struct sockaddr *)&from, from_n);
}

/* Serves for ever: the first socket by name, the second with broken answers. */
static void dns_server_run(evutil_socket_t fd, evutil_socket_t raw_fd) {
    server_loop = event_base_new();
    evdns_add_server_port_with_base(server_loop, fd, 0, on_request, &fd);
    struct event *raw = event_new(server_loop, raw_fd, EV_READ | EV_PERSIST, on_raw_request, NULL);
    event_add(raw, NULL);
    event_base_dispatch(server_loop);
    _exit(1);
}
