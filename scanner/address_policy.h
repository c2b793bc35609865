/* Who may be dialled. Only globally reachable unicast addresses, unless the operator allows more;
 * a blocklist always wins. Judged on the address that is about to be dialled, not on a name. */
#pragma once

#include "scanner/base/err.h"

#include <stddef.h>
#include <sys/socket.h>

struct address_policy;

/* A policy that refuses every special-purpose block (IANA IPv4 and IPv6 Special-Purpose Address
 * Registries, RFC 6890, plus multicast and what is outside 2000::/3). Free with
 * address_policy_free; NULL is fine there. */
struct address_policy *address_policy_new(void);
void address_policy_free(struct address_policy *policy);

/* Allows a block, `192.0.2.0/24`, `2001:db8::/32` or a single address, although it is special. */
bool address_policy_allow(struct address_policy *policy, const char *cidr, struct err *err);

/* Forbids a block whatever else is said. */
bool address_policy_block(struct address_policy *policy, const char *cidr, struct err *err);

/* Forbids every block of a file in ZMap's format: a CIDR or address a line, `#` comments, blank
 * lines. The first bad line is named with its number and nothing of the file is taken. */
bool address_policy_block_file(struct address_policy *policy, const char *path, struct err *err);

/* True if the address may be dialled. Otherwise `why` is set to a static text such as
 * "private use (RFC 1918)" or "blocklist". IPv4-mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96) and
 * 6to4 forms are judged by the IPv4 address inside. */
bool address_policy_permits(const struct address_policy *policy, const struct sockaddr *address,
                            const char **why);
