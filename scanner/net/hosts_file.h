/* The names of a hosts file, as libevent reads it. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/net/resolved.h"

struct event_base;
struct hosts_file;

/* Reads the file; a NULL path means /etc/hosts, which need not exist. The base is borrowed, but
 * nothing ever waits on it. NULL with `err` where a named file cannot be read. */
struct hosts_file *hosts_file_new(struct event_base *base, const char *path, struct err *err);
void hosts_file_free(struct hosts_file *hosts);

/* Adds the addresses of a name, without regard to case, to an answer that has none; false if the
 * file has none. */
bool hosts_file_find(struct hosts_file *hosts, const char *host, struct resolver_answer *out);
