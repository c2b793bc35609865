/* What one scan says about groups, order and modes, by the reading rules for the daily plan.
 * Pure. */
#pragma once

#include "scanner/judge/judgement.h"
#include "scanner/visit/scan.h"

/* Fills groups, order, preferred group, modes, version and the server's own list. */
void scan_facts_read(const struct scan *scan, struct judgement *out);

/* True if every handshake that was to finish ended in the same alert although an answer probe named
 * a group that they offered: the fault is the name or the certificate, not the group. Also if
 * nothing but alerts ever came, which leaves the same advice; not for protocol_version (70). */
bool scan_facts_handshake_refused(const struct scan *scan);
