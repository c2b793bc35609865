/* One connection from accept to its end: reads hellos, obeys the rules, serves. */
#pragma once

#include "lab_log.h"
#include "lab_site.h"

struct event_base;
struct lab_conn;

/* What all connections share; filled by main, borrowed by connections. */
struct lab_server {
    struct event_base *base;
    struct lab_sites *sites;
    struct lab_log *log;
    struct lab_conn *conns; /* all that live */
    /* counters */
    uint64_t connections, strays, finished, retries, misbehaved;
    uint32_t open, open_max;
};

/* Takes over a non-blocking descriptor. Connections to destinations that are not in the table are
 * reset (a stray). */
void lab_conn_accept(struct lab_server *server, int fd, const struct sockaddr_storage *peer);

/* Ends all connections at once. */
void lab_conn_stop(struct lab_server *server);
