/* Names to addresses: literals, hosts file, cache, then A and AAAA from the name servers.
 *
 * A query is the caller's side: a timer and a callback. A lookup is the name servers' side: the two
 * questions, which are not taken back. They point at each other while both live; a query that is
 * cancelled or overdue leaves its lookup to end by itself. */
#include "scanner/net/resolver.h"

#include "scanner/base/alloc.h"
#include "scanner/base/clock.h"
#include "scanner/net/dns_cache.h"
#include "scanner/net/dns_client.h"
#include "scanner/net/hosts_file.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    LOOKUPS_MAX = 512,      /* a burst of thousands does not fit into a name server's socket */
    OTHER_FAMILY_MS = 2500, /* long enough for the second sending to be answered */
    US_PER_MS = 1000,
};

/* What one of the two questions gave. */
struct side {
    bool answered;
    struct dns_answer answer; /* valid if answered */
};

struct lookup {
    LIST_ENTRY(lookup) others;
    TAILQ_ENTRY(lookup) others_waiting; /* while `waits` */
    struct resolver *resolver;
    struct resolver_query *query; /* NULL once nobody waits */
    uint64_t started_us;
    bool waits; /* for its turn */
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
    struct dns_client *client; /* NULL: there is nobody to ask */
    struct hosts_file *hosts;
    struct dns_cache *cache; /* NULL if off */
    uint64_t heard_us;       /* when a server last answered anything */
    unsigned asked;          /* lookups whose questions are on their way */
    LIST_HEAD(, lookup) lookups;
    TAILQ_HEAD(, lookup) waiting;
};

/* False with `err`; without an error and with no client where names need not be asked for. */
static bool open_client(struct resolver *resolver, const struct resolver_options *options,
                        struct err *err) {
    const char *path = options->resolv_conf ? options->resolv_conf : "/etc/resolv.conf";
    struct dns_servers servers;
    if (options->servers) {
        if (!dns_servers_read(options->servers, &servers, err))
            return false;
    } else {
        dns_servers_from_file(resolver->base, path, &servers);
        if (servers.count == 0)
            return options->serverless || err_set(err, "%s: no usable name server", path);
    }
    resolver->client = dns_client_new(resolver->base, &servers, err);
    dns_servers_clear(&servers);
    return resolver->client != NULL;
}

struct resolver *resolver_new(struct event_base *base, const struct resolver_options *options,
                              struct err *err) {
    struct resolver *resolver = alloc_zero(1, sizeof *resolver);
    resolver->base = base;
    TAILQ_INIT(&resolver->waiting);
    if (!open_client(resolver, options, err) ||
        !(resolver->hosts = hosts_file_new(base, options->hosts_file, err))) {
        resolver_free(resolver);
        return NULL;
    }
    if (options->cache_entries > 0)
        resolver->cache = dns_cache_new(options->cache_entries);
    return resolver;
}

void resolver_free(struct resolver *resolver) {
    struct lookup *lookup;
    if (!resolver)
        return;
    dns_client_free(resolver->client);
    while ((lookup = LIST_FIRST(&resolver->lookups)) != NULL) {
        assert(!lookup->query);
        LIST_REMOVE(lookup, others);
        free(lookup);
    }
    hosts_file_free(resolver->hosts);
    dns_cache_free(resolver->cache);
    free(resolver);
}

/* Not having answered is silence, unless nobody was asked. */
static enum dns_fault fault_of(const struct lookup *lookup, const struct side *side) {
    enum dns_fault none = lookup->waits ? DNS_UNSENT : DNS_SILENT;
    return side->answered ? side->answer.fault : none;
}

static bool is_settled(const struct side *side) {
    return side->answered &&
           (side->answer.fault == DNS_FAULT_NONE || side->answer.fault == DNS_NO_ADDRESS ||
            side->answer.fault == DNS_NO_NAME);
}

static void add_side(const struct side *side, sa_family_t family, struct resolver_answer *out) {
    const struct dns_answer *answer = &side->answer;
    if (answer->count > 0 && (out->count == 0 || answer->ttl_s < out->ttl_s))
        out->ttl_s = answer->ttl_s;
    for (size_t i = 0; i < answer->count && out->count < RESOLVER_ADDRESSES_MAX; i++) {
        struct sockaddr_storage *to = &out->addresses[out->count++];
        *to = (struct sockaddr_storage){.ss_family = family};
        if (family == AF_INET)
            memcpy(&((struct sockaddr_in *)to)->sin_addr, answer->addresses[i], 4);
        else
            memcpy(&((struct sockaddr_in6 *)to)->sin6_addr, answer->addresses[i], 16);
    }
}

/* Says nothing about the name, whoever answered meanwhile. */
static bool is_local_trouble(enum dns_fault fault) {
    return fault == DNS_UNSENT || fault == DNS_OTHER_CASE;
}

