/* How often we may connect, and how many connections may be open at a time. */
#include "scanner/net/politeness.h"

#include "scanner/base/alloc.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(text) abort()
#include <uthash.h>

/* A booking that is used later than this is not used at all. */
#define LATE_US 50000

/* An address or a prefix: family, then the significant bytes. */
struct key {
    uint8_t bytes[17];
};

/* One prefix or one address that is being scanned, waited for, or was dialled so lately that the
 * next connection has to wait. */
struct crowd {
    struct key key;
    uint32_t held;                         /* places, waiting ones included */
    uint32_t active;                       /* scans under way */
    uint32_t waiting;                      /* of a prefix: length of its queue */
    uint64_t next_us;                      /* when the next connection may be opened */
    struct politeness_place *first, *last; /* of a prefix: those that wait, in order of arrival */
    UT_hash_handle hh;
};

enum phase { PHASE_IDLE, PHASE_LOCAL, PHASE_GLOBAL };

struct politeness_place {
    struct politeness *politeness;
    struct crowd *address;
    struct crowd *prefix;
    bool active;
    politeness_turn *turn;
    void *arg;
    enum phase phase;
    uint64_t due_us;
    struct politeness_place *next, *previous; /* the prefix's queue */
};

struct politeness {
    struct politeness_limits limits;
    struct crowd *addresses;
    struct crowd *prefixes;
    uint64_t next_us; /* of the global rate */
    uint64_t now_us;  /* the latest time that anybody told us */
};

struct politeness *politeness_new(const struct politeness_limits *limits) {
    struct politeness *politeness = alloc_zero(1, sizeof *politeness);
    politeness->limits = *limits;
    return politeness;
}

static void clear_table(struct crowd **table) {
    struct crowd *crowd, *next;
    HASH_ITER(hh, *table, crowd, next) {
        HASH_DEL(*table, crowd);
        free(crowd);
    }
}

void politeness_free(struct politeness *politeness) {
    if (!politeness)
        return;
    clear_table(&politeness->addresses);
    clear_table(&politeness->prefixes);
    free(politeness);
}

void politeness_set_limits(struct politeness *politeness, const struct politeness_limits *limits) {
    politeness->limits = *limits;
}

