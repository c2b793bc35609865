/* Opens the configured database. */
#pragma once

#include "cmd/daemon/config.h"
#include "store/store.h"

/* NULL with `err`. */
struct store *open_store(const struct config *config, enum store_access access, struct err *err);
