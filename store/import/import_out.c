/* Keeps what a form of list has found until the reader asks for it. */
#include "store/import/import_out.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSED_MAX = 8, TEXTS = IMPORT_KEYS + 1, NO_TEXT = 0 };

/* Offsets into the texts, one more than they are, so that 0 is none: the endpoint, or the message,
 * comes first. */
struct entry {
    enum import_found kind;
    uint64_t line;
    size_t text[TEXTS];
};

struct import_out {
    struct entry *entries;
    size_t n, room, next;
    char *texts;
    size_t texts_n, texts_room;
    char *remark; /* NULL: none */
    size_t passed_n;
    struct passed {
        const char *what;
        uint64_t n;
    } passed[PASSED_MAX];
    char note[160];
};

struct import_out *import_out_new(void) {
    return alloc_zero(1, sizeof(struct import_out));
}

void import_out_free(struct import_out *out) {
    if (!out)
        return;
    free(out->entries);
    free(out->texts);
    free(out->remark);
    free(out);
}

static size_t copy_text(struct import_out *out, const char *text) {
    if (!text)
        return NO_TEXT;
    size_t n = strlen(text) + 1, at = out->texts_n;
    out->texts = array_reserve(out->texts, at + n, &out->texts_room, 1);
    memcpy(out->texts + at, text, n);
    out->texts_n += n;
    return at + 1;
}

static struct entry *append_entry(struct import_out *out, enum import_found kind, uint64_t line) {
    out->entries = array_reserve(out->entries, out->n + 1, &out->room, sizeof *out->entries);
    struct entry *entry = &out->entries[out->n++];
    *entry = (struct entry){.kind = kind, .line = line};
    return entry;
}

void import_out_add(struct import_out *out, uint64_t line, const struct import_fields *fields) {
    struct entry *entry = append_entry(out, IMPORT_FOUND_ORIGIN, line);
    entry->text[0] = copy_text(out, fields->endpoint);
    for (size_t i = 0; i < IMPORT_KEYS; i++)
        entry->text[i + 1] = copy_text(out, fields->text[i]);
}

__attribute__((format(printf, 4, 0))) static void append_message(struct import_out *out,
                                                                 enum import_found kind,
                                                                 uint64_t line, const char *format,
                                                                 va_list args) {
    char text[sizeof(struct err)];
    vsnprintf(text, sizeof text, format, args);
    append_entry(out, kind, line)->text[0] = copy_text(out, text);
}

void import_out_bad(struct import_out *out, uint64_t line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    append_message(out, IMPORT_FOUND_BAD, line, format, args);
    va_end(args);
}

void import_out_fail(struct import_out *out, uint64_t line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    append_message(out, IMPORT_FOUND_FAILURE, line, format, args);
    va_end(args);
}

void import_out_pass(struct import_out *out, const char *what) {
    size_t i = 0;
    while (i < out->passed_n && out->passed[i].what != what)
        i++;
    if (i == PASSED_MAX)
        return;
    if (i == out->passed_n)
        out->passed[out->passed_n++] = (struct passed){.what = what};
    out->passed[i].n++;
}

void import_out_remark(struct import_out *out, const char *format, ...) {
    va_list args;
    if (out->remark)
        return;
    va_start(args, format);
    if (vasprintf(&out->remark, format, args) < 0)
        out->remark = NULL;
    va_end(args);
}

static const char *text_at(const struct import_out *out, size_t text) {
    return text == NO_TEXT ? NULL : out->texts + text - 1;
}

bool import_out_next(struct import_out *out, struct import_out_entry *entry) {
    if (out->next == out->n) {
        out->next = out->n = out->texts_n = 0;
        return false;
    }
    const struct entry *from = &out->entries[out->next++];
    *entry = (struct import_out_entry){.kind = from->kind, .line = from->line};
    if (from->kind != IMPORT_FOUND_ORIGIN) {
        entry->message = text_at(out, from->text[0]);
        return true;
    }
    entry->fields.endpoint = text_at(out, from->text[0]);
    for (size_t i = 0; i < IMPORT_KEYS; i++)
        entry->fields.text[i] = text_at(out, from->text[i + 1]);
    return true;
}

const char *import_out_note(struct import_out *out, size_t i) {
    if (out->remark) {
        if (i == 0)
            return out->remark;
        i--;
    }
    if (i >= out->passed_n)
        return NULL;
    snprintf(out->note, sizeof out->note, "skipped: %s (%llu)", out->passed[i].what,
             (unsigned long long)out->passed[i].n);
    return out->note;
}
