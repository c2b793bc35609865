/* Names to addresses: literals, hosts file, cache, then A and AAAA by evdns.
 *
 * A query is the caller's side: a timer and a callback. A lookup is libevent's side: the two
 * questions, whose callbacks libevent cannot be kept from making. They point at each other while
 * both live; a query that is cancelled or overdue leaves its lookup to end by itself. */
#include "scanner/net/resolver.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/net/dns_cache.h"
#include "scanner/net/hosts_file.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    SEND_TIMES = 3,
    SEND_EVERY_S = 2,
    OTHER_FAMILY_MS = 2500, /* long enough for the second sending to be answered */
    DNS_PORT = 53,
    SERVER_GIVEN_TWICE = 3, /* libevent's status, which has no name */
    US_PER_MS = 1000,
    US_PER_S = 1000000,
    ERROR_UNASKABLE = -1, /* ours: libevent could not put the name into a question */
};

static const struct {
    const char *option, *value;
} evdns_options[] = {
    {"timeout:", "2"},        /* SEND_EVERY_S */
    {"attempts:", "3"},       /* SEND_TIMES */
    {"randomize-case:", "1"}, /* 0x20 bits make a forged answer harder to guess */
    /* 512 names; libevent's 64 requests let a few silent servers hold up everybody, and a burst of
       thousands does not fit into a name server's socket */
    {"max-inflight:", "1024"},
    {"max-timeouts:", "255"}, /* one silent zone is no reason to give a server up */
    {"initial-probe-timeout:",
     "3600"},                  /* each probe asks for google.com; any answer revives, too */
    {"so-rcvbuf:", "1048576"}, /* answers to a burst of questions arrive in a burst */
};

/* What one of the two questions gave. */
struct side {
    bool answered;
    int error; /* DNS_ERR_* or ERROR_UNASKABLE; valid if answered */
    uint32_t ttl_s;
    uint8_t count;
    uint8_t addresses[RESOLVER_ADDRESSES_MAX][sizeof(struct in6_addr)];
};

struct lookup {
    LIST_ENTRY(lookup) others;
    struct resolver *resolver;    /* NULL once it was freed */
    struct resolver_query *query; /* NULL once nobody waits */
    uint64_t started_us;
    unsigned callbacks_due;
    struct side a, aaaa;
    char host[]; /* the key of the cache */
};

struct resolver_query {
    struct event *timer; /* the deadline; at once if the answer is there already */
    uint64_t deadline_us;
    struct lookup *lookup; /* NULL if `answer` is there already */
    resolver_cb *cb;
    void *arg;
    struct resolver_answer answer;
};

struct resolver {
    struct event_base *base;
    struct evdns_base *evdns;
    struct hosts_file *hosts;
    struct dns_cache *cache; /* NULL if off */
    bool serverless;         /* there is nobody to ask */
    uint64_t heard_us;       /* when a server last answered anything */
    LIST_HEAD(, lookup) lookups;
};

static bool add_server(struct evdns_base *evdns, char *server, struct err *err) {
    char quoted[QUOTE_SIZE];
    struct sockaddr_storage address = {0};
    int size = sizeof address;
    server += strspn(server, " \t");
    server[strcspn(server, " \t")] = '\0';
    quote_text(server, quoted);
    /* Read here, since evdns would print what it cannot read as it stands. */
    if (evutil_parse_sockaddr_port(server, (struct sockaddr *)&address, &size) != 0)
        return err_set(err, "name server %s: not an address or address:port", quoted);
    in_port_t *port = address.ss_family == AF_INET ? &((struct sockaddr_in *)&address)->sin_port
                                                   : &((struct sockaddr_in6 *)&address)->sin6_port;
    if (*port == 0)
        *port = htons(DNS_PORT);
    int status = evdns_base_nameserver_sockaddr_add(evdns, (struct sockaddr *)&address,
                                                    (ev_socklen_t)size, 0);
    if (status == SERVER_GIVEN_TWICE)
        return err_set(err, "name server %s: given twice", quoted);
    return status == 0 || err_set(err, "name server %s: cannot be used", quoted);
}

static bool read_resolv_conf(struct evdns_base *evdns, const struct resolver_options *options,
                             struct err *err) {
    const char *path = options->resolv_conf ? options->resolv_conf : "/etc/resolv.conf";
    evdns_base_resolv_conf_parse(evdns, DNS_OPTION_NAMESERVERS | DNS_OPTION_NAMESERVERS_NO_DEFAULT,
                                 path);
    return options->serverless || evdns_base_count_nameservers(evdns) > 0 ||
           err_set(err, "%s: no usable name server", path);
}