static void answer_from(const struct lookup *lookup, struct resolver_answer *out) {
    enum dns_fault a = fault_of(lookup, &lookup->a), aaaa = fault_of(lookup, &lookup->aaaa);
    add_side(&lookup->a, AF_INET, out);
    add_side(&lookup->aaaa, AF_INET6, out);
    if (out->count > 0)
        return;
    /* The fault that says most comes first. */
    out->why = dns_answer_why(a < aaaa ? a : aaaa);
    out->silence = is_local_trouble(a) || is_local_trouble(aaaa) ||
                   lookup->resolver->heard_us < lookup->started_us;
}

static void free_lookup(struct lookup *lookup) {
    LIST_REMOVE(lookup, others);
    free(lookup);
}

/* A lookup that still waits for its turn goes with its query. */
static void leave_lookup(struct lookup *lookup) {
    lookup->query = NULL;
    if (!lookup->waits)
        return;
    TAILQ_REMOVE(&lookup->resolver->waiting, lookup, others_waiting);
    free_lookup(lookup);
}

/* Ends a query: the callback is the last thing that happens. */
static void finish_query(struct resolver_query *query) {
    struct resolver_query copy = *query;
    if (copy.lookup) {
        answer_from(copy.lookup, &copy.answer);
        leave_lookup(copy.lookup);
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

static void ask_next(struct resolver *resolver);

static void finish_lookup(struct lookup *lookup) {
    struct resolver *resolver = lookup->resolver;
    struct resolver_query *query = lookup->query;
    if (resolver->cache)
        keep_answer(lookup);
    if (query) {
        answer_from(lookup, &query->answer);
        query->lookup = NULL;
    }
    free_lookup(lookup);
    resolver->asked--;
    ask_next(resolver);
    if (query)
        finish_query(query);
}

static void take_answer(struct lookup *lookup, struct side *side, const struct dns_answer *answer) {
    lookup->callbacks_due--;
    *side = (struct side){.answered = true, .answer = *answer};
    if (answer->fault != DNS_SILENT && answer->fault != DNS_UNSENT)
        lookup->resolver->heard_us = clock_mono_us();
    if (lookup->callbacks_due == 0)
        finish_lookup(lookup);
    else if (lookup->query && answer->count > 0)
        shorten_wait(lookup->query);
}

static void on_a(const struct dns_answer *answer, void *arg) {
    struct lookup *lookup = arg;
    take_answer(lookup, &lookup->a, answer);
}

static void on_aaaa(const struct dns_answer *answer, void *arg) {
    struct lookup *lookup = arg;
    take_answer(lookup, &lookup->aaaa, answer);
}

static void ask_question(struct lookup *lookup, struct side *side, enum dns_type type,
                         dns_client_cb *cb) {
    if (dns_client_ask(lookup->resolver->client, lookup->host, type, cb, lookup))
        lookup->callbacks_due++;
    else
        *side = (struct side){.answered = true, .answer.fault = DNS_UNASKABLE};
}

/* False, and nothing is on its way, if the name does not fit into a question. */
static bool ask_both(struct lookup *lookup) {
    ask_question(lookup, &lookup->a, DNS_TYPE_A, on_a);
    ask_question(lookup, &lookup->aaaa, DNS_TYPE_AAAA, on_aaaa);
    lookup->resolver->asked += lookup->callbacks_due > 0;
    return lookup->callbacks_due > 0;
}

/* The answer of a lookup that was not asked is there at once. */
static void answer_unasked(struct lookup *lookup) {
    struct resolver_query *query = lookup->query;
    answer_from(lookup, &query->answer);
    query->lookup = NULL;
    free_lookup(lookup);
    set_timer(query, 0);
}

/* Gives the turn to those that wait, and of them to those that somebody waits for. */
static void ask_next(struct resolver *resolver) {
    struct lookup *lookup;
    while (resolver->asked < LOOKUPS_MAX && (lookup = TAILQ_FIRST(&resolver->waiting)) != NULL) {
        TAILQ_REMOVE(&resolver->waiting, lookup, others_waiting);
        lookup->waits = false;
        if (!ask_both(lookup))
            answer_unasked(lookup);
    }
}

static void start_lookup(struct resolver *resolver, struct resolver_query *query,
                         const char *host) {
    size_t n = strlen(host) + 1;
    struct lookup *lookup = alloc_zero(1, sizeof *lookup + n);
    memcpy(lookup->host, host, n);
    lookup->started_us = clock_mono_us();
    lookup->resolver = resolver;
    lookup->query = query;
    lookup->waits = true;
    query->lookup = lookup;
    LIST_INSERT_HEAD(&resolver->lookups, lookup, others);
    TAILQ_INSERT_TAIL(&resolver->waiting, lookup, others_waiting);
    ask_next(resolver);
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
    if (is_known(resolver, host, &query->answer)) {
        set_timer(query, 0);
    } else if (!resolver->client) {
        query->answer.why = "no name server is configured";
        query->answer.silence = true;
        set_timer(query, 0);
    } else {
        set_timer(query, timeout_ms);
        start_lookup(resolver, query, host);
    }
    return query;
}

void resolver_cancel(struct resolver_query *query) {
    if (!query)
        return;
    if (query->lookup)
        leave_lookup(query->lookup);
    event_free(query->timer);
    free(query);
}
