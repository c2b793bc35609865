/* Pieces that several forms of lists have in common: words, comments, URLs. */
#pragma once

#include "store/import/import_fields.h"

#include <stddef.h>

/* Ends the text where a comment begins: at a # at its start or behind a blank. */
void import_words_drop_comment(char *text);

/* Splits at blanks, in place. What is beyond `max` words stays in the last one, from its start.
 * Returns how many there are, at most `max`. */
size_t import_words_split(char *text, char **words, size_t max);

/* Splits as a shell does: quotes and backslashes hold a word together and go. Returns how many words
 * there are, or `max` + 1 if there are more; those are left out. False quotes end at the end. */
size_t import_words_unquote(char *text, char **words, size_t max);

/* Makes an endpoint of a URL (https://host:port/path) or of host[:port][@address], in place. NULL,
 * or why it names no TLS endpoint. */
const char *import_words_url(char *text, struct import_fields *fields);
