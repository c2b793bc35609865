/* What the lab remembers about one destination. */
#include "lab_site.h"

#include "scanner/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Open addressing with linear probing, at most half full. */
struct lab_sites {
    const struct lab_table *table;
    uint64_t seed;
    struct lab_site **slots;
    size_t slots_n, used;
};

struct lab_sites *lab_site_new(const struct lab_table *table, uint64_t seed) {
    struct lab_sites *sites = alloc_zero(1, sizeof *sites);
    sites->table = table;
    sites->seed = seed;
    sites->slots_n = 1024;
    sites->slots = alloc_zero(sites->slots_n, sizeof(struct lab_site *));
    return sites;
}

void lab_site_free(struct lab_sites *sites) {
    if (!sites)
        return;
    for (size_t i = 0; i < sites->slots_n; i++)
        free(sites->slots[i]);
    free(sites->slots);
    free(sites);
}

static struct lab_site **slot_of(const struct lab_sites *sites, const struct lab_address *address,
                                 uint16_t port) {
    size_t i = lab_address_hash(0, address, port, 0) & (sites->slots_n - 1);
    for (;; i = (i + 1) & (sites->slots_n - 1)) {
        const struct lab_site *site = sites->slots[i];
        if (!site || (site->port == port && memcmp(&site->address, address, sizeof *address) == 0))
            return &sites->slots[i];
    }
}

static void grow(struct lab_sites *sites) {
    struct lab_site **old = sites->slots;
    size_t old_n = sites->slots_n;
    sites->slots_n *= 2;
    sites->slots = alloc_zero(sites->slots_n, sizeof(struct lab_site *));
    for (size_t i = 0; i < old_n; i++)
        if (old[i])
            *slot_of(sites, &old[i]->address, old[i]->port) = old[i];
    free(old);
}

struct lab_site *lab_site_at(struct lab_sites *sites, const struct lab_address *address,
                             uint16_t port) {
    struct lab_site **slot = slot_of(sites, address, port);
    if (*slot)
        return *slot;
    const struct lab_entry *entry = lab_table_find(sites->table, address, port);
    if (!entry)
        return NULL;
    if (2 * ++sites->used > sites->slots_n) {
        grow(sites);
        slot = slot_of(sites, address, port);
    }
    *slot = alloc_zero(1, sizeof **slot);
    (*slot)->address = *address;
    (*slot)->port = port;
    (*slot)->entry = entry;
    return *slot;
}

/* True in `percent` of 100 cases. */
static bool chance(double percent, uint64_t hash) {
    return percent >= 100 || (double)(hash >> 11) < percent / 100 * (double)(UINT64_C(1) << 53);
}

static bool over_rate(struct lab_site *site, uint32_t rate, uint64_t now_us) {
    if (now_us - site->window_us >= 1000000) {
        site->window_us = now_us;
        site->window_n = 0;
    }
    return ++site->window_n > rate;
}

bool lab_site_misbehaves(struct lab_sites *sites, struct lab_site *site,
                         const struct lab_address *source, uint16_t source_port, uint64_t now_us) {
    const struct lab_profile *profile = &site->entry->profile;
    site->connections++;
    if (site->entry->behaviour->rules_n == 0)
        return false;
    if (site->banned_until_us != 0) {
        if (now_us < site->banned_until_us)
            return true;
        site->banned_until_us = 0;
        site->since_ban = 0;
    }
    uint32_t number = ++site->since_ban;
    if ((profile->rate > 0 && !over_rate(site, profile->rate, now_us)) ||
        number <= profile->after || (profile->every > 0 && number % profile->every != 0) ||
        !chance(profile->percent,
                lab_address_hash(sites->seed, &site->address, site->port, site->connections)) ||
        !chance(profile->sticky, lab_address_hash(sites->seed, source, source_port, 1)))
        return false;
    if (profile->ban_ms > 0 && !lab_behaviour_does(site->entry->behaviour, LAB_ACT_BAN))
        site->banned_until_us = now_us + (uint64_t)profile->ban_ms * 1000;
    return true;
}

void lab_site_ban(struct lab_site *site, uint64_t now_us) {
    site->banned_until_us = now_us + (uint64_t)site->entry->profile.ban_ms * 1000;
}

bool lab_site_is_banned(const struct lab_site *site, uint64_t now_us) {
    return now_us < site->banned_until_us;
}

json_t *lab_site_json(const struct lab_site *site) {
    char text[LAB_ADDRESS_TEXT_SIZE];
    return json_pack("{s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "address",
                     lab_address_text(&site->address, text), "port", site->port, "behaviour",
                     site->entry->behaviour->name, "connections", (json_int_t)site->connections,
                     "misbehaved", (json_int_t)site->misbehaved, "hellos", (json_int_t)site->hellos,
                     "retries", (json_int_t)site->retries, "finished", (json_int_t)site->finished,
                     "alerts_in", (json_int_t)site->alerts_in, "resets_in",
                     (json_int_t)site->resets_in);
}

void lab_site_each(const struct lab_sites *sites,
                   void (*visit)(const struct lab_site *site, void *arg), void *arg) {
    for (size_t i = 0; i < sites->slots_n; i++)
        if (sites->slots[i])
            visit(sites->slots[i], arg);
}
