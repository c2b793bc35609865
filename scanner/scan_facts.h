/* What one scan says about groups, order and modes, by the reading rules for the daily plan. Pure.
 */
#pragma once

#include "scanner/verdict.h"

/* Fills groups, order, preferred group, modes, version and the server's own list. */
void scan_facts_read(const struct scan *scan, struct judgement *out);

/* True if every finished handshake of the scan ended in the same alert, although `answer` probes
 * were answered: the fault is the name or the certificate, not the group. */
bool scan_facts_handshake_refused(const struct scan *scan);
