/* All zones with all of their origins, read at one go: for whoever looks at everything.
 *
 * Each table is read once from its start to its end, in the order of the numbers of zones, and not by a
 * query for each zone: of a million zones that takes seconds and not a minute, with a page cache of any
 * size. */
#pragma once

#include "store/store_read.h"

/* A zone. Everything is valid during the callback and, but for `state`, until the zone's end. */
struct store_walk_zone {
    int64_t id;
    uint64_t place; /* among all zones by name: 0 is the first */
    const char *name;
    const struct store_setting *setting; /* NULL if it has none */
    const void *state;                   /* what the rule keeps of it (store_rule.h) */
    size_t state_n;                      /* 0: nothing */
};

/* One of its origins. */
struct store_walk_origin {
    /* without what tells it from others of its host and port, the address that was dialled, and `visits`,
     * `decided_ms` and `facts.order`: these are empty or 0 */
    const struct store_origin *stored;
    const void *state; /* what the rule keeps of it; valid during the callback */
    size_t state_n;    /* 0: nothing */
};

/* Called for each zone, then for each of its origins in the order of their ids, then at its end. False
 * ends the walk. They may read from the store. */
struct store_walk {
    bool (*begin_zone)(void *arg, const struct store_walk_zone *zone);
    bool (*take_origin)(void *arg, const struct store_walk_origin *origin);
    bool (*end_zone)(void *arg, const struct store_walk_zone *zone);
    void *arg;
    bool without_states; /* of origins: they are not read, and `state_n` is 0 */
};

/* Zones come in the order of their ids. Takes 16 bytes of memory a zone. */
STORE_RESULT store_walk(struct store *store, const struct store_walk *walk, struct err *err);
