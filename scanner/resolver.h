/* Names to addresses: A and AAAA by evdns, /etc/hosts first, within a deadline. */
#pragma once

#include "scanner/base/err.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

struct event_base;
struct resolver;
struct resolver_query;

/* More addresses than this of one name are ignored. */
#define RESOLVER_ADDRESSES_MAX 16

/* What a name gave. With no address `why` says so, as a person would want to read it. */
struct resolver_answer {
    uint8_t count;
    struct sockaddr_storage addresses[RESOLVER_ADDRESSES_MAX]; /* IPv4 first; ports are 0 */
    uint32_t ttl_s;      /* the smallest of all records; 0 from /etc/hosts */
    const char *why;     /* static; NULL if count > 0 */
};

typedef void resolver_cb(const struct resolver_answer *answer, void *arg);

struct resolver_options {
    const char *servers;    /* comma-separated `address` or `address:port`; NULL: /etc/resolv.conf */
    const char *hosts_file; /* NULL: /etc/hosts */
};

/* The base is borrowed and must outlive the resolver. NULL with `err` where a server's address is
 * malformed or none is configured. Free when no query is under way. */
struct resolver *resolver_new(struct event_base *base, const struct resolver_options *options,
                              struct err *err);
void resolver_free(struct resolver *resolver);

/* Looks a name up: exactly one callback, never before this returns, unless cancelled. The answer is
 * valid only during the callback. */
struct resolver_query *resolver_start(struct resolver *resolver, const char *host,
                                      uint32_t timeout_ms, resolver_cb *cb, void *arg);
void resolver_cancel(struct resolver_query *query);
