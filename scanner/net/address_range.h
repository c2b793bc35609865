/* Blocks of IPv4 and IPv6 addresses: read from CIDR text, collected into sets, looked up fast.
 * Pure. An IPv4-mapped IPv6 address (::ffff:0:0/96, RFC 4291 2.5.5.2) is the IPv4 address inside
 * everywhere here, since that is what the kernel dials; no IPv6 block contains it. */
#pragma once

#include "scanner/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* One address as a number; of an IPv4 address only the low 32 bits of `lo` are used. */
struct address {
    bool v6;
    uint64_t hi, lo;
};

struct address_range {
    struct address first, last;
};

/* Takes the address out of a sockaddr; false where the family is neither AF_INET nor AF_INET6. */
bool address_range_of(const struct sockaddr *from, struct address *out);

/* What is to be done with host bits, as in 10.0.0.1/8. */
enum host_bits { HOST_BITS_REFUSE, HOST_BITS_MASK };

/* Reads `address/prefix` or a single address. On false `err` names the text and what is wrong. */
bool address_range_parse(const char *cidr, enum host_bits host_bits, struct address_range *out,
                         struct err *err);

/* Whether the address lies in the block. */
bool address_range_holds(const struct address_range *range, const struct address *address);

/* Ranges in ascending order that do not overlap. Starts as {0}. */
struct address_ranges {
    size_t count, size;
    struct address_range *all;
};

/* Appends; look-ups are wrong until address_range_sort has sorted and merged, which costs
 * O(n log n): append many, sort once. */
void address_range_add(struct address_ranges *ranges, const struct address_range *range);
void address_range_sort(struct address_ranges *ranges);

/* Binary search; the set must be sorted. */
bool address_range_found(const struct address_ranges *ranges, const struct address *address);

/* Frees what the set holds and empties it. */
void address_range_clear(struct address_ranges *ranges);
