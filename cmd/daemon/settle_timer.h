/* Settles touched zones every few seconds while scans come in, and once more at the end. */
#pragma once

#include "cmd/daemon/config.h"
#include "cmd/settle/settle.h"

struct event_base;
struct settle_timer;

/* Whose options settings are made with: profile, thresholds, compliance and shadow mode. */
enum settle_timer_options {
    SETTLE_TIMER_CONFIGURED, /* the configuration's, which are written to the database */
    SETTLE_TIMER_STORED      /* those that are in the database, but for the hybrid that is probed */
};

/* Begins. `store` is borrowed. NULL with `err` if the database fails. */
struct settle_timer *settle_timer_new(struct event_base *base, struct store *store,
                                      const struct config *config,
                                      enum settle_timer_options options, struct err *err);

/* From now on `failed` is called when the store did not do what settling asked it; it is asked again
 * later. Not called by settle_timer_finish. */
typedef void settle_timer_failed(void *arg, enum store_result result, const struct err *err);
void settle_timer_on_failure(struct settle_timer *timer, settle_timer_failed *failed, void *arg);

/* The options in force; borrowed, for settle_observe. Stays the same address over a reload. */
struct settle_options *settle_timer_in_force(struct settle_timer *timer);

/* Takes the options of another configuration and writes them to the database. */
void settle_timer_reload(struct settle_timer *timer, const struct config *config);

/* Settles what is left and ends. NULL is fine. False with `err` if something is left. */
bool settle_timer_finish(struct settle_timer *timer, struct err *err);
