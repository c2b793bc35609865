/* Decides who may be dialled: blocklist, then allowed blocks, then the special-purpose registries.
 */
#include "scanner/net/address_policy.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/net/address_range.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How an address of the block is judged. */
enum reachability {
    REFUSED,
    REACHABLE,
    BY_V4_AT_96, /* by the IPv4 address in the last 32 bits */
    BY_V4_AT_16, /* by the IPv4 address behind the first 16 bits */
};

/* The IANA Special-Purpose Address Registries, multicast, and what surrounds them. The most
 * specific entry decides. */
static const struct special {
    const char *cidr;
    enum reachability reachability;
    const char *name;
} specials[] = {
    {"0.0.0.0/0", REACHABLE, "IPv4"},
    {"0.0.0.0/8", REFUSED, "this network (RFC 791)"},
    {"0.0.0.0/32", REFUSED, "this host (RFC 1122)"},
    {"10.0.0.0/8", REFUSED, "private use (RFC 1918)"},
    {"100.64.0.0/10", REFUSED, "shared address space (RFC 6598)"},
    {"127.0.0.0/8", REFUSED, "loopback (RFC 1122)"},
    {"169.254.0.0/16", REFUSED, "link local (RFC 3927)"},
    {"172.16.0.0/12", REFUSED, "private use (RFC 1918)"},
    {"192.0.0.0/24", REFUSED, "IETF protocol assignments (RFC 6890)"},
    {"192.0.0.0/29", REFUSED, "IPv4 service continuity (RFC 7335)"},
    {"192.0.0.8/32", REFUSED, "IPv4 dummy address (RFC 7600)"},
    {"192.0.0.9/32", REACHABLE, "port control protocol anycast (RFC 7723)"},
    {"192.0.0.10/32", REACHABLE, "TURN anycast (RFC 8155)"},
    {"192.0.0.170/32", REFUSED, "NAT64 discovery (RFC 8880)"},
    {"192.0.0.171/32", REFUSED, "NAT64 discovery (RFC 8880)"},
    {"192.0.2.0/24", REFUSED, "documentation (RFC 5737)"},
    {"192.31.196.0/24", REACHABLE, "AS112 (RFC 7535)"},
    {"192.52.193.0/24", REACHABLE, "AMT (RFC 7450)"},
    {"192.88.99.0/24", REFUSED, "deprecated 6to4 relay anycast (RFC 7526)"},
    {"192.88.99.2/32", REFUSED, "6a44 relay anycast (RFC 6751)"},
    {"192.168.0.0/16", REFUSED, "private use (RFC 1918)"},
    {"192.175.48.0/24", REACHABLE, "AS112 direct delegation (RFC 7534)"},
    {"198.18.0.0/15", REFUSED, "benchmarking (RFC 2544)"},
    {"198.51.100.0/24", REFUSED, "documentation (RFC 5737)"},
    {"203.0.113.0/24", REFUSED, "documentation (RFC 5737)"},
    {"224.0.0.0/4", REFUSED, "multicast (RFC 5771)"},
    {"240.0.0.0/4", REFUSED, "reserved (RFC 1112)"},
    {"255.255.255.255/32", REFUSED, "limited broadcast (RFC 919)"},

    {"::/0", REFUSED, "outside global unicast 2000::/3 (RFC 4291)"},
    {"::/128", REFUSED, "unspecified address (RFC 4291)"},
    {"::1/128", REFUSED, "loopback (RFC 4291)"},
    {"64:ff9b::/96", BY_V4_AT_96, "IPv4-IPv6 translation (RFC 6052)"},
    {"64:ff9b:1::/48", REFUSED, "local IPv4-IPv6 translation (RFC 8215)"},
    {"100::/64", REFUSED, "discard only (RFC 6666)"},
    {"100:0:0:1::/64", REFUSED, "dummy prefix (RFC 9780)"},
    {"2000::/3", REACHABLE, "global unicast (RFC 4291)"},
    {"2001::/23", REFUSED, "IETF protocol assignments (RFC 2928)"},
    {"2001::/32", REFUSED, "Teredo (RFC 4380)"},
    {"2001:1::1/128", REACHABLE, "port control protocol anycast (RFC 7723)"},
    {"2001:1::2/128", REACHABLE, "TURN anycast (RFC 8155)"},
    {"2001:1::3/128", REACHABLE, "DNS-SD registration anycast (RFC 9665)"},
    {"2001:2::/48", REFUSED, "benchmarking (RFC 5180)"},
    {"2001:3::/32", REACHABLE, "AMT (RFC 7450)"},
    {"2001:4:112::/48", REACHABLE, "AS112 (RFC 7535)"},
    {"2001:10::/28", REFUSED, "deprecated ORCHID (RFC 4843)"},
    {"2001:20::/28", REACHABLE, "ORCHIDv2 (RFC 7343)"},
    {"2001:30::/28", REACHABLE, "drone remote identification (RFC 9374)"},
    {"2001:db8::/32", REFUSED, "documentation (RFC 3849)"},
    {"2002::/16", BY_V4_AT_16, "6to4 (RFC 3056)"},
    {"2620:4f:8000::/48", REACHABLE, "AS112 direct delegation (RFC 7534)"},
    {"3fff::/20", REFUSED, "documentation (RFC 9637)"},
    {"5f00::/16", REFUSED, "segment routing identifiers (RFC 9602)"},
    {"fc00::/7", REFUSED, "unique local (RFC 4193)"},
    {"fe80::/10", REFUSED, "link local (RFC 4291)"},
    {"fec0::/10", REFUSED, "deprecated site local (RFC 3879)"},
    {"ff00::/8", REFUSED, "multicast (RFC 4291)"},
};

