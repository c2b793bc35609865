/* Tells the service manager how the process is: the protocol of sd_notify(3), spoken without
 * libsystemd. Outside of a service everything here does nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Each sends one datagram to the socket that NOTIFY_SOCKET names: a path, or with a leading @ an
 * abstract name, and waits for nothing. False if there is none or it did not take the message, which
 * callers may ignore: where it has no room now, what nothing else tells (ready, reloading, stopping)
 * is kept for notify_flush() and goes before whatever is told next. */

/* Start-up is over, or reloading is. */
bool notify_ready(const char *status);

/* A reload has begun: followed by notify_ready(). Carries the monotonic time, as services of
 * Type=notify-reload must. */
bool notify_reloading(void);

bool notify_stopping(void);

/* One line for `systemctl status`. Printable text; line breaks would start another message and are
 * replaced. */
bool notify_status(const char *status);

/* Keeps the watchdog from biting. */
bool notify_watchdog(void);

/* Tells what was kept, so far as there is room; to be called now and then. */
void notify_flush(void);

/* How often the service manager wants to hear notify_watchdog() at the latest, in microseconds; 0:
 * not at all, or another process is meant (WATCHDOG_USEC, WATCHDOG_PID). Call it twice as often. */
uint64_t notify_watchdog_us(void);
