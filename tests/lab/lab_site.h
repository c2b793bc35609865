/* What the lab remembers about one destination (address and port): whether it is in the mood to
 * misbehave, and counters of what it did. */
#pragma once

#include "lab_table.h"

#include <jansson.h>

struct lab_site {
    struct lab_address address;
    uint16_t port;
    const struct lab_entry *entry;
    /* counters */
    uint32_t connections, misbehaved, hellos, retries, finished, alerts_in, resets_in;
    /* mood */
    uint32_t since_ban;       /* connections since the last ban ended */
    uint64_t banned_until_us; /* 0: not banned */
    uint64_t window_us;       /* start of the running second of `rate` */
    uint32_t window_n;        /* connections in it */
};

struct lab_sites;

struct lab_sites *lab_site_new(const struct lab_table *table, uint64_t seed);
void lab_site_free(struct lab_sites *sites);

/* The site of a destination, made at its first connection; NULL if the table has no line for it.
 * Borrowed, valid until lab_site_free. */
struct lab_site *lab_site_at(struct lab_sites *sites, const struct lab_address *address,
                             uint16_t port);

/* Counts a connection and says whether it is one of those that are treated badly. */
bool lab_site_misbehaves(struct lab_sites *sites, struct lab_site *site,
                         const struct lab_address *source, uint16_t source_port, uint64_t now_us);

/* From now on everybody is treated badly there for `ban_ms`. */
void lab_site_ban(struct lab_site *site, uint64_t now_us);
bool lab_site_is_banned(const struct lab_site *site, uint64_t now_us);

/* Counters of one site; new reference. */
json_t *lab_site_json(const struct lab_site *site);

/* Calls `visit` with each site in no particular order. */
void lab_site_each(const struct lab_sites *sites,
                   void (*visit)(const struct lab_site *site, void *arg), void *arg);
