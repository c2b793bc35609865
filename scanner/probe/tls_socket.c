/* What a probe asks of the kernel. */
#include "scanner/probe/tls_socket.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <unistd.h>

bool tls_socket_is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
}

int tls_socket_connect(const struct sockaddr *address, uint16_t mss) {
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int segment = mss;
    socklen_t n =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if ((mss == 0 || setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment) == 0) &&
        (connect(fd, address, n) == 0 || errno == EINPROGRESS))
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

void tls_socket_no_delay(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

uint32_t tls_socket_info(int fd, struct probe_tcp *out) {
    struct tcp_info info = {0};
    socklen_t n = sizeof info;
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
        return 0;
    *out = (struct probe_tcp){
        .unacked = info.tcpi_unacked,
        .retransmissions = info.tcpi_total_retrans,
        .mss = info.tcpi_snd_mss,
        .rtt_us = info.tcpi_rtt,
    };
    return info.tcpi_data_segs_out > info.tcpi_total_retrans
               ? info.tcpi_data_segs_out - info.tcpi_total_retrans
               : 0;
}

enum outcome tls_socket_outcome(int number) {
    switch (number) {
    case ECONNREFUSED:
        return OUTCOME_REFUSED;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
        return OUTCOME_RESET;
    case ETIMEDOUT:
        return OUTCOME_TIMEOUT;
    case EAGAIN: /* no free local port (connect(2)) */
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return OUTCOME_CANCELLED;
    }
    return OUTCOME_UNREACHABLE;
}
