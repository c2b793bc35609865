/* The choke points through which text from outside goes into exports: names of zones and hosts come
 * from people and files and may be anything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Into a comment, between quotation marks: printable ASCII as it is; everything else, quotation
 * mark, backslash and `{` included, as \xNN. So nothing can end the comment or the quotation, and
 * Caddy, which replaces `{$…}` before it knows comments, replaces nothing. */
void export_text_comment(FILE *to, const char *text);

#define EXPORT_SLUG_SIZE 64
#define EXPORT_SLUG_MAX 46 /* nginx hashes server names into buckets of 64 bytes */

/* Into an identifier of any format: the text in lower case if it consists of letters, digits, `.`,
 * `-` and `_`, starts and ends with a letter or digit, has no two dots in a row (nginx takes no such
 * server name) and is short enough; otherwise what is left
 * of it, `-`, and 16 hexadecimal digits of its SHA-256, so that two names never share one. */
char *export_text_slug(const char *text, char out[EXPORT_SLUG_SIZE]);

/* Into the name of a variable: letters in upper case, `_` for a dot, `__` for a hyphen, and for any
 * other text what is left of it, `_x`, and 16 hexadecimal digits of its SHA-256, so that two names never share
 * one. Lower case is never part of the text itself. */
#define EXPORT_VARIABLE_SIZE 64
char *export_text_variable(const char *text, char out[EXPORT_VARIABLE_SIZE]);

/* Whether the text may stand where a format expects a host: an address literal, or labels of letters,
 * digits, `-` and `_`, of which none is empty or begins with `-`, and the last is no number. Others
 * are left out, and said so. */
bool export_text_is_host(const char *text);

/* An IPv4 or IPv6 literal without brackets. */
bool export_text_is_address(const char *text);
bool export_text_is_ipv6(const char *text);

/* host:port, or [v6]:port. The host goes in as it is: where the format does not quote, only what
 * export_text_is_host passes may. */
#define EXPORT_ENDPOINT_SIZE 272
char *export_text_endpoint(const char *host, uint16_t port, char out[EXPORT_ENDPOINT_SIZE]);

/* Into a CSV field (RFC 4180), quoted where needed. Control characters, separators of lines, marks of
 * direction and what is no UTF-8 become \xNN byte by byte, and so does a backslash before an x: a row
 * is a line, and what was escaped can be told. A text that a spreadsheet would take as a formula (it
 * begins with = + - @, one of their full-width forms, a minus sign, or an apostrophe) gets an
 * apostrophe before it; behind a `;` or `|`, which some take as the end of a cell, such a sign becomes
 * \xNN. */
void export_text_csv(FILE *to, const char *text);
