/* What the service manager hears of a daemon, and when: READY=1 once the health says that it is ready,
 * WATCHDOG=1 while the health says that it is alive, a line of status every ten seconds. The log
 * hears of it too if the daemon is not ready any more, and when it is again. */
#pragma once

struct event_base;
struct scan_loop;
struct service;
struct store;

/* Begins; all are borrowed. Outside of a service only the log is told. */
struct service *service_new(struct event_base *base, struct scan_loop *loop, struct store *store);
void service_free(struct service *service); /* NULL is fine */

/* READY=1 with that status, a literal, as soon as it is ready: at the start, after a reload. */
void service_tell_ready(struct service *service, const char *status);
