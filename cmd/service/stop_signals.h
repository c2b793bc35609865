/* SIGTERM and SIGINT: the first asks to stop, the second ends the process at once. SIGHUP: nothing
 * that comes while a daemon starts is lost.
 *
 *     stop_signals_hold()    the first instruction of the program: they wait
 *     stop_signals_release() whoever has no use for that: they do what they do to any program
 *     stop_signals_early()   a daemon that starts: nothing is scanned yet, so it may end at once
 *     stop_signals_new()     the event loop is about to run */
#pragma once

#include <stdbool.h>

struct event_base;
struct stop_signals;

void stop_signals_hold(void);
void stop_signals_release(void);

/* Until stop_signals_new() SIGTERM and SIGINT end the process with status 0, and SIGHUP is noted. */
void stop_signals_early(void);

/* True if a SIGHUP was noted; forgets it. */
bool stop_signals_hung_up(void);

/* `stop` is called once, from the event loop. */
struct stop_signals *stop_signals_new(struct event_base *base, void (*stop)(void *arg), void *arg);
void stop_signals_free(struct stop_signals *signals);
