/* Addresses of the lab: IPv6, or IPv4 in its v4-mapped form, so that one comparison serves both. */
#pragma once

#include "scanner/base/err.h"

#include <stdint.h>
#include <sys/socket.h>

struct lab_address {
    uint8_t bytes[16];
};

#define LAB_ADDRESS_TEXT_SIZE 48

/* Address and port of a socket address; false for families other than IPv4 and IPv6. */
bool lab_address_of(const struct sockaddr_storage *from, struct lab_address *out, uint16_t *port);

/* Reads `127.1.2.3` or `::1`. */
bool lab_address_parse(const char *text, struct lab_address *out);

/* Bits of the v4-mapped prefix that stand before an IPv4 address; 0 for a real IPv6 address. */
unsigned lab_address_offset(const struct lab_address *address);

/* Clears all but the first `bits` bits (of 128). */
struct lab_address lab_address_mask(const struct lab_address *address, unsigned bits);

/* The address that comes after. */
struct lab_address lab_address_next(const struct lab_address *address);

/* As people write it; returns `out`. */
const char *lab_address_text(const struct lab_address *address, char out[LAB_ADDRESS_TEXT_SIZE]);

/* A 64-bit mix of seed and values: all the randomness that the lab has, so that a run repeats. */
uint64_t lab_address_hash(uint64_t seed, const struct lab_address *address, uint16_t port,
                          uint64_t more);
