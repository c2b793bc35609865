/* A channel of c-ares that reads no file, knows no search domain and asks our name servers. */
#pragma once

#include "scanner/net/dns_servers.h"

#include <ares.h>

struct dns_channel_wishes {
    int flags; /* ARES_FLAG_*, besides ARES_FLAG_NOSEARCH */
    int timeout_ms, tries;
    bool rotate;  /* each question begins with the next server */
    size_t first; /* number of the server that comes first */
    ares_sock_state_cb sockets;
    void *arg; /* of `sockets` */
};

/* NULL where c-ares could not make one. Destroy with ares_destroy, never within a callback of it. */
ares_channel dns_channel_open(const struct dns_servers *servers,
                              const struct dns_channel_wishes *wishes);