enum { SPECIALS = COUNT_OF(specials), LINE_SIZE = 4096 };

struct address_policy {
    struct address_range special[SPECIALS]; /* the table's blocks, read once */
    struct address_ranges allowed, blocked;
};

struct address_policy *address_policy_new(void) {
    struct address_policy *policy = alloc_zero(1, sizeof *policy);
    for (size_t i = 0; i < SPECIALS; i++) {
        bool sound =
            address_range_parse(specials[i].cidr, HOST_BITS_REFUSE, &policy->special[i], NULL);
        assert(sound);
        (void)sound;
    }
    return policy;
}

void address_policy_free(struct address_policy *policy) {
    if (!policy)
        return;
    address_range_clear(&policy->allowed);
    address_range_clear(&policy->blocked);
    free(policy);
}

void address_policy_replace(struct address_policy *policy, struct address_policy *fresh) {
    struct address_policy old = *policy;
    *policy = *fresh;
    *fresh = old;
    address_policy_free(fresh);
}

static bool add_block(struct address_ranges *ranges, const char *cidr, enum host_bits host_bits,
                      struct err *err) {
    struct address_range range;
    if (!address_range_parse(cidr, host_bits, &range, err))
        return false;
    address_range_add(ranges, &range);
    return true;
}

bool address_policy_allow(struct address_policy *policy, const char *cidr, struct err *err) {
    if (!add_block(&policy->allowed, cidr, HOST_BITS_REFUSE, err))
        return false;
    address_range_sort(&policy->allowed);
    return true;
}

bool address_policy_block(struct address_policy *policy, const char *cidr, struct err *err) {
    if (!add_block(&policy->blocked, cidr, HOST_BITS_MASK, err))
        return false;
    address_range_sort(&policy->blocked);
    return true;
}

enum line { LINE_READ, LINE_NONE, LINE_BAD };

