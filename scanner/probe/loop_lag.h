/* How late an event loop comes to its work: because others have the processor, because it was stopped, or because it
 * has too much to do. What it finds then says more about us than about anybody else. */
#pragma once

#include <stdint.h>

struct event_base;
struct loop_lag;

/* `base` is borrowed. Free before it; NULL is fine there. */
struct loop_lag *loop_lag_new(struct event_base *base);
void loop_lag_free(struct loop_lag *lag);

/* Measures between the two, which may be nested. While nobody watches there is no event. */
void loop_lag_watch(struct loop_lag *lag);
void loop_lag_unwatch(struct loop_lag *lag);

/* Microseconds, all in all, in which the loop should have run and did not, up to this moment. To be compared with an
 * earlier answer, of while it was watched. What an ordinary busy machine costs (LOOP_LAG_FORGIVEN_MS at a time) is not
 * counted. */
#define LOOP_LAG_FORGIVEN_MS 50
uint64_t loop_lag_us(const struct loop_lag *lag);