static bool add_servers(struct evdns_base *evdns, const char *servers, struct err *err) {
    bool sound = true;
    char *copy = alloc_string(servers), *rest = copy, *server;
    while (sound && (server = strsep(&rest, ",")) != NULL)
        sound = add_server(evdns, server, err);
    free(copy);
    return sound;
}

/* libevent would print what it thinks of the name servers on standard error; what that means for a
 * name, its answer says. */
static void drop_remark(int is_warning, const char *text) {
    (void)is_warning;
    (void)text;
}

static struct evdns_base *evdns_new(struct event_base *base, const struct resolver_options *options,
                                    struct err *err) {
    evdns_set_log_fn(drop_remark); /* the process's, like libevent's own */
    struct evdns_base *evdns = evdns_base_new(base, 0);
    if (!evdns) {
        err_set(err, "cannot create a libevent resolver");
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(evdns_options); i++) {
        int status = evdns_base_set_option(evdns, evdns_options[i].option, evdns_options[i].value);
        assert(status == 0);
        (void)status;
    }
    if (options->servers ? add_servers(evdns, options->servers, err)
                         : read_resolv_conf(evdns, options, err))
        return evdns;
    evdns_base_free(evdns, 0);
    return NULL;
}

struct resolver *resolver_new(struct event_base *base, const struct resolver_options *options,
                              struct err *err) {
    struct evdns_base *evdns = evdns_new(base, options, err);
    if (!evdns)
        return NULL;
    struct hosts_file *hosts = hosts_file_new(base, options->hosts_file, err);
    if (!hosts) {
        evdns_base_free(evdns, 0);
        return NULL;
    }
    struct resolver *resolver = alloc_zero(1, sizeof *resolver);
    *resolver = (struct resolver){.base = base,
                                  .evdns = evdns,
                                  .hosts = hosts,
                                  .serverless = evdns_base_count_nameservers(evdns) == 0};
    if (options->cache_entries > 0)
        resolver->cache = dns_cache_new(options->cache_entries);
    return resolver;
}

void resolver_free(struct resolver *resolver) {
    if (!resolver)
        return;
    /* While nothing is active, no callback of ours is on its way: the lookups can go silently.
     * Otherwise libevent is told to fail what is left, and each lookup goes with its last one. */
    bool idle = event_base_get_num_events(resolver->base, EVENT_BASE_COUNT_ACTIVE) == 0;
    evdns_base_free(resolver->evdns, !idle);
    struct lookup *lookup, *next;
    for (lookup = LIST_FIRST(&resolver->lookups); lookup; lookup = next) {
        next = LIST_NEXT(lookup, others);
        assert(!lookup->query);
        lookup->resolver = NULL;
        if (idle)
            free(lookup);
    }
    hosts_file_free(resolver->hosts);
    dns_cache_free(resolver->cache);
    free(resolver);
}

/* Ordered by what says most: a name that does not exist has neither family; a failure that passes
 * leaves it open whether there are addresses; no data is the least. */
static const struct {
    int error;
    const char *why;
} faults[] = {
    {ERROR_UNASKABLE, "not a name that DNS can look up"},
    {DNS_ERR_NOTEXIST, "the name does not exist (NXDOMAIN)"},
    {DNS_ERR_SERVERFAILED, "the name servers failed (SERVFAIL)"},
    {DNS_ERR_REFUSED, "the name server refused to answer (REFUSED)"},
    {DNS_ERR_FORMAT, "the name server did not understand the query (FORMERR)"},
    {DNS_ERR_NOTIMPL, "the name server does not support this query (NOTIMP)"},
    {DNS_ERR_TRUNCATED, "the answer was truncated"},
    {DNS_ERR_TIMEOUT, "no answer from the name servers in time"},
    {DNS_ERR_UNKNOWN, "the answer was malformed"},
    {DNS_ERR_NODATA, "the name has no address"},
};

enum { FAULTS = COUNT_OF(faults) };

