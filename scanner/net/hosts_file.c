/* The names of a hosts file, as libevent reads it.
 *
 * libevent looks at a hosts file only within evdns_getaddrinfo, and there a name that the file does
 * not have goes on to the name servers. This evdns_base has none, and besides it makes every
 * question impossible: its one search domain is a label of more than 63 characters (RFC 1035 2.3.4)
 * and every name is short of dots for being asked as it is. So a question cannot be put together
 * and evdns_getaddrinfo calls back with a failure before it returns. */
#include "scanner/net/hosts_file.h"

#include "scanner/base/alloc.h"
#include "scanner/base/quote.h"

#include <assert.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <stdlib.h>
#include <string.h>

enum { DOTS_MORE_THAN_ANY_NAME = 1000 };
static const char impossible_domain[] =
    "impossible-impossible-impossible-impossible-impossible-impossible-impossible";

struct hosts_file {
    struct evdns_base *evdns;
};

struct hosts_file *hosts_file_new(struct event_base *base, const char *path, struct err *err) {
    char quoted[QUOTE_SIZE];
    struct evdns_base *evdns = evdns_base_new(base, 0);
    if (!evdns) {
        err_set(err, "cannot create a libevent resolver");
        return NULL;
    }
    evdns_base_search_clear(evdns);
    evdns_base_search_add(evdns, impossible_domain);
    evdns_base_search_ndots_set(evdns, DOTS_MORE_THAN_ANY_NAME);
    if (evdns_base_load_hosts(evdns, path ? path : "/etc/hosts") != 0 && path) {
        evdns_base_free(evdns, 0);
        err_set(err, "hosts file %s: cannot be read", quote_text(path, quoted));
        return NULL;
    }
    struct hosts_file *hosts = alloc_zero(1, sizeof *hosts);
    hosts->evdns = evdns;
    return hosts;
}

void hosts_file_free(struct hosts_file *hosts) {
    if (!hosts)
        return;
    evdns_base_free(hosts->evdns, 0);
    free(hosts);
}

/* Copies one family, so that IPv4 comes first whatever the file's order. */
static void take_family(const struct evutil_addrinfo *list, int family,
                        struct resolver_answer *out) {
    for (; list && out->count < RESOLVER_ADDRESSES_MAX; list = list->ai_next)
        if (list->ai_family == family)
            memcpy(&out->addresses[out->count++], list->ai_addr, list->ai_addrlen);
}

static void on_found(int status, struct evutil_addrinfo *list, void *arg) {
    /* Were a question ever under way, its cancellation would come when `arg` is gone. */
    if (status != 0)
        return;
    take_family(list, AF_INET, arg);
    take_family(list, AF_INET6, arg);
    evutil_freeaddrinfo(list);
}

bool hosts_file_find(struct hosts_file *hosts, const char *host, struct resolver_answer *out) {
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct evdns_getaddrinfo_request *asked =
        evdns_getaddrinfo(hosts->evdns, host, NULL, &hints, on_found, out);
    assert(!asked);
    if (asked)
        evdns_getaddrinfo_cancel(asked);
    return out->count > 0;
}
