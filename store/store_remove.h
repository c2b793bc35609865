/* Taking origins and zones out, beside a running daemon: a visit that is under way is passed over when
 * it is committed. */
#pragma once

#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

struct store_removed {
    uint64_t origins;
    uint64_t memberships; /* origins that left a zone and stay in another */
    uint64_t zones;       /* that went with their last origin, or by name */
    uint64_t orders;      /* levers that went with them */
};

/* Removes the origins with that host (and port, unless 0) from all their zones, with their history and
 * evidence. A zone that is left without origins goes too, unless it has orders. `removed` is added
 * to. */
STORE_RESULT store_remove_host(struct store *store, const char *host, uint16_t port, int64_t now_ms,
                               struct store_removed *removed, struct err *err);

/* Takes the origins with that host (and port, unless 0) out of one zone: those that are in another one
 * stay there with all that is known of them, the others go as with store_remove_host. `removed` is
 * added to, and stays as it is where the zone has no such origin. */
STORE_RESULT store_remove_from_zone(struct store *store, int64_t zone_id, const char *host,
                                    uint16_t port, int64_t now_ms, struct store_removed *removed,
                                    struct err *err);

/* Removes a zone with its orders and with its origins, but for those that are in another zone, too:
 * these stay there with all that is known of them. *found says whether there is one. */
STORE_RESULT store_remove_zone(struct store *store, const char *zone, int64_t now_ms, bool *found,
                               struct store_removed *removed, struct err *err);

/* How many origins there are, counted in each of their zones, and how many of them no line of the list
 * has named in that zone that is being imported (store_import_begin). */
struct store_unnamed {
    uint64_t memberships;
    uint64_t unnamed;
};
STORE_RESULT store_remove_count(struct store *store, struct store_unnamed *out, struct err *err);

/* Takes those out of their zones: an origin goes with its last one. */
STORE_RESULT store_remove_unnamed(struct store *store, int64_t now_ms,
                                  struct store_removed *removed, struct err *err);
