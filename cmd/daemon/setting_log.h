/* What the log says of settings: a line for each zone whose setting moved, whoever settled it. */
#pragma once

#include "store/store.h"

#include <stdint.h>

/* Starts as {0}. */
struct setting_log {
    int64_t number; /* of the last change that was looked at */
};

/* What changed before is not told. */
STORE_RESULT setting_log_begin(struct setting_log *log, struct store *store, struct err *err);

/* Tells what changed since. On anything but STORE_OK some of it is told the next time. */
STORE_RESULT setting_log_tell(struct setting_log *log, struct store *store, struct err *err);
