/* Whether a new export may take the place of the previous one, by what both say of the zones. Pure. */
#pragma once

#include "report/output/export_previous.h"

/* The guard refuses, unless forced, a new export in which
 *   - more than this share of the previous one's zones is missing, or
 *   - more than this share of them, and at least so many, has a lower setting than before, or has
 *     an exception that is lower than the lowest before. */
#define EXPORT_GUARD_MISSING_PERCENT 10
#define EXPORT_GUARD_LOWERED_PERCENT 10
#define EXPORT_GUARD_LOWERED_ZONES 3

/* False with the reason. Both lists of zones are sorted. */
bool export_guard_check(const struct export_previous *previous, const struct export_previous *next,
                        struct err *err);
