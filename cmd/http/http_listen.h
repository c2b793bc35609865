/* Sockets that the daemon's HTTP listens on. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether the text is one that http_listen_tcp takes; `err` if not. */
bool http_listen_check(const char *text, struct err *err);

/* Listens on "PORT" of 127.0.0.1, "ADDRESS:PORT" or "[ADDRESS]:PORT"; a port of 0 is any. A socket that does
 * not block, or -1 with `err`. */
int http_listen_tcp(const char *text, struct err *err);

/* The port that a socket is bound to. */
uint16_t http_listen_port(int fd);

/* Listens on a Unix socket with these permissions. One that is left from a process that is gone is
 * replaced; anything else of that name, and a socket that somebody answers, is an error. */
int http_listen_unix(const char *path, unsigned mode, struct err *err);