/* Where the side's fault stands in the table; not having answered is a timeout. */
static size_t fault_of(const struct side *side) {
    int error = side->answered ? side->error : DNS_ERR_TIMEOUT;
    for (size_t i = 0; i < FAULTS; i++)
        if (faults[i].error == error)
            return i;
    return fault_of(&(struct side){.answered = true, .error = DNS_ERR_UNKNOWN});
}

static bool is_settled(const struct side *side) {
    return side->answered &&
           (side->count > 0 || side->error == DNS_ERR_NODATA || side->error == DNS_ERR_NOTEXIST);
}

static void add_side(const struct side *side, sa_family_t family, struct resolver_answer *out) {
    if (side->count > 0 && (out->count == 0 || side->ttl_s < out->ttl_s))
        out->ttl_s = side->ttl_s;
    for (size_t i = 0; i < side->count && out->count < RESOLVER_ADDRESSES_MAX; i++) {
        struct sockaddr_storage *to = &out->addresses[out->count++];
        *to = (struct sockaddr_storage){.ss_family = family};
        if (family == AF_INET)
            memcpy(&((struct sockaddr_in *)to)->sin_addr, side->addresses[i], 4);
        else
            memcpy(&((struct sockaddr_in6 *)to)->sin6_addr, side->addresses[i], 16);
    }
}

static void answer_from(const struct lookup *lookup, struct resolver_answer *out) {
    size_t a = fault_of(&lookup->a), aaaa = fault_of(&lookup->aaaa);
    add_side(&lookup->a, AF_INET, out);
    add_side(&lookup->aaaa, AF_INET6, out);
    if (out->count == 0)
        out->why = faults[a < aaaa ? a : aaaa].why;
    out->silence =
        out->count == 0 && lookup->resolver && lookup->resolver->heard_us < lookup->started_us;
}

