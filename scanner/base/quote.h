/* Shows text that came from outside inside a message for people: one line, printable ASCII. */
#pragma once

#include <stddef.h>

/* Bytes of the text that are shown; the rest is cut and the cut is marked. */
#define QUOTE_SHOWN_MAX 64
/* Two quotation marks, every byte as \xNN, the mark of a cut and the end. */
#define QUOTE_SIZE (QUOTE_SHOWN_MAX * 4 + 6)

/* Writes the first `n` bytes of `text` between double quotation marks. Whatever is not printable
 * ASCII becomes \xNN, so that nobody's bytes can forge a line of a log or move a terminal's cursor;
 * quotation mark and backslash get a backslash; longer text is cut: "abc"... Returns `out`. */
char *quote_bytes(const char *text, size_t n, char out[QUOTE_SIZE]);

/* The same for a string. */
char *quote_text(const char *text, char out[QUOTE_SIZE]);
