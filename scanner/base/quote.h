/* Shows text that came from outside inside a message for people: one line, printable ASCII. Every
 * log line, page and comment takes foreign bytes through these functions. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* What one byte becomes at most: \xNN. */
#define QUOTE_BYTE_MAX 4

/* Appends a byte at `at`, where room for QUOTE_BYTE_MAX must be, and returns the new end; writes no
 * terminating zero. A byte that is not printable ASCII, or that is one of `barred`, becomes \xNN,
 * so that foreign bytes cannot forge a line of a log, move a terminal's cursor or end a quotation. */
char *quote_byte(char *at, char byte, const char *barred);

/* Bytes of the text that are shown; the rest is cut and the cut is marked. */
#define QUOTE_SHOWN_MAX 64
/* Two quotation marks, every byte as \xNN, the mark of a cut and the end. */
#define QUOTE_SIZE (QUOTE_SHOWN_MAX * QUOTE_BYTE_MAX + 6)

/* Writes the first `n` bytes of `text` between double quotation marks. Whatever is not printable
 * ASCII becomes \xNN; quotation mark and backslash get a backslash; longer text is cut: "abc"...
 * Returns `out`. */
char *quote_bytes(const char *text, size_t n, char out[QUOTE_SIZE]);

/* The same for a string. */
char *quote_text(const char *text, char out[QUOTE_SIZE]);

/* The text itself where it is a plain name: letters, digits and `.-_:[]`, not too long. Else as
 * quote_text() writes it. */
const char *quote_unless_plain(const char *text, char out[QUOTE_SIZE]);

/* Prints a line: `before`, then what the format makes, all of it as quote_byte() shows it, and a
 * newline, which is the only one. What a command says on standard error goes through here, and every
 * line of standard output with text from outside in it. */
__attribute__((format(printf, 2, 3))) void quote_line(FILE *to, const char *format, ...);
__attribute__((format(printf, 3, 0))) void quote_vline(FILE *to, const char *before,
                                                       const char *format, va_list args);

/* Prints a whole string byte by byte, without quotation marks. */
void quote_print(FILE *to, const char *text, const char *barred);
