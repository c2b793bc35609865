/* The addresses of one name for one visit: which may be dialled, in which order. Pure but for the
 * policy that it asks. */
#pragma once

#include "scanner/net/resolver.h"
#include "scanner/words/origin.h"

struct tls_prober;

struct visit_addresses {
    uint8_t count;    /* all that the name has */
    uint8_t dialable; /* the first so many may be dialled; at least 1 where count is */
    struct sockaddr_storage all[RESOLVER_ADDRESSES_MAX];
};

/* Takes the answer over, those that the policy permits first, with the port set; only those of the family, unless it
 * is AF_UNSPEC. Where none is permitted, one counts as dialable: dialling it says why not. */
void visit_addresses_take(struct visit_addresses *addresses, const struct resolver_answer *answer,
                          const struct tls_prober *prober, int family, uint16_t port);

/* Puts those that may be dialled into the order of their numbers and begins with the one whose turn
 * it is: `turn` modulo their number. A name server's own order changes from answer to answer. */
void visit_addresses_rotate(struct visit_addresses *addresses, uint32_t turn);

/* Writes the address without port. */
void visit_addresses_format(const struct sockaddr_storage *address, char out[ORIGIN_ADDRESS_SIZE]);

/* Writes the address from which that one is dialled, "" where there is none, and returns `out`. Asks the kernel for
 * the route; nothing is sent. */
const char *visit_addresses_source(const char *address, char out[ORIGIN_ADDRESS_SIZE]);
