/* One TLS endpoint as people write it: host, port, SNI name, optionally a fixed address.
 *
 * Everything here is pure. Text comes from people and files, so it is never trusted: whatever is
 * not a sound name, number or address is refused, and `err` says what is wrong with which piece,
 * shown in printable ASCII and cut if it is long. On false the output is unchanged. */
#pragma once

#include "scanner/base/err.h"
#include "scanner/base/quote.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* RFC 1035: a name has at most 253 characters in text form. */
#define ORIGIN_HOST_SIZE 256
/* The longest address text is an IPv6 one (INET6_ADDRSTRLEN is 46). */
#define ORIGIN_ADDRESS_SIZE 48

/* Weights are added up and divided by each other, which must stay finite and exact. */
#define ORIGIN_WEIGHT_MAX 1e9

struct origin {
    char zone[ORIGIN_HOST_SIZE]; /* the set of origins that share a setting; default: the host */
    char host[ORIGIN_HOST_SIZE]; /* A-label, lower case, no trailing dot; or an address literal
                                    without brackets in its canonical form */
    char sni[ORIGIN_HOST_SIZE];  /* "" sends none */
    uint16_t port;
    char address[ORIGIN_ADDRESS_SIZE]; /* fixed address in canonical form, "" to resolve the host */
    double weight;                     /* share of the zone's traffic, default 1, from 0 to
                                          ORIGIN_WEIGHT_MAX */
};

/* Reads one of
 *     host    host:port    [v6]    [v6]:port    v6 (bare: then without a port)
 * each of them alone or followed by `@address`, the address being IPv4 or IPv6, the latter with or
 * without brackets. Without a port it is `default_port` (1-65535). Zone is the host, sni the host
 * or "" for an address literal, weight 1.
 *
 * A host is an IPv4 literal (four decimal numbers), an IPv6 literal (no zone id: that means
 * something on one machine only), or a name: labels of at most 63 letters, digits, hyphens (not at
 * the ends) and underscores (against RFC 1123, but operators have such hosts), 253 characters in
 * all. Names are lower-cased, a trailing dot goes, U-labels become A-labels (IDNA2008,
 * non-transitional, libidn2). A name whose last label is a number (256.1.1.1, 1.2.3, 0x7f.1) is
 * refused: other software reads it as an address. So are wildcards and URLs. */
bool origin_parse(const char *text, uint16_t default_port, struct origin *out, struct err *err);

/* The same for an argument that means all ports of a host where it has none: the port is 0 then. */
bool origin_parse_any_port(const char *text, struct origin *out);

/* The pieces of origin_parse, for CSV and NDJSON imports that have them apart. */

/* Sets the host (an IPv6 literal with or without brackets) and with it zone and sni to what they
 * are by default; so call this one first. Port, address and weight stay as they are. */
bool origin_set_host(struct origin *origin, const char *text, struct err *err);

/* Sets the name for the SNI extension: a name as above, or "" for none. RFC 6066 section 3 allows
 * no address literal there. */
bool origin_set_sni(struct origin *origin, const char *text, struct err *err);

/* Fixes the address that is dialled; "" takes the fixed address away. */
bool origin_set_address(struct origin *origin, const char *text, struct err *err);

/* Reads a port, 1-65535: decimal digits and nothing else. */
bool origin_parse_port(const char *text, uint16_t *out, struct err *err);

/* True if the host is an IPv4 or IPv6 literal. */
bool origin_host_is_address(const struct origin *origin);

/* The nearest weight that may be: for what was stored by an older release, or by somebody else. */
double origin_bound_weight(double weight);

#define ORIGIN_TEXT_SIZE (ORIGIN_HOST_SIZE + ORIGIN_ADDRESS_SIZE + 16)

/* Writes the text that origin_parse reads back as the same endpoint with any default port (zone,
 * sni and weight left out): host:port or [v6]:port, with @address if one is fixed. Returns `out`.
 */
char *origin_format(const struct origin *origin, char out[ORIGIN_TEXT_SIZE]);

#define ORIGIN_SHOWN_SIZE (QUOTE_SIZE + 8)

/* Writes host:port or [v6]:port for a message to people. A host that is none, which only others can have
 * brought in, is quoted as quote_text() does it. Returns `out`. */
char *origin_show(const char *host, uint16_t port, char out[ORIGIN_SHOWN_SIZE]);
