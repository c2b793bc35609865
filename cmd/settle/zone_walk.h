/* Every zone of the store as reports know it, read at one go (store_walk.h). */
#pragma once

#include "cmd/settle/zone_view.h"

/* A zone and its place among all by name (0: the first), as zone_view_load() fills it but for what
 * store_walk.h leaves out of its origins. False ends the walk. */
typedef bool zone_walk_each(void *arg, const struct zone_view *view, uint64_t place,
                            const struct store_setting *setting); /* NULL if it has none */

/* All zones of the source, in the order of their ids. */
bool zone_walk(const struct zone_view_source *source, zone_walk_each *each, void *arg,
               struct err *err);
