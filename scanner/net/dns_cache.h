/* Answers of the name servers for as long as they hold, in bounded memory. Pure: time is an
 * argument.
 *
 * Addresses are kept for their TTL, but at least 5 s and at most 1 h; that a name does not exist or
 * has no address, for 30 s. Other failures pass and are not kept. */
#pragma once

#include "scanner/net/resolved.h"

#include <stddef.h>

enum {
    DNS_CACHE_TTL_MIN_S = 5,
    DNS_CACHE_TTL_MAX_S = 3600,
    DNS_CACHE_NEGATIVE_S = 30,
};

struct dns_cache;

/* Keeps up to `entries` (at least 1) names; the one that was used longest ago makes room for a new
 * one. An entry takes about 100 bytes, the name and 20 bytes an address. Free with dns_cache_free;
 * NULL is fine there. */
struct dns_cache *dns_cache_new(uint32_t entries);
void dns_cache_free(struct dns_cache *cache);

/* Fills `out` with what is known of the name, its `ttl_s` being the time that is left; false if
 * nothing is. `now_us` is on the monotonic clock. Names are compared byte by byte. */
bool dns_cache_get(struct dns_cache *cache, const char *host, uint64_t now_us,
                   struct resolver_answer *out);

/* Keeps an answer, in place of an older one. The caller leaves out failures that pass. */
void dns_cache_put(struct dns_cache *cache, const char *host, uint64_t now_us,
                   const struct resolver_answer *answer);

/* How many names are kept, overdue ones included; for tests of the bound. */
size_t dns_cache_count(const struct dns_cache *cache);
