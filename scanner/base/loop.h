/* The event loop of a process. */
#pragma once

struct event_base;

/* Its timers count from the moment when they are set. libevent's own count from the beginning of the loop's turn: in one
 * that takes long, a time-out set late is over before anybody was given time. Free with event_base_free. */
struct event_base *loop_new(void);
