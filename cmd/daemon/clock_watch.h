/* Notices that the process did not run for a while, and that the wall clock was set. */
#pragma once

#include <stdint.h>

/* What three clocks said at one moment. */
struct clock_watch {
    uint64_t boot_us; /* runs on while we are stopped or the machine sleeps */
    uint64_t cpu_us;  /* runs while this thread does, whatever others do */
    int64_t wall_ms;  /* may be set */
};

/* Reads all three now. */
struct clock_watch clock_watch_read(void);

/* How long the thread neither worked nor was let to, in milliseconds: stopped, suspended, or held
 * up by a disk. One that waits for events looks the same, so compare moments between which it had
 * something to do, such as the beats of a timer, less their interval. */
uint64_t clock_watch_idle_ms(const struct clock_watch *then, const struct clock_watch *now);

/* By how much the wall clock was set forward (or back: negative) in between. */
int64_t clock_watch_jump_ms(const struct clock_watch *then, const struct clock_watch *now);
