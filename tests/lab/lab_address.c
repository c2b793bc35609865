/* Addresses of the lab: IPv6, or IPv4 in its v4-mapped form. */
#include "lab_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

bool lab_address_of(const struct sockaddr_storage *from, struct lab_address *out, uint16_t *port) {
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        memcpy(out->bytes, v4_mapped, sizeof v4_mapped);
        memcpy(out->bytes + sizeof v4_mapped, &in->sin_addr, 4);
        *port = ntohs(in->sin_port);
        return true;
    }
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
        memcpy(out->bytes, &in6->sin6_addr, 16);
        *port = ntohs(in6->sin6_port);
        return true;
    }
    return false;
}

bool lab_address_parse(const char *text, struct lab_address *out) {
    memcpy(out->bytes, v4_mapped, sizeof v4_mapped);
    if (inet_pton(AF_INET, text, out->bytes + sizeof v4_mapped) == 1)
        return true;
    return inet_pton(AF_INET6, text, out->bytes) == 1;
}

unsigned lab_address_offset(const struct lab_address *address) {
    return memcmp(address->bytes, v4_mapped, sizeof v4_mapped) == 0 ? 96 : 0;
}

struct lab_address lab_address_mask(const struct lab_address *address, unsigned bits) {
    struct lab_address out = *address;
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits > i * 8 ? bits - i * 8 : 0;
        if (keep < 8)
            out.bytes[i] = (uint8_t)(out.bytes[i] & (0xff00u >> keep));
    }
    return out;
}

struct lab_address lab_address_next(const struct lab_address *address) {
    struct lab_address out = *address;
    for (int i = 15; i >= 0 && ++out.bytes[i] == 0; i--)
        continue;
    return out;
}

const char *lab_address_text(const struct lab_address *address, char out[LAB_ADDRESS_TEXT_SIZE]) {
    if (lab_address_offset(address) > 0)
        return inet_ntop(AF_INET, address->bytes + sizeof v4_mapped, out, LAB_ADDRESS_TEXT_SIZE);
    return inet_ntop(AF_INET6, address->bytes, out, LAB_ADDRESS_TEXT_SIZE);
}

/* The finaliser of splitmix64: every bit of the input reaches every bit of the output. */
static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t lab_address_hash(uint64_t seed, const struct lab_address *address, uint16_t port,
                          uint64_t more) {
    uint64_t words[2];
    memcpy(words, address->bytes, sizeof words);
    return mix(mix(mix(mix(seed ^ words[0]) ^ words[1]) ^ port) ^ more);
}