/* Ends a query: the callback is the last thing that happens. */
static void finish_query(struct resolver_query *query) {
    struct resolver_query copy = *query;
    if (copy.lookup) {
        copy.lookup->query = NULL;
        answer_from(copy.lookup, &copy.answer);
    }
    event_free(query->timer);
    free(query);
    copy.cb(&copy.answer, copy.arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg) {
    (void)fd;
    (void)what;
    finish_query(arg);
}

static void set_timer(struct resolver_query *query, uint32_t after_ms) {
    struct timeval after = {after_ms / 1000, (suseconds_t)(after_ms % 1000) * US_PER_MS};
    event_add(query->timer, &after);
}

/* One family has answered: the other is not waited for much longer, within the deadline. */
static void shorten_wait(struct resolver_query *query) {
    uint64_t now_us = clock_mono_us();
    if (query->deadline_us > now_us + OTHER_FAMILY_MS * US_PER_MS)
        set_timer(query, OTHER_FAMILY_MS);
}

static void keep_answer(const struct lookup *lookup) {
    struct resolver_answer answer = {0};
    bool settled = is_settled(&lookup->a) && is_settled(&lookup->aaaa);
    answer_from(lookup, &answer);
    if (!settled && answer.count == 0)
        return;
    /* The family that failed must not be missing for as long as the other one holds. */
    if (!settled)
        answer.ttl_s = 0;
    dns_cache_put(lookup->resolver->cache, lookup->host, clock_mono_us(), &answer);
}

static void lookup_done(struct lookup *lookup) {
    struct resolver_query *query = lookup->query;
    if (lookup->resolver) {
        if (lookup->resolver->cache)
            keep_answer(lookup);
        LIST_REMOVE(lookup, others);
    }
    if (query) {
        answer_from(lookup, &query->answer);
        query->lookup = NULL;
    }
    free(lookup);
    if (query)
        finish_query(query);
}

/* libevent takes SERVFAIL for a lost packet, sends again at once and in the end reports a timeout.
 * A real one cannot come before all sendings have had their time; half of one is left for the
 * coarseness of timers. */
static int true_error(const struct lookup *lookup, int error) {
    uint64_t soonest_us = (SEND_TIMES * SEND_EVERY_S - 1) * (uint64_t)US_PER_S;
    if (error == DNS_ERR_TIMEOUT && clock_mono_us() - lookup->started_us < soonest_us)
        return DNS_ERR_SERVERFAILED;
    return error;
}

static void take_reply(struct lookup *lookup, struct side *side, int error, size_t address_size,
                       int count, int ttl_s, const void *addresses) {
    lookup->callbacks_due--;
    side->answered = true;
    side->error = true_error(lookup, error);
    if (side->error != DNS_ERR_TIMEOUT && side->error != DNS_ERR_SHUTDOWN && lookup->resolver)
        lookup->resolver->heard_us = clock_mono_us();
    if (error == DNS_ERR_NONE && count == 0)
        side->error = DNS_ERR_NODATA;
    side->ttl_s = ttl_s > 0 ? (uint32_t)ttl_s : 0; /* RFC 2181 8: the top bit means 0 */
    for (int i = 0; error == DNS_ERR_NONE && i < count && i < RESOLVER_ADDRESSES_MAX; i++)
        memcpy(side->addresses[side->count++], (const char *)addresses + (size_t)i * address_size,
               address_size);
    if (lookup->callbacks_due == 0)
        lookup_done(lookup);
    else if (lookup->query && side->count > 0)
        shorten_wait(lookup->query);
}

static void on_a(int error, char type, int count, int ttl_s, void *addresses, void *arg) {
    struct lookup *lookup = arg;
    (void)type;
    take_reply(lookup, &lookup->a, error, sizeof(struct in_addr), count, ttl_s, addresses);
}

static void on_aaaa(int error, char type, int count, int ttl_s, void *addresses, void *arg) {
    struct lookup *lookup = arg;
    (void)type;
    take_reply(lookup, &lookup->aaaa, error, sizeof(struct in6_addr), count, ttl_s, addresses);
}

/* Asks both questions; false with `why` where there is nobody to ask or libevent takes neither. */
static bool ask_servers(struct resolver *resolver, struct resolver_query *query, const char *host) {
    if (resolver->serverless) { /* libevent would hold the questions back for ever */
        query->answer.why = "no name server is configured";
        query->answer.silence = true;
        return false;
    }
    size_t n = strlen(host) + 1;
    struct lookup *lookup = alloc_zero(1, sizeof *lookup + n);
    memcpy(lookup->host, host, n);
    lookup->started_us = clock_mono_us();
    if (evdns_base_resolve_ipv4(resolver->evdns, host, DNS_QUERY_NO_SEARCH, on_a, lookup))
        lookup->callbacks_due++;
    else
        lookup->a = (struct side){.answered = true, .error = ERROR_UNASKABLE};
    if (evdns_base_resolve_ipv6(resolver->evdns, host, DNS_QUERY_NO_SEARCH, on_aaaa, lookup))
        lookup->callbacks_due++;
    else
        lookup->aaaa = (struct side){.answered = true, .error = ERROR_UNASKABLE};
    if (lookup->callbacks_due == 0) {
        answer_from(lookup, &query->answer);
        free(lookup);
        return false;
    }
    lookup->resolver = resolver;
    lookup->query = query;
    query->lookup = lookup;
    LIST_INSERT_HEAD(&resolver->lookups, lookup, others);
    return true;
}

static bool read_literal(const char *host, struct resolver_answer *out) {
    struct sockaddr_in *in = (struct sockaddr_in *)&out->addresses[0];
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->addresses[0];
    if (inet_pton(AF_INET, host, &in->sin_addr) == 1)
        in->sin_family = AF_INET;
    else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1)
        in6->sin6_family = AF_INET6;
    else
        return false;
    out->count = 1;
    return true;
}

/* What can be answered without asking anybody. */
static bool is_known(struct resolver *resolver, const char *host, struct resolver_answer *out) {
    return read_literal(host, out) || hosts_file_find(resolver->hosts, host, out) ||
           (resolver->cache && dns_cache_get(resolver->cache, host, clock_mono_us(), out));
}

struct resolver_query *resolver_start(struct resolver *resolver, const char *host,
                                      uint32_t timeout_ms, resolver_cb *cb, void *arg) {
    struct resolver_query *query = alloc_zero(1, sizeof *query);
    query->cb = cb;
    query->arg = arg;
    query->deadline_us = clock_mono_us() + (uint64_t)timeout_ms * US_PER_MS;
    query->timer = evtimer_new(resolver->base, on_timer, query);
    assert(query->timer);
    bool waits = !is_known(resolver, host, &query->answer) && ask_servers(resolver, query, host);
    set_timer(query, waits ? timeout_ms : 0);
    return query;
}

void resolver_cancel(struct resolver_query *query) {
    if (!query)
        return;
    if (query->lookup)
        query->lookup->query = NULL;
    event_free(query->timer);
    free(query);
}
