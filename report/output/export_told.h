/* What of an export the target acts on: not comments, evidence and reasons, which change with every scan.
 * Pure. */
#pragma once

#include "report/export/export_format.h"

#include <openssl/sha.h>

/* Adds a line of the body, without what only explains, to the hash. Adds nothing where nothing is left. */
void export_told_add(SHA256_CTX *hash, const struct export_format *format, const char *line);
