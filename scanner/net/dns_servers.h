/* The addresses of the name servers that are asked, from a list or from a resolv.conf. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct event_base;

struct dns_servers {
    size_t count;
    struct sockaddr_storage *all; /* with ports; no two are equal */
};

/* Reads comma-separated `address`, `address:port` or `[v6]:port`. False with `err` where one is
 * malformed or given twice, and then `out` is empty. Clear it in any case. */
bool dns_servers_read(const char *list, struct dns_servers *out, struct err *err);

/* The nameserver lines of a resolv.conf; none where it cannot be read. Clear `out`. */
void dns_servers_from_file(struct event_base *base, const char *path, struct dns_servers *out);

void dns_servers_clear(struct dns_servers *servers);

/* Which of them has this address and port; `count` if none has. */
size_t dns_servers_find(const struct dns_servers *servers, const struct sockaddr *address);
