/* One TLS endpoint as people write it: host, port, SNI name, optionally a fixed address. */
#pragma once

#include "scanner/base/err.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* RFC 1035: a name has at most 253 characters in text form. */
#define ORIGIN_HOST_SIZE 256
/* The longest address text is an IPv6 one (INET6_ADDRSTRLEN is 46). */
#define ORIGIN_ADDRESS_SIZE 48

struct origin {
    char zone[ORIGIN_HOST_SIZE]; /* the set of origins that share a setting; default: the host */
    char host[ORIGIN_HOST_SIZE]; /* A-label, lower case, no trailing dot; or an address literal
                                    without brackets in its canonical form */
    char sni[ORIGIN_HOST_SIZE];  /* "" sends none */
    uint16_t port;
    char address[ORIGIN_ADDRESS_SIZE]; /* fixed address in canonical form, "" to resolve the host */
    double weight;                     /* share of the zone's traffic, default 1, at least 0 */
};

/* Reads `host`, `host:port`, `[v6]:port`, a bare IPv6 literal or `host:port@address`. Names are
 * lower-cased, a trailing dot goes, U-labels become A-labels (IDNA2008, libidn2). Zone is the host,
 * sni the host or "" for an address literal, weight 1. On false `err` names what is wrong. */
bool origin_parse(const char *text, uint16_t default_port, struct origin *out, struct err *err);

/* The pieces of origin_parse, for CSV and NDJSON imports that have them apart. */
bool origin_set_host(struct origin *origin, const char *text, struct err *err);
bool origin_set_sni(struct origin *origin, const char *text, struct err *err);
bool origin_set_address(struct origin *origin, const char *text, struct err *err);
bool origin_parse_port(const char *text, uint16_t *out, struct err *err);

/* True if the host is an IPv4 or IPv6 literal. */
bool origin_host_is_address(const struct origin *origin);

#define ORIGIN_TEXT_SIZE (ORIGIN_HOST_SIZE + ORIGIN_ADDRESS_SIZE + 16)

/* Writes the shortest text that origin_parse reads back as the same endpoint (zone, sni and weight
 * left out): host:port, [v6]:port, with @address if fixed. Returns `out`. */
char *origin_format(const struct origin *origin, char out[ORIGIN_TEXT_SIZE]);
