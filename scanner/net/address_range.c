/* Blocks of IPv4 and IPv6 addresses: read from CIDR text, collected into sets, looked up fast. */
#include "scanner/net/address_range.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/quote.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { BITS_V4 = 32, BITS_V6 = 128, BITS_MAPPED = 96, ADDRESS_TEXT_SIZE = INET6_ADDRSTRLEN };

static int compare_addresses(const struct address *a, const struct address *b) {
    if (a->v6 != b->v6)
        return a->v6 ? 1 : -1;
    if (a->hi != b->hi)
        return a->hi > b->hi ? 1 : -1;
    return (a->lo > b->lo) - (a->lo < b->lo);
}

static uint64_t big_endian(const uint8_t *bytes, size_t n) {
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | bytes[i];
    return value;
}

static struct address from_v4(const struct in_addr *in) {
    return (struct address){.lo = ntohl(in->s_addr)};
}

static struct address from_v6(const struct in6_addr *in) {
    if (IN6_IS_ADDR_V4MAPPED(in))
        return (struct address){.lo = big_endian(in->s6_addr + 12, 4)};
    return (struct address){true, big_endian(in->s6_addr, 8), big_endian(in->s6_addr + 8, 8)};
}

bool address_range_of(const struct sockaddr *from, struct address *out) {
    /* Copied, since a sockaddr promises no alignment beyond its own. */
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    switch (from->sa_family) {
    case AF_INET:
        memcpy(&in, from, sizeof in);
        *out = from_v4(&in.sin_addr);
        return true;
    case AF_INET6:
        memcpy(&in6, from, sizeof in6);
        *out = from_v6(&in6.sin6_addr);
        return true;
    }
    return false;
}

static bool read_address(const char *text, struct address *out, unsigned *bits, bool *mapped) {
    struct in_addr in;
    struct in6_addr in6;
    *mapped = false;
    *bits = BITS_V4;
    if (inet_pton(AF_INET, text, &in) == 1) {
        *out = from_v4(&in);
        return true;
    }
    if (inet_pton(AF_INET6, text, &in6) != 1)
        return false;
    *bits = BITS_V6;
    *mapped = IN6_IS_ADDR_V4MAPPED(&in6);
    *out = from_v6(&in6);
    return true;
}

static bool read_prefix(const char *text, unsigned bits, unsigned *out) {
    unsigned value = 0;
    size_t n = strlen(text);
    if (n < 1 || n > 3)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *out = value;
    return value <= bits;
}

/* The bits that a prefix of that length, counted in an IPv6 address, leaves to the hosts. */
static struct address host_mask(unsigned prefix) {
    struct address mask = {.hi = prefix >= 64 ? 0 : UINT64_MAX >> prefix};
    if (prefix < BITS_V6)
        mask.lo = prefix <= 64 ? UINT64_MAX : UINT64_MAX >> (prefix - 64);
    return mask;
}

static void to_text(const struct address *address, char out[ADDRESS_TEXT_SIZE]) {
    uint8_t bytes[16];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(address->hi >> (56 - 8 * i));
        bytes[i + 8] = (uint8_t)(address->lo >> (56 - 8 * i));
    }
    inet_ntop(address->v6 ? AF_INET6 : AF_INET, address->v6 ? bytes : bytes + 12, out,
              ADDRESS_TEXT_SIZE);
}

/* Says what could have been meant: the block, or the one address. */
static bool refuse_host_bits(const char *quoted, const struct address *address,
                             const struct address *first, unsigned prefix, struct err *err) {
    char block[ADDRESS_TEXT_SIZE], single[ADDRESS_TEXT_SIZE];
    to_text(first, block);
    to_text(address, single);
    return err_set(
        err,
        "block %s: bits are set beyond the prefix length; write %s/%u for the block or %s "
        "for the single address",
        quoted, block, address->v6 ? prefix : prefix - BITS_MAPPED, single);
}

bool address_range_parse(const char *cidr, enum host_bits host_bits, struct address_range *out,
                         struct err *err) {
    char quoted[QUOTE_SIZE], text[ADDRESS_TEXT_SIZE];
    const char *slash = strchr(cidr, '/');
    size_t n = slash ? (size_t)(slash - cidr) : strlen(cidr);
    struct address address;
    unsigned bits, prefix;
    bool mapped;
    quote_text(cidr, quoted);
    if (n >= sizeof text)
        return err_set(err, "block %s: not an IPv4 or IPv6 address", quoted);
    memcpy(text, cidr, n);
    text[n] = '\0';
    if (!read_address(text, &address, &bits, &mapped))
        return err_set(err, "block %s: not an IPv4 or IPv6 address", quoted);
    prefix = bits;
    if (slash && !read_prefix(slash + 1, bits, &prefix))
        return err_set(err, "block %s: the prefix length is not a number between 0 and %u", quoted,
                       bits);
    if (mapped && prefix < BITS_MAPPED)
        return err_set(err,
                       "block %s: the prefix length of an IPv4-mapped address must be at least 96",
                       quoted);
    if (!address.v6 && !mapped)
        prefix += BITS_MAPPED;
    struct address mask = host_mask(prefix), first = address, last = address;
    first.hi &= ~mask.hi;
    first.lo &= ~mask.lo;
    last.hi |= mask.hi;
    last.lo |= mask.lo;
    if (host_bits == HOST_BITS_REFUSE && compare_addresses(&first, &address) != 0)
        return refuse_host_bits(quoted, &address, &first, prefix, err);
    *out = (struct address_range){first, last};
    return true;
}

bool address_range_holds(const struct address_range *range, const struct address *address) {
    return compare_addresses(&range->first, address) <= 0 &&
           compare_addresses(address, &range->last) <= 0;
}

void address_range_add(struct address_ranges *ranges, const struct address_range *range) {
    ranges->all = array_reserve(ranges->all, ranges->count + 1, &ranges->size, sizeof *ranges->all);
    ranges->all[ranges->count++] = *range;
}

static int by_first(const void *a, const void *b) {
    const struct address_range *left = a, *right = b;
    return compare_addresses(&left->first, &right->first);
}

void address_range_sort(struct address_ranges *ranges) {
    size_t kept = 0;
    if (ranges->count == 0)
        return;
    qsort(ranges->all, ranges->count, sizeof *ranges->all, by_first);
    for (size_t i = 1; i < ranges->count; i++) {
        struct address_range *last = &ranges->all[kept];
        const struct address_range *next = &ranges->all[i];
        if (compare_addresses(&next->first, &last->last) > 0)
            ranges->all[++kept] = *next;
        else if (compare_addresses(&next->last, &last->last) > 0)
            last->last = next->last;
    }
    ranges->count = kept + 1;
}

static int by_place(const void *key, const void *item) {
    const struct address *address = key;
    const struct address_range *range = item;
    if (address_range_holds(range, address))
        return 0;
    return compare_addresses(address, &range->first);
}

bool address_range_found(const struct address_ranges *ranges, const struct address *address) {
    return ranges->count > 0 &&
           bsearch(address, ranges->all, ranges->count, sizeof *ranges->all, by_place) != NULL;
}

void address_range_clear(struct address_ranges *ranges) {
    free(ranges->all);
    *ranges = (struct address_ranges){0};
}
