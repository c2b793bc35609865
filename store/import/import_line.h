/* Lines of any stream in bounded memory. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#define IMPORT_LINE_MAX 8192

enum import_line_kind {
    IMPORT_LINE_TEXT,      /* valid UTF-8 without NUL, no line end */
    IMPORT_LINE_BAD,       /* too long, a NUL byte or no UTF-8; `why` says which */
    IMPORT_LINE_END,       /* of the input */
    IMPORT_LINE_UNREADABLE /* errno says why */
};

struct import_line {
    FILE *in;
    uint64_t number; /* of this line, from 1 */
    size_t n;
    char text[IMPORT_LINE_MAX + 1];
    const char *why;
    size_t at; /* in the buffer */
    size_t end;
    char buffer[65536];
};

/* Reads the next line. */
enum import_line_kind import_line_next(struct import_line *line);

/* The bytes that come next, as many as the buffer holds: none at the end of the input or after an
 * error, which ferror() tells. They stay next until they are skipped or read as lines. */
const char *import_line_peek(struct import_line *line, size_t *n);
void import_line_skip(struct import_line *line, size_t n);
