/* What a form of list has found in the lines so far: origins as texts, bad lines, remarks. */
#pragma once

#include "store/import/import_fields.h"

#include <stddef.h>
#include <stdint.h>

enum import_found {
    IMPORT_FOUND_ORIGIN,
    IMPORT_FOUND_BAD,    /* a line that is passed over; its message says why */
    IMPORT_FOUND_FAILURE /* nothing that follows can be read */
};

struct import_out;

/* Starts empty. The caller frees it. */
struct import_out *import_out_new(void);
void import_out_free(struct import_out *out);

/* Appends; all texts are copied. */
void import_out_add(struct import_out *out, uint64_t line, const struct import_fields *fields);
__attribute__((format(printf, 3, 4))) void import_out_bad(struct import_out *out, uint64_t line,
                                                          const char *format, ...);
__attribute__((format(printf, 3, 4))) void import_out_fail(struct import_out *out, uint64_t line,
                                                           const char *format, ...);

/* Counts something that was passed over on purpose; `what` stays in memory (a literal). */
void import_out_pass(struct import_out *out, const char *what);

/* Says something once, about the list as a whole. */
__attribute__((format(printf, 2, 3))) void import_out_remark(struct import_out *out,
                                                             const char *format, ...);

/* What was appended, in order. */
struct import_out_entry {
    enum import_found kind;
    uint64_t line;
    struct import_fields fields; /* of an origin */
    const char *message;         /* else */
};

/* The next one, valid until the next call of any function; false when there is none. */
bool import_out_next(struct import_out *out, struct import_out_entry *entry);

/* The remarks, then what was passed over, one line per note; NULL after the last. Valid until the
 * next call. */
const char *import_out_note(struct import_out *out, size_t i);
