/* What every reading of a scan rests on: the control, whether the origin refuses all handshakes, and which group an
 * answer names. Pure. */
#pragma once

#include "scanner/visit/scan.h"

/* The opening control: `classical`, or the same without ALPN where that was what stood in the way. */
const struct probe_result *control_find(const struct scan *scan);

/* True if every handshake that was to finish ended in the same alert although an answer probe named
 * a group that they offered: the fault is the name or the certificate, not the group. Also if
 * nothing but alerts ever came, which leaves the same advice; not for protocol_version. */
bool control_handshake_refused(const struct scan *scan);

/* True if the origin negotiated that group or asked for it, in TLS 1.3 where it is a post-quantum one. */
bool control_group_named(const struct probe_result *result, uint16_t group);
