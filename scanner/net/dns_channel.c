/* A channel of c-ares that reads no file, knows no search domain and asks our name servers. */
#include "scanner/net/dns_channel.h"

#include "scanner/base/alloc.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static struct ares_addr_port_node node_of(const struct sockaddr_storage *server) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)server;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)server;
    struct ares_addr_port_node node = {.family = server->ss_family};
    if (node.family == AF_INET)
        node.addr.addr4 = in->sin_addr;
    else
        memcpy(&node.addr.addr6, &in6->sin6_addr, sizeof node.addr.addr6);
    node.udp_port = node.tcp_port = ntohs(node.family == AF_INET ? in->sin_port : in6->sin6_port);
    return node;
}

static bool set_servers(ares_channel channel, const struct dns_servers *servers, size_t first) {
    struct ares_addr_port_node *nodes = alloc_zero(servers->count, sizeof *nodes);
    for (size_t i = 0; i < servers->count; i++) {
        nodes[i] = node_of(&servers->all[(first + i) % servers->count]);
        nodes[i].next = i + 1 < servers->count ? &nodes[i + 1] : NULL;
    }
    bool set = ares_set_servers_ports(channel, nodes) == ARES_SUCCESS;
    free(nodes);
    return set;
}

ares_channel dns_channel_open(const struct dns_servers *servers,
                              const struct dns_channel_wishes *wishes) {
    /* All that it would else look for in files and in the environment. */
    char lookups[] = "b";
    struct ares_options options = {
        .flags = wishes->flags | ARES_FLAG_NOSEARCH,
        .timeout = wishes->timeout_ms,
        .tries = wishes->tries,
        .ndots = 1,
        .lookups = lookups,
        .sock_state_cb = wishes->sockets,
        .sock_state_cb_data = wishes->arg,
    };
    int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                ARES_OPT_LOOKUPS | ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST |
                (wishes->rotate ? ARES_OPT_ROTATE : ARES_OPT_NOROTATE) |
                (wishes->sockets ? ARES_OPT_SOCK_STATE_CB : 0);
    ares_channel channel = NULL;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
        ares_init_options(&channel, &options, given) != ARES_SUCCESS)
        return NULL;
    if (set_servers(channel, servers, wishes->first))
        return channel;
    ares_destroy(channel);
    return NULL;
}
