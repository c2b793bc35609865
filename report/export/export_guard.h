/* Compares a new export with the one that it is to replace. Pure. */
#pragma once

#include "report/export/export_previous.h"

struct export_guard {
    size_t zones;   /* of the previous export */
    size_t missing; /* of these, not in the new one */
    size_t lowered; /* of these, with a lower setting in the new one */
};

struct export_guard export_guard_compare(const struct export_previous *previous,
                                         const struct export_previous *next);

/* False with the reason if the new export should not replace the previous one; thresholds are in
 * export_file.h. Sizes are those of the files in bytes; an empty previous file may be replaced. */
bool export_guard_check(const struct export_previous *previous, int64_t previous_bytes,
                        const struct export_previous *next, int64_t next_bytes, struct err *err);
