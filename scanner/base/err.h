/* An error for the person who has to act on it: one line of text, owned by the caller. */
#pragma once

#include <stdbool.h>

/* Filled by functions that return false; untouched by those that return true. */
struct err {
    char text[512];
};

/* Writes the text, cut to fit and as quote_byte() shows it: a line of printable ASCII, whatever its
 * arguments hold; and returns false so that a caller can `return err_set(…)`.
 * A NULL err is allowed: the caller does not care why. */
__attribute__((format(printf, 2, 3))) bool err_set(struct err *err, const char *format, ...);
