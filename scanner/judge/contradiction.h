/* Answers that cannot both come from one sound server: pools of which some nodes are upgraded answer so. Pure. */
#pragma once

#include "scanner/visit/scan.h"

/* TLS 1.2 and TLS 1.3 to hellos of the same size. */
bool contradiction_of_versions(const struct scan *scan);

/* Two choices for one question: a retry away from a group whose share was there, and elsewhere that very group although
 * the one that the retry asked for was to be had at once; or X25519 refused to one control and taken from the other. */
bool contradiction_of_choices(const struct scan *scan);
