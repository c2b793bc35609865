/* What one scan says about groups, order and modes. Pure. What was not shown is not known: a group is false only
 * where it was refused and the manner of asking is proven good (docs/diagnosis.md, "How answers are read"). */
#pragma once

#include "scanner/judge/judgement.h"
#include "scanner/visit/scan.h"

/* Fills everything but the verdicts and their flags. */
void scan_facts_read(const struct scan *scan, struct judgement *out);

/* The opening control: `classical`, or the same without ALPN where that was what stood in the way. */
const struct probe_result *scan_facts_control(const struct scan *scan);

/* True if every handshake that was to finish ended in the same alert although an answer probe named
 * a group that they offered: the fault is the name or the certificate, not the group. Also if
 * nothing but alerts ever came, which leaves the same advice; not for protocol_version. */
bool scan_facts_handshake_refused(const struct scan *scan);

/* True if the origin negotiated that group or asked for it, in TLS 1.3 where it is a post-quantum one. */
bool scan_facts_names(const struct probe_result *result, uint16_t group);
