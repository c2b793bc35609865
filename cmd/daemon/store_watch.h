/* What the store answers to a loop that cannot wait for it, told to the log: once when it is late,
 * once when it is back; and the same of a write-ahead log that grows because somebody reads. */
#pragma once

#include "store/store_upkeep.h"

#include <stdbool.h>

/* Starts as {0}. */
struct store_watch {
    bool late;   /* it could not do what it was asked last: locked, or the disk is full */
    bool broken; /* it needs an operator */
    bool held;   /* a reader keeps its write-ahead log, which has become long */
};

/* Twice the length at which the log is emptied. */
#define STORE_WATCH_LOG_BYTES (32 << 20)

/* Notes the answer to a call that was to do `what`; true if it was done. */
bool store_watch_note(struct store_watch *watch, const char *what, enum store_result result,
                      const struct err *err);

/* Notes how long the write-ahead log is after a commit. */
void store_watch_note_log(struct store_watch *watch, struct store_log log);

/* Whether the store would take a write now: begins a transaction and ends it without one. */
STORE_RESULT store_watch_try(struct store *store, struct err *err);
