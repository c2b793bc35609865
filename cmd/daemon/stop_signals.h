/* SIGTERM and SIGINT: the first asks to stop, the second ends the process at once. */
#pragma once

struct event_base;
struct stop_signals;

/* `stop` is called once, from the event loop. */
struct stop_signals *stop_signals_new(struct event_base *base, void (*stop)(void *arg), void *arg);
void stop_signals_free(struct stop_signals *signals);
