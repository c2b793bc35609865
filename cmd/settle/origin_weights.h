/* What each origin weighs in its zone: by its real traffic where that was reported lately, as it was
 * imported otherwise. */
#pragma once

#include "cmd/settle/settle.h"

/* Reports count for so long. */
#define ORIGIN_WEIGHTS_DAYS 7

/* Of the zone's traffic, what an origin weighs at the least: one that no report names may have
 * traffic tomorrow, and has to be safe then. */
#define ORIGIN_WEIGHTS_LEAST 0.001

/* Changes the weights of a zone's origins, which are in the order of their ids and have the imported
 * ones, if any of them was reported within ORIGIN_WEIGHTS_DAYS. The sum stays the same, so that zones
 * remain comparable; an imported weight of 0 stays 0. */
STORE_RESULT origin_weights_by_traffic(struct store *store, int64_t zone_id, int64_t now_ms,
                                       struct settle_origin *origins, size_t origins_n,
                                       struct err *err);
