/* What a zone may be called. */
#pragma once

#include "scanner/base/err.h"

#include <stdbool.h>

#define ZONE_NAME_MAX 255 /* bytes */

/* Any text in UTF-8, in any script, that is not empty and not too long, but for what no list means:
 * control characters (C0, DEL, C1), the separators U+2028 and U+2029, and code points that are no
 * characters. Marks of direction and everything that some target gives a meaning are taken: what is
 * exported or printed escapes them. False with the reason. */
bool zone_name_check(const char *text, struct err *err);
