/* Reads UTF-8 strictly, and tells which characters are no text: what a terminal obeys, what ends a
 * line for some reader, what no character is. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define UTF8_BAD UINT32_MAX

/* Reads the code point at `at`, which ends with a zero byte and is not empty, and returns what comes
 * after it. Where the bytes are no valid UTF-8 (cut, overlong, a surrogate, beyond U+10FFFF) the
 * code is UTF8_BAD and one byte is passed. */
const char *utf8_next(const char *at, uint32_t *code);

/* C0, DEL and C1. */
bool utf8_is_control(uint32_t code);

/* U+2028 and U+2029, which end lines as U+000A and U+0085 do. */
bool utf8_is_separator(uint32_t code);

/* The 66 code points that never are one: U+FDD0 to U+FDEF, and the last two of every plane. */
bool utf8_is_noncharacter(uint32_t code);

/* What changes the order in which text around it is shown, or is not shown at all: marks of
 * direction, and the byte order mark. */
bool utf8_is_direction(uint32_t code);
