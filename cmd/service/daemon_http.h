/* The daemon's HTTP as it is configured: what it listens on, and the timer of the scanning loop that
 * shows it how the loop is doing. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>

struct config;
struct daemon_http;
struct event_base;
struct scan_loop;

/* Descriptors that it will need; 0 where none is configured. */
unsigned daemon_http_descriptors(const struct config *config);

/* False with `err` where the configuration's keys mean nothing; nothing is opened. */
bool daemon_http_check(const struct config *config, struct err *err);

/* Begins; all are borrowed, and stay until daemon_http_free. NULL with `err`. Without HTTP it only
 * keeps gauges. */
struct daemon_http *daemon_http_new(struct event_base *base, const struct config *config,
                                    const struct scan_loop *loop, struct err *err);
void daemon_http_free(struct daemon_http *http); /* NULL is fine */

/* The configuration was loaded anew, or that failed. */
void daemon_http_note_load(bool good);
