/* Who may be dialled. Only globally reachable unicast addresses, unless the operator allows more;
 * a blocklist always wins. Judged on the address that is about to be dialled, not on a name.
 *
 * The order of precedence is: blocklist, allowed blocks, table of special-purpose blocks. An
 * address that carries an IPv4 address is judged by both:
 *   - IPv4-mapped (::ffff:0:0/96) simply is the IPv4 address: the kernel sends IPv4.
 *   - NAT64 (64:ff9b::/96, RFC 6052) and 6to4 (2002::/16, RFC 3056) are refused if the block list
 *     has the address or the IPv4 address inside, allowed if an allowed block has either, and
 *     otherwise may be dialled exactly if the IPv4 address inside is globally reachable. A gateway
 *     would otherwise lead a name with such an AAAA record to the operator's own network.
 * 6to4 is only judged so, not refused outright: the registry neither calls it globally reachable
 * nor not, and a site that still announces such an address is an Internet host like any other.
 * Teredo (2001::/32) and the local NAT64 prefix (64:ff9b:1::/48) are refused whatever is inside. */
#pragma once

#include "scanner/base/err.h"

#include <stddef.h>
#include <sys/socket.h>

struct address_policy;

/* A policy that refuses every special-purpose block that is not globally reachable (IANA IPv4 and
 * IPv6 Special-Purpose Address Registries, RFC 6890), multicast, and IPv6 outside 2000::/3. Free
 * with address_policy_free; NULL is fine there. */
struct address_policy *address_policy_new(void);
void address_policy_free(struct address_policy *policy);

/* Allows a block, `192.0.2.0/24`, `2001:db8::/32` or a single address, although it is special. Bits
 * behind the prefix (10.0.0.1/8) are an error that names the two blocks that could be meant: an
 * allowance should not be larger than it looks. */
bool address_policy_allow(struct address_policy *policy, const char *cidr, struct err *err);

/* Forbids a block whatever else is said. Bits behind the prefix are ignored, as ZMap does. For tests:
 * operators have files, and each call here sorts the list again. */
bool address_policy_block(struct address_policy *policy, const char *cidr, struct err *err);

/* Forbids every block of a file in ZMap's format: a CIDR or address a line, `#` and what follows it
 * is a comment, blank lines; blanks around an entry and CR before the line end are ignored. The
 * first bad line is named as `file:line` and then nothing of the file is taken. Host names, which
 * ZMap resolves, are refused. Looking an address up among 100,000 blocks takes 17 comparisons. */
bool address_policy_block_file(struct address_policy *policy, const char *path, struct err *err);

/* Takes the place of what `policy` allowed and forbade, at once for all that use it; `fresh` is
 * used up. */
void address_policy_replace(struct address_policy *policy, struct address_policy *fresh);

/* True if the address may be dialled. Otherwise `why` is set to a static text such as
 * "private use (RFC 1918)" or "blocklist". Families other than IPv4 and IPv6 are refused. */
bool address_policy_permits(const struct address_policy *policy, const struct sockaddr *address,
                            const char **why);

/* Room for the longest explanation: a block's name, an option, an address. */
#define ADDRESS_POLICY_WHY_SIZE 96

/* Writes why an address is refused and the option that would permit it, `loopback (RFC 1122); permit it with --allow
 * 127.0.0.1/32`; the reason alone where no option would, for a blocklist wins.
 * Where that is too long, `loopback (RFC 1122); --allow …`. */
void address_policy_explain(const struct address_policy *policy, const struct sockaddr *address,
                            char out[ADDRESS_POLICY_WHY_SIZE]);
