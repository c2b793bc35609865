/* What a name gave, as a plain value. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* More addresses than this of one name are ignored. */
#define RESOLVER_ADDRESSES_MAX 16

/* What a name gave. With no address `why` says so, as a person would want to read it. */
struct resolver_answer {
    uint8_t count;
    struct sockaddr_storage addresses[RESOLVER_ADDRESSES_MAX]; /* IPv4 first; ports are 0 */
    uint32_t ttl_s;  /* the smallest of the address records; 0 for literals and /etc/hosts */
    const char *why; /* static; NULL if count > 0 */
    bool silence;    /* count is 0, and it is more likely our trouble than the name's: no server
                        answered any question of anybody since this one was asked, or there was no
                        socket to ask with, or the servers change the letters of questions */
};
