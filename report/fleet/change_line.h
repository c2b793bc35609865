/* What changed of one subject at one moment, as one line: v_change has a row for each field.
 *
 *     shop: setting off -> supported; groups X25519,P-256 -> X25519,P-256,P-384, supported-works
 *
 * A reason stands after the last of the fields that share it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A row of v_change. Texts are borrowed. */
struct change_row {
    int64_t changed_ms;
    const char *subject; /* zone or host:port */
    const char *field;
    const char *old; /* NULL: not known */
    const char *new;
    const char *reason; /* NULL: none is given */
};

/* Its texts are the line's own. */
struct change_field {
    char *field;
    char *old;
    char *new;
    char *reason;
};

/* Starts as {0}; free what is in it with change_line_clear. */
struct change_line {
    int64_t changed_ms;
    char *subject;
    size_t fields_n;
    size_t room;
    struct change_field *fields;
};

/* True if the row speaks of the same subject and moment. */
bool change_line_has(const struct change_line *line, const struct change_row *row);

/* Takes a row: the first one says of whom and when the line is. */
void change_line_add(struct change_line *line, const struct change_row *row);

/* Prints it without its time and without an end of line; names that are not plain are quoted. */
void change_line_print(FILE *to, const struct change_line *line);

void change_line_clear(struct change_line *line);