/* The address itself, or its /24 or /48. IPv4-mapped addresses are what they are mapped to. */
static struct key key_of(const struct sockaddr *address, bool prefix) {
    struct key key = {{0}};
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    const uint8_t *bytes = NULL;
    if (address->sa_family == AF_INET)
        bytes = (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
    else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        bytes = v6->sin6_addr.s6_addr + 12;
    if (bytes) {
        key.bytes[0] = 4;
        memcpy(key.bytes + 1, bytes, prefix ? 3 : 4);
    } else {
        key.bytes[0] = 6;
        memcpy(key.bytes + 1, v6->sin6_addr.s6_addr, prefix ? 6 : 16);
    }
    return key;
}

static struct crowd *find_crowd(struct crowd *table, const struct key *key) {
    struct crowd *found;
    HASH_FIND(hh, table, key, sizeof *key, found);
    return found;
}

static struct crowd *hold_crowd(struct crowd **table, struct key key) {
    struct crowd *crowd = find_crowd(*table, &key);
    if (!crowd) {
        crowd = alloc_zero(1, sizeof *crowd);
        crowd->key = key;
        HASH_ADD(hh, *table, key, sizeof crowd->key, crowd);
    }
    crowd->held++;
    return crowd;
}

/* Forgets crowds that nobody holds and whose pause is over, at most a few at a time: the table's
 * own order is that of insertion, so the oldest are looked at first. */
static void forget_idle(struct crowd **table, uint64_t now_us) {
    struct crowd *crowd = *table;
    for (int looked = 0; crowd && looked < 4; looked++) {
        struct crowd *next = crowd->hh.next;
        HASH_DEL(*table, crowd);
        if (crowd->held == 0 && crowd->next_us <= now_us)
            free(crowd);
        else
            HASH_ADD(hh, *table, key, sizeof crowd->key, crowd); /* to the end */
        crowd = next;
    }
}

static bool has_room(uint32_t active, uint32_t limit) {
    return limit == 0 || active < limit;
}

static bool may_begin(const struct politeness *politeness, const struct crowd *address,
                      const struct crowd *prefix) {
    return has_room(address->active, politeness->limits.address_in_flight) &&
           has_room(prefix->active, politeness->limits.prefix_in_flight);
}

static void begin_scan(struct politeness_place *place) {
    place->active = true;
    place->address->active++;
    place->prefix->active++;
}

static void enqueue_place(struct politeness_place *place) {
    struct crowd *prefix = place->prefix;
    place->previous = prefix->last;
    if (prefix->last)
        prefix->last->next = place;
    else
        prefix->first = place;
    prefix->last = place;
    prefix->waiting++;
}

static void dequeue_place(struct politeness_place *place) {
    struct crowd *prefix = place->prefix;
    if (place->previous)
        place->previous->next = place->next;
    else
        prefix->first = place->next;
    if (place->next)
        place->next->previous = place->previous;
    else
        prefix->last = place->previous;
    place->next = place->previous = NULL;
    prefix->waiting--;
}

enum politeness_entry politeness_enter(struct politeness *politeness,
                                       const struct sockaddr *address, politeness_turn *turn,
                                       void *arg, struct politeness_place **out) {
    forget_idle(&politeness->addresses, politeness->now_us);
    forget_idle(&politeness->prefixes, politeness->now_us);
    struct key prefix_key = key_of(address, true);
    const struct crowd *prefix = find_crowd(politeness->prefixes, &prefix_key);
    struct key address_key = key_of(address, false);
    const struct crowd *same = find_crowd(politeness->addresses, &address_key);
    bool room = (!same || has_room(same->active, politeness->limits.address_in_flight)) &&
                (!prefix || has_room(prefix->active, politeness->limits.prefix_in_flight));
    if (!room && prefix && prefix->waiting >= politeness->limits.waiting)
        return POLITENESS_FULL;
    struct politeness_place *place = alloc_zero(1, sizeof *place);
    place->politeness = politeness;
    place->address = hold_crowd(&politeness->addresses, address_key);
    place->prefix = hold_crowd(&politeness->prefixes, prefix_key);
    place->turn = turn;
    place->arg = arg;
    *out = place;
    if (room) {
        begin_scan(place);
        return POLITENESS_GO;
    }
    enqueue_place(place);
    return POLITENESS_WAIT;
}

/* The first of the queue whose own address has room: those behind a busy address do not hold up
 * their neighbours. */
static struct politeness_place *next_in_turn(const struct politeness *politeness,
                                             const struct crowd *prefix) {
    for (struct politeness_place *place = prefix->first; place; place = place->next)
        if (may_begin(politeness, place->address, prefix))
            return place;
    return NULL;
}

void politeness_leave(struct politeness_place *place) {
    if (!place)
        return;
    struct politeness *politeness = place->politeness;
    struct crowd *prefix = place->prefix;
    if (place->active) {
        place->address->active--;
        prefix->active--;
    } else {
        dequeue_place(place);
    }
    place->address->held--;
    struct politeness_place *next = next_in_turn(politeness, prefix);
    prefix->held--;
    free(place);
    if (!next)
        return;
    dequeue_place(next);
    begin_scan(next);
    next->turn(next->arg);
}

uint64_t politeness_come_back_us(const struct politeness *politeness,
                                 const struct sockaddr *address, uint32_t connections) {
    struct key prefix_key = key_of(address, true);
    struct key address_key = key_of(address, false);
    const struct crowd *prefix = find_crowd(politeness->prefixes, &prefix_key);
    const struct crowd *same = find_crowd(politeness->addresses, &address_key);
    double seconds = 1.0;
    if (same && politeness->limits.address_per_s > 0)
        seconds += same->held * connections / politeness->limits.address_per_s;
    double crowd_s = 0.0;
    if (prefix && politeness->limits.prefix_per_s > 0)
        crowd_s = prefix->held * connections / politeness->limits.prefix_per_s;
    return (uint64_t)((crowd_s > seconds ? crowd_s : seconds) * 1e6);
}

/* A rate's next moment after one at `at_us`. */
static uint64_t moment_after(uint64_t at_us, double per_s) {
    return per_s > 0 ? at_us + (uint64_t)(1e6 / per_s) : at_us;
}

static uint64_t later_of(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* Books a moment with the global rate: each takes the next free one. */
static void book_global(struct politeness_place *place, uint64_t now_us) {
    struct politeness *politeness = place->politeness;
    place->phase = PHASE_GLOBAL;
    place->due_us = later_of(politeness->next_us, now_us);
    politeness->next_us = moment_after(place->due_us, politeness->limits.global_per_s);
}

uint64_t politeness_dial_us(struct politeness_place *place, uint64_t now_us) {
    struct politeness *politeness = place->politeness;
    const struct politeness_limits *limits = &politeness->limits;
    politeness->now_us = later_of(politeness->now_us, now_us);
    /* Address and prefix first: a moment of the global rate is booked only by who can use it. */
    uint64_t local_us = later_of(place->address->next_us, place->prefix->next_us);
    if (local_us > now_us) {
        place->phase = PHASE_LOCAL;
        return local_us - now_us;
    }
    if (place->phase != PHASE_GLOBAL || now_us > place->due_us + LATE_US)
        book_global(place, now_us);
    if (place->due_us > now_us)
        return place->due_us - now_us;
    place->phase = PHASE_IDLE;
    place->address->next_us = moment_after(now_us, limits->address_per_s);
    place->prefix->next_us = moment_after(now_us, limits->prefix_per_s);
    return 0;
}
