/* What changed of one subject at one moment, as one line. */
#include "report/fleet/change_line.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/quote.h"

#include <stdlib.h>
#include <string.h>

static char *copy_or_null(const char *text) {
    return text ? alloc_string(text) : NULL;
}

bool change_line_has(const struct change_line *line, const struct change_row *row) {
    return line->subject && line->changed_ms == row->changed_ms &&
           strcmp(line->subject, row->subject) == 0;
}

void change_line_add(struct change_line *line, const struct change_row *row) {
    if (!line->subject) {
        line->subject = alloc_string(row->subject);
        line->changed_ms = row->changed_ms;
    }
    line->fields =
        array_reserve(line->fields, line->fields_n + 1, &line->room, sizeof *line->fields);
    line->fields[line->fields_n++] = (struct change_field){
        .field = alloc_string(row->field),
        .old = copy_or_null(row->old),
        .new = copy_or_null(row->new),
        .reason = copy_or_null(row->reason),
    };
}

static bool share_reason(const struct change_field *one, const struct change_field *next) {
    if (!one->reason || !next->reason)
        return one->reason == next->reason;
    return strcmp(one->reason, next->reason) == 0;
}

/* The names of groups have commas between, which are harmless. */
static const char *show_value(const char *value, char out[QUOTE_SIZE]) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[],";
    if (!value)
        return "-";
    return *value && strspn(value, plain) == strlen(value) ? value : quote_text(value, out);
}

void change_line_print(FILE *to, const struct change_line *line) {
    char name[QUOTE_SIZE], old[QUOTE_SIZE], new[QUOTE_SIZE];
    fprintf(to, "%s:", quote_unless_plain(line->subject, name));
    for (size_t i = 0; i < line->fields_n; i++) {
        const struct change_field *one = &line->fields[i];
        bool last = i + 1 == line->fields_n;
        fprintf(to, " %s %s -> %s", one->field, show_value(one->old, old),
                show_value(one->new, new));
        if (one->reason && (last || !share_reason(one, one + 1))) {
            fputs(", ", to);
            quote_print(to, one->reason, "");
        }
        fputs(last ? "" : ";", to);
    }
}

void change_line_clear(struct change_line *line) {
    for (size_t i = 0; i < line->fields_n; i++) {
        free(line->fields[i].field);
        free(line->fields[i].old);
        free(line->fields[i].new);
        free(line->fields[i].reason);
    }
    free(line->fields);
    free(line->subject);
    *line = (struct change_line){0};
}
