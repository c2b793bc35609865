/* What a probe asks of the kernel: a connecting socket with the wanted segment size, TCP_INFO, and
 * what an errno says about the peer. */
#pragma once

#include "scanner/probe/probe_result.h"

#include <sys/socket.h>

/* True for 127.0.0.0/8, ::1 and the former written in IPv6. */
bool tls_socket_is_loopback(const struct sockaddr *address);

/* A non-blocking socket on its way to that address; -1 with errno. `mss` clamps TCP_MAXSEG before
 * the SYN, so that a large hello leaves in several segments even on loopback, whose own segment
 * size is 41,472 bytes; 0 leaves the system's. */
int tls_socket_connect(const struct sockaddr *address, uint16_t mss);

/* Lets small writes leave at once (TCP_NODELAY), so that two writes are two segments. */
void tls_socket_no_delay(int fd);

/* Reads TCP_INFO and returns how many segments of ours carried data so far, those sent again left
 * out; 0 where the kernel does not tell. */
uint32_t tls_socket_info(int fd, struct probe_tcp *out);

/* The outcome behind an errno of socket, connect, send or recv. Our own troubles (descriptors,
 * ports, memory) are OUTCOME_CANCELLED: no evidence about the peer. */
enum outcome tls_socket_outcome(int number);
