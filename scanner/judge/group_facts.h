/* Which groups an origin has, by what it negotiated, asked for, listed and refused. Pure. */
#pragma once

#include "scanner/judge/judgement.h"
#include "scanner/visit/scan.h"

/* Whether the origin has that group. `contradicts` is set where it was negotiated or asked for and refused by the same
 * kind of hello, or where the origin's own list lacks it and it is a post-quantum group; the answer is then unknown. */
enum truth group_facts_read(const struct scan *scan, uint16_t group, bool *contradicts);

/* Static RSA and finite-field DHE use no group at all. */
bool group_facts_uses_none(const struct scan *scan);
