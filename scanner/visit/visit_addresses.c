/* The addresses of one name for one visit. */
#include "scanner/visit/visit_addresses.h"

#include "scanner/probe/tls_probe.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const void *bytes_of(const struct sockaddr_storage *address, size_t *n) {
    if (address->ss_family == AF_INET) {
        *n = sizeof(struct in_addr);
        return &((const struct sockaddr_in *)address)->sin_addr;
    }
    *n = sizeof(struct in6_addr);
    return &((const struct sockaddr_in6 *)address)->sin6_addr;
}

static void set_port(struct sockaddr_storage *address, uint16_t port) {
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)address)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

static void take_those(struct visit_addresses *addresses, const struct resolver_answer *answer,
                       const struct tls_prober *prober, int family, bool permitted) {
    for (size_t i = 0; i < answer->count; i++)
        if ((family == AF_UNSPEC || answer->addresses[i].ss_family == family) &&
            tls_prober_permits(prober, (const struct sockaddr *)&answer->addresses[i]) == permitted)
            addresses->all[addresses->count++] = answer->addresses[i];
}

void visit_addresses_take(struct visit_addresses *addresses, const struct resolver_answer *answer,
                          const struct tls_prober *prober, int family, uint16_t port) {
    addresses->count = 0;
    take_those(addresses, answer, prober, family, true);
    addresses->dialable = addresses->count;
    take_those(addresses, answer, prober, family, false);
    if (addresses->dialable == 0 && addresses->count > 0)
        addresses->dialable = 1;
    for (size_t i = 0; i < addresses->count; i++)
        set_port(&addresses->all[i], port);
}

/* IPv4 first, then by number. */
static int by_number(const void *left, const void *right) {
    const struct sockaddr_storage *a = left, *b = right;
    size_t n;
    const void *a_bytes = bytes_of(a, &n), *b_bytes = bytes_of(b, &n);
    if (a->ss_family != b->ss_family)
        return a->ss_family == AF_INET ? -1 : 1;
    return memcmp(a_bytes, b_bytes, n);
}

void visit_addresses_rotate(struct visit_addresses *addresses, uint32_t turn) {
    struct sockaddr_storage sorted[RESOLVER_ADDRESSES_MAX];
    size_t n = addresses->dialable;
    qsort(addresses->all, n, sizeof *addresses->all, by_number);
    memcpy(sorted, addresses->all, n * sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        addresses->all[i] = sorted[(turn + i) % n];
}

void visit_addresses_format(const struct sockaddr_storage *address, char out[ORIGIN_ADDRESS_SIZE]) {
    size_t n;
    if (!inet_ntop(address->ss_family, bytes_of(address, &n), out, ORIGIN_ADDRESS_SIZE))
        out[0] = '\0';
}

const char *visit_addresses_source(const char *address, char out[ORIGIN_ADDRESS_SIZE]) {
    struct sockaddr_storage peer = {.ss_family = strchr(address, ':') ? AF_INET6 : AF_INET}, own;
    socklen_t size = sizeof own;
    size_t n;
    out[0] = '\0';
    set_port(&peer, 9); /* any: UDP needs one to connect */
    int fd = socket(peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return out;
    if (inet_pton(peer.ss_family, address, (void *)bytes_of(&peer, &n)) == 1 &&
        connect(fd, (struct sockaddr *)&peer, sizeof peer) == 0 &&
        getsockname(fd, (struct sockaddr *)&own, &size) == 0)
        visit_addresses_format(&own, out);
    close(fd);
    return out;
}
