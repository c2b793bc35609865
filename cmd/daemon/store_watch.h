/* What the store answers to a loop that cannot wait for it, told to the log: once when it is late,
 * once when it is back. */
#pragma once

#include "store/store.h"

#include <stdbool.h>

/* Starts as {0}. */
struct store_watch {
    bool late;   /* it could not do what it was asked last: locked, or the disk is full */
    bool broken; /* it needs an operator */
};

/* Notes the answer to a call that was to do `what`; true if it was done. */
bool store_watch_note(struct store_watch *watch, const char *what, enum store_result result,
                      const struct err *err);

/* Whether the store would take a write now: begins a transaction and ends it without one. */
enum store_result store_watch_try(struct store *store, struct err *err);
