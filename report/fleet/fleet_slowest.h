/* Which origins are slowest to finish a TLS handshake, and how long it takes all of them. An origin's
 * time is that of the median handshake of its last complete full scan, behind the TCP connection
 * (scan_median_handshake()); it counts as long as the last scan is complete.
 *
 *   fleet_slowest_origin   once for each origin of each zone, in any order
 *   fleet_slowest_finish   then the list and the numbers are valid
 *   fleet_slowest_clear
 *
 * Takes four bytes for each origin until it is finished. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLEET_SLOWEST_LIST 20

/* What goes in. Texts are borrowed. */
struct fleet_slowest_origin {
    int64_t id;
    const char *zone;
    const char *host;
    uint16_t port;
    bool again;            /* it was given in another zone before */
    uint32_t handshake_us; /* 0: not known, and then it does not count */
    uint32_t connect_us;   /* of the TCP connection of that handshake */
};

struct fleet_slowest_place {
    int64_t origin_id;
    char *zone; /* the first by name of those that it is in */
    char *host;
    uint16_t port;
    uint32_t handshake_us;
    uint32_t connect_us;
};

/* Starts as {0}. */
struct fleet_slowest {
    size_t list_n;
    struct fleet_slowest_place list[FLEET_SLOWEST_LIST]; /* slowest first */
    uint64_t origins;                                    /* whose time is known */
    /* of them, 0 where there are none: half of them, and 95 of 100, are no slower */
    uint32_t median_us;
    uint32_t p95_us;

    size_t times_n; /* fleet_slowest.c's own */
    size_t times_room;
    uint32_t *times;
};

/* What goes in, and the end, in the order that is shown above; everything is copied. */
void fleet_slowest_origin(struct fleet_slowest *slowest, const struct fleet_slowest_origin *origin);
void fleet_slowest_finish(struct fleet_slowest *slowest);
void fleet_slowest_clear(struct fleet_slowest *slowest);
