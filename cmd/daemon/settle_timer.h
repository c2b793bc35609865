/* Settles touched zones every few seconds while scans come in, and once more at the end. */
#pragma once

#include "cmd/daemon/config.h"
#include "cmd/settle/settle.h"

struct event_base;
struct settle_timer;

/* The options that a configuration asks for. */
struct settle_options settle_timer_options(const struct config *config);

/* Begins. With `says` the configuration's options count and are noted in the database, otherwise
 * those that are noted there. `store` is borrowed. NULL with `err` if the database fails. */
struct settle_timer *settle_timer_new(struct event_base *base, struct store *store,
                                      const struct config *config, bool says, struct err *err);

/* The options in force; borrowed, for settle_observe. Stays the same address over a reload. */
struct settle_options *settle_timer_in_force(struct settle_timer *timer);

/* Takes the options of another configuration. */
void settle_timer_reload(struct settle_timer *timer, const struct config *config);

/* Settles what is left and ends. NULL is fine. False with `err` if something is left. */
bool settle_timer_finish(struct settle_timer *timer, struct err *err);
