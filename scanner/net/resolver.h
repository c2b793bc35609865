/* Names to addresses: A and AAAA of the name servers, /etc/hosts first, within a deadline.
 *
 * No search domains and no resolv.conf options are used: a name means the same on every machine.
 * How the servers are asked, and which answers are believed, stands in dns_client.h and
 * dns_answer.h. While questions are on their way, their sockets keep event_base_dispatch running. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/net/resolved.h"

struct event_base;
struct resolver;
struct resolver_query;

typedef void resolver_cb(const struct resolver_answer *answer, void *arg);

struct resolver_options {
    const char *servers;     /* comma-separated `address`, `address:port` or `[v6]:port`; NULL: the
                                nameserver lines of `resolv_conf` */
    const char *hosts_file;  /* NULL: /etc/hosts, if there is one. Read once, by resolver_new */
    uint32_t cache_entries;  /* names whose answers are kept, see dns_cache.h; 0: none are */
    const char *resolv_conf; /* NULL: /etc/resolv.conf */
    bool serverless;         /* with NULL `servers` and none in `resolv_conf`, names that need one
                                have no address; else that is an error */
};

/* The base is borrowed and must outlive the resolver. NULL with `err` where a server's address is
 * malformed, none is configured and one is needed, or a named hosts file cannot be read. Free when
 * no query is under way (cancel them first), within a callback of a query or not; NULL is fine. */
struct resolver *resolver_new(struct event_base *base, const struct resolver_options *options,
                              struct err *err);
void resolver_free(struct resolver *resolver);

/* Looks up a name or an address literal (IPv6 without brackets): exactly one callback, never before
 * this returns, unless cancelled. The answer is valid only during the callback. One address family
 * is enough: if the other fails it is left out, and once one has given addresses the other is
 * waited for no longer than 2.5 s, which leaves time for one lost datagram. At most 512 names are
 * asked for at a time, each with two file descriptors for each server that was asked; further ones
 * wait, but their deadlines run. */
struct resolver_query *resolver_start(struct resolver *resolver, const char *host,
                                      uint32_t timeout_ms, resolver_cb *cb, void *arg);

/* No callback will come and the query is gone. What was sent to the servers is not taken back; a
 * late answer only goes into the cache. NULL is fine. */
void resolver_cancel(struct resolver_query *query);
