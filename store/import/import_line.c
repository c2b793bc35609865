/* Lines of any stream in bounded memory. */
#include "store/import/import_line.h"

#include <stdbool.h>
#include <string.h>

static bool fill_buffer(struct import_line *line) {
    line->at = 0;
    line->end = fread(line->buffer, 1, sizeof line->buffer, line->in);
    return line->end > 0;
}

/* Collects bytes up to the line's end; what does not fit is only counted. False at the end. */
static bool collect_line(struct import_line *line, size_t *whole) {
    bool any = false;
    *whole = 0;
    line->n = 0;
    while (line->at < line->end || fill_buffer(line)) {
        const char *from = line->buffer + line->at;
        const char *stop = memchr(from, '\n', line->end - line->at);
        size_t n = stop ? (size_t)(stop - from) : line->end - line->at;
        size_t room = IMPORT_LINE_MAX - line->n;
        size_t kept = n < room ? n : room;
        memcpy(line->text + line->n, from, kept);
        line->n += kept;
        *whole += n;
        line->at += n + (stop != NULL);
        any = true;
        if (stop)
            break;
    }
    return any;
}

/* The length of the UTF-8 sequence at `at`, 0 if it is none (RFC 3629: shortest form, no
 * surrogates, up to U+10FFFF). */
static size_t utf8_length(const unsigned char *at, size_t left) {
    unsigned char first = at[0];
    if (first < 0x80)
        return 1;
    size_t n = first >= 0xc2 && first <= 0xdf ? 2 : (first & 0xf0) == 0xe0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || left < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool outside = (first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ||
                   (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f);
    return outside ? 0 : n;
}

static bool is_utf8(const char *text, size_t n) {
    const unsigned char *at = (const unsigned char *)text;
    for (size_t i = 0, step; i < n; i += step) {
        step = utf8_length(at + i, n - i);
        if (!step)
            return false;
    }
    return true;
}

static void drop_byte_order_mark(struct import_line *line) {
    static const char mark[] = "\xef\xbb\xbf";
    size_t n = sizeof mark - 1;
    if (line->number != 1 || line->n < n || memcmp(line->text, mark, n) != 0)
        return;
    line->n -= n;
    memmove(line->text, line->text + n, line->n);
}

static const char *find_defect(const struct import_line *line, size_t whole) {
    if (whole > IMPORT_LINE_MAX)
        return "the line is longer than 8192 bytes";
    if (memchr(line->text, 0, line->n))
        return "the line contains a NUL byte";
    return is_utf8(line->text, line->n) ? NULL : "the line is not valid UTF-8";
}

enum import_line_kind import_line_next(struct import_line *line) {
    size_t whole;
    if (!collect_line(line, &whole))
        return ferror(line->in) ? IMPORT_LINE_UNREADABLE : IMPORT_LINE_END;
    line->number++;
    drop_byte_order_mark(line);
    if (line->n && line->text[line->n - 1] == '\r')
        line->n--;
    line->text[line->n] = '\0';
    line->why = find_defect(line, whole);
    return line->why ? IMPORT_LINE_BAD : IMPORT_LINE_TEXT;
}

const char *import_line_peek(struct import_line *line, size_t *n) {
    if (line->at == line->end && !fill_buffer(line))
        line->at = line->end = 0;
    *n = line->end - line->at;
    return line->buffer + line->at;
}

void import_line_skip(struct import_line *line, size_t n) {
    line->at += n;
}
