/* Public keys for the key shares of hellos that end at the server's answer. They are valid, for a server may
 * check before it answers (RFC 8446 4.2.8.2, FIPS 203 7.2); their private halves are thrown away, since nobody
 * computes a secret with them. One of each group is made when it is first wanted and used by all probes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct key_shares;

/* Free with key_shares_free; NULL is fine there. */
struct key_shares *key_shares_new(void);
void key_shares_free(struct key_shares *keys);

/* The client's share for that group, `*n` bytes that live as long as `keys`. NULL with 0 where none can be
 * made: a number that is no group's, or MLKEM512, for which the pinned BoringSSL has no code. */
const uint8_t *key_shares_get(struct key_shares *keys, uint16_t group, size_t *n);
