/* What documents say again and again as JSON: text from outside, groups, times. */
#pragma once

#include "scanner/words/words.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* A new reference. JSON takes valid UTF-8 only: in other text every byte that is not printable
 * ASCII, quotation mark and backslash are shown as \xNN. */
json_t *json_value_text(const char *text);

/* The same; null for NULL and "". */
json_t *json_value_text_or_null(const char *text);

/* Sets a member of ours, whose key is plain ASCII, and takes over the value. */
void json_value_set(json_t *object, const char *key, json_t *value);

/* A whole number; a part of a whole, null for a part of nothing. New references. */
json_t *json_value_count(uint64_t n);
json_t *json_value_fraction(double part, double whole);

/* Writes a document with these flags of jansson, as one that no reader and no terminal takes amiss:
 * what jansson leaves as it is though some parser gives it a meaning (DEL, C1, separators of lines,
 * marks of direction, what is no character) becomes \uNNNN. That is YAML too. The text is to be
 * freed. */
void json_value_write(FILE *to, const json_t *value, size_t flags);
char *json_value_dump(const json_t *value, size_t flags);

/* The group's name, or null for GROUP_NONE; a list of names. New references. */
json_t *json_value_group(uint16_t group);
json_t *json_value_groups(const uint16_t *groups, size_t n);

/* true, false, or null for what is not known. A new reference. */
json_t *json_value_truth(enum truth truth);

/* An object with a member for each of the groups, by its name, GROUP_NONE left out. A new reference. */
json_t *json_value_truths_of(const uint16_t *groups, const enum truth *truths, size_t n);

/* Milliseconds since 1970 as an ISO-8601 text in UTC; null for 0. A new reference. */
json_t *json_value_time(int64_t ms);

/* The other way: a member of a document of ours; "" and 0 where it is not there or of another type. The text
 * is the document's. */
const char *json_value_text_at(const json_t *object, const char *key);
int64_t json_value_number_at(const json_t *object, const char *key);
