/* Whether what the rule keeps in the store can be read, for `db check`. */
#pragma once

#include "store/upkeep/store_check.h"

extern const struct store_readers settle_readers;
