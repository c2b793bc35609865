/* Answers of the name servers for as long as they hold: chained hash table and list by last use. */
#include "scanner/net/dns_cache.h"

#include "scanner/base/alloc.h"
#include "scanner/base/hash.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { US_PER_S = 1000000 };

/* An address as it is stored: a sockaddr_storage would take 128 bytes. */
struct packed {
    sa_family_t family;
    union {
        struct in_addr v4;
        struct in6_addr v6;
    } address;
};

struct entry {
    TAILQ_ENTRY(entry) by_use;
    LIST_ENTRY(entry) in_bucket;
    uint64_t until_us;
    char *host;
    const char *why;
    uint8_t count;
    struct packed addresses[];
};

TAILQ_HEAD(entries, entry);
LIST_HEAD(bucket, entry);

struct dns_cache {
    size_t count, size;
    struct entries by_use;  /* the last used first */
    struct bucket *buckets; /* `size` of them */
};

struct dns_cache *dns_cache_new(uint32_t entries) {
    assert(entries > 0);
    struct dns_cache *cache = alloc_zero(1, sizeof *cache);
    cache->size = entries;
    cache->buckets = alloc_zero(entries, sizeof *cache->buckets);
    TAILQ_INIT(&cache->by_use);
    return cache;
}

static void drop_entry(struct dns_cache *cache, struct entry *entry) {
    TAILQ_REMOVE(&cache->by_use, entry, by_use);
    LIST_REMOVE(entry, in_bucket);
    cache->count--;
    free(entry->host);
    free(entry);
}

void dns_cache_free(struct dns_cache *cache) {
    if (!cache)
        return;
    while (!TAILQ_EMPTY(&cache->by_use))
        drop_entry(cache, TAILQ_FIRST(&cache->by_use));
    free(cache->buckets);
    free(cache);
}

static struct bucket *bucket_of(const struct dns_cache *cache, const char *host) {
    return &cache->buckets[hash_text_64(host) % cache->size];
}

static struct entry *find_entry(const struct dns_cache *cache, const char *host) {
    struct entry *entry;
    LIST_FOREACH(entry, bucket_of(cache, host), in_bucket) {
        if (strcmp(entry->host, host) == 0)
            return entry;
    }
    return NULL;
}

static struct packed pack_address(const struct sockaddr_storage *from) {
    struct packed to = {.family = from->ss_family};
    if (from->ss_family == AF_INET)
        to.address.v4 = ((const struct sockaddr_in *)from)->sin_addr;
    else
        to.address.v6 = ((const struct sockaddr_in6 *)from)->sin6_addr;
    return to;
}

static void unpack_address(const struct packed *from, struct sockaddr_storage *to) {
    *to = (struct sockaddr_storage){.ss_family = from->family};
    if (from->family == AF_INET)
        ((struct sockaddr_in *)to)->sin_addr = from->address.v4;
    else
        ((struct sockaddr_in6 *)to)->sin6_addr = from->address.v6;
}

bool dns_cache_get(struct dns_cache *cache, const char *host, uint64_t now_us,
                   struct resolver_answer *out) {
    struct entry *entry = find_entry(cache, host);
    if (!entry)
        return false;
    if (entry->until_us <= now_us) {
        drop_entry(cache, entry);
        return false;
    }
    TAILQ_REMOVE(&cache->by_use, entry, by_use);
    TAILQ_INSERT_HEAD(&cache->by_use, entry, by_use);
    out->count = entry->count;
    out->why = entry->why;
    out->ttl_s = (uint32_t)((entry->until_us - now_us) / US_PER_S);
    for (size_t i = 0; i < entry->count; i++)
        unpack_address(&entry->addresses[i], &out->addresses[i]);
    return true;
}

static uint32_t seconds_to_keep(const struct resolver_answer *answer) {
    if (answer->count == 0)
        return DNS_CACHE_NEGATIVE_S;
    if (answer->ttl_s < DNS_CACHE_TTL_MIN_S)
        return DNS_CACHE_TTL_MIN_S;
    return answer->ttl_s > DNS_CACHE_TTL_MAX_S ? DNS_CACHE_TTL_MAX_S : answer->ttl_s;
}

void dns_cache_put(struct dns_cache *cache, const char *host, uint64_t now_us,
                   const struct resolver_answer *answer) {
    struct entry *old = find_entry(cache, host);
    if (!old && cache->count == cache->size)
        old = TAILQ_LAST(&cache->by_use, entries);
    if (old)
        drop_entry(cache, old);
    struct entry *entry = alloc_zero(1, sizeof *entry + answer->count * sizeof entry->addresses[0]);
    entry->host = alloc_string(host);
    entry->why = answer->why;
    entry->until_us = now_us + (uint64_t)seconds_to_keep(answer) * US_PER_S;
    entry->count = answer->count;
    for (size_t i = 0; i < answer->count; i++)
        entry->addresses[i] = pack_address(&answer->addresses[i]);
    TAILQ_INSERT_HEAD(&cache->by_use, entry, by_use);
    LIST_INSERT_HEAD(bucket_of(cache, host), entry, in_bucket);
    cache->count++;
}

size_t dns_cache_count(const struct dns_cache *cache) {
    return cache->count;
}