/* Reads a line without its end. Not fgets, which would hide what follows a NUL byte. */
static enum line read_line(FILE *file, char out[LINE_SIZE], const char **fault) {
    size_t n = 0;
    int c;
    while ((c = getc(file)) != EOF && c != '\n') {
        *fault = c == '\0' ? "the line contains a NUL byte" : "the line is longer than 4095 bytes";
        if (c == '\0' || n == LINE_SIZE - 1)
            return LINE_BAD;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return c == EOF && n == 0 ? LINE_NONE : LINE_READ;
}

/* Cuts the comment and the blanks around the entry off. */
static char *entry_of(char *line) {
    static const char blanks[] = " \t\r\f\v";
    line[strcspn(line, "#")] = '\0';
    line += strspn(line, blanks);
    size_t n = strlen(line);
    while (n > 0 && strchr(blanks, line[n - 1]))
        line[--n] = '\0';
    return line;
}

static bool read_blocks(FILE *file, const char *path, struct address_ranges *out, struct err *err) {
    char line[LINE_SIZE];
    const char *fault = NULL;
    for (unsigned long number = 1;; number++) {
        enum line got = read_line(file, line, &fault);
        if (got == LINE_BAD)
            return err_set(err, "%s:%lu: %s", path, number, fault);
        if (ferror(file))
            return err_set(err, "%s:%lu: cannot read: %s", path, number, strerror(errno));
        if (got == LINE_NONE)
            return true;
        struct err inner;
        const char *entry = entry_of(line);
        if (entry[0] && !add_block(out, entry, HOST_BITS_MASK, &inner))
            return err_set(err, "%s:%lu: %s", path, number, inner.text);
    }
}

bool address_policy_block_file(struct address_policy *policy, const char *path, struct err *err) {
    FILE *file = fopen(path, "re");
    struct address_ranges read = {0};
    if (!file)
        return err_set(err, "%s: cannot open: %s", path, strerror(errno));
    bool sound = read_blocks(file, path, &read, err);
    fclose(file);
    for (size_t i = 0; sound && i < read.count; i++)
        address_range_add(&policy->blocked, &read.all[i]);
    address_range_clear(&read);
    address_range_sort(&policy->blocked);
    return sound;
}

static bool is_inside(const struct address_range *inner, const struct address_range *outer) {
    return address_range_holds(outer, &inner->first) && address_range_holds(outer, &inner->last);
}

/* The most specific entry of the table; two that hold the same address always nest. */
static const struct special *find_special(const struct address_policy *policy,
                                          const struct address *address) {
    size_t found = SPECIALS;
    for (size_t i = 0; i < SPECIALS; i++) {
        if (!address_range_holds(&policy->special[i], address))
            continue;
        if (found == SPECIALS || is_inside(&policy->special[i], &policy->special[found]))
            found = i;
    }
    assert(found < SPECIALS);
    return &specials[found];
}

/* Refusals that no allowance lifts. */
static const char by_blocklist[] = "blocklist", of_no_family[] = "neither IPv4 nor IPv6";

static bool refuse_because(const char **why, const char *reason) {
    *why = reason;
    return false;
}

bool address_policy_permits(const struct address_policy *policy, const struct sockaddr *address,
                            const char **why) {
    struct address outer, v4;
    if (!address_range_of(address, &outer))
        return refuse_because(why, of_no_family);
    const struct special *special = find_special(policy, &outer);
    v4 = outer;
    if (special->reachability == BY_V4_AT_96)
        v4 = (struct address){.lo = outer.lo & UINT32_MAX};
    else if (special->reachability == BY_V4_AT_16)
        v4 = (struct address){.lo = outer.hi >> 16 & UINT32_MAX};
    if (address_range_found(&policy->blocked, &outer) || address_range_found(&policy->blocked, &v4))
        return refuse_because(why, by_blocklist);
    if (address_range_found(&policy->allowed, &outer) || address_range_found(&policy->allowed, &v4))
        return true;
    special = find_special(policy, &v4);
    return special->reachability == REACHABLE || refuse_because(why, special->name);
}

void address_policy_explain(const struct address_policy *policy, const struct sockaddr *address,
                            char out[ADDRESS_POLICY_WHY_SIZE]) {
    const char *why = "";
    char text[INET6_ADDRSTRLEN];
    bool v4 = address->sa_family == AF_INET;
    const void *bytes = v4 ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                           : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
    int prefix = v4 ? 32 : 128;
    bool permitted = address_policy_permits(policy, address, &why);
    if (permitted || why == by_blocklist || why == of_no_family ||
        !inet_ntop(address->sa_family, bytes, text, sizeof text))
        snprintf(out, ADDRESS_POLICY_WHY_SIZE, "%s", why);
    else if (snprintf(out, ADDRESS_POLICY_WHY_SIZE, "%s; permit it with --allow %s/%d", why, text,
                      prefix) >= ADDRESS_POLICY_WHY_SIZE)
        snprintf(out, ADDRESS_POLICY_WHY_SIZE, "%s; --allow %s/%d", why, text, prefix);
}
