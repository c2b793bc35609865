/* What of an export the target acts on: not comments, evidence and reasons, which change with every scan.
 * Pure. */
#pragma once

#include "report/export/export_format.h"

#include <openssl/sha.h>

/* The SHA-256 of a line of the body without what only explains. False where nothing is left. */
bool export_told_line(const struct export_format *format, const char *line,
                      uint8_t out[SHA256_DIGEST_LENGTH]);
