/* Counts through Ansible's host ranges. */
#include "store/import/import_range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 65536, NAME_SIZE = 512 };

struct expanding {
    import_range_each *each;
    void *arg;
    size_t left;
    const char *why;
};

/* One `[from:to:step]`, digits or letters. */
struct range {
    bool letters;
    long from, to, step;
    int digits; /* to pad to; 0: as long as the number is */
};

static bool read_number(const char *text, size_t n, long *out) {
    char digits[8];
    if (n == 0 || n >= sizeof digits || strspn(text, "0123456789") < n)
        return false;
    memcpy(digits, text, n);
    digits[n] = '\0';
    *out = atol(digits);
    return true;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads what stands between the brackets. */
static bool read_range(const char *text, size_t n, struct range *out) {
    const char *end = text + n;
    const char *first = memchr(text, ':', n);
    if (!first)
        return false;
    const char *second = memchr(first + 1, ':', (size_t)(end - first - 1));
    const char *to = first + 1;
    size_t from_n = (size_t)(first - text), to_n = (size_t)((second ? second : end) - to);
    *out = (struct range){.step = 1};
    if (second && !read_number(second + 1, (size_t)(end - second - 1), &out->step))
        return false;
    if (from_n == 1 && to_n == 1 && is_letter(*text) && is_letter(*to)) {
        out->letters = true;
        out->from = *text;
        out->to = *to;
    } else if (!read_number(to, to_n, &out->to) ||
               (from_n > 0 && !read_number(text, from_n, &out->from))) {
        return false;
    }
    if (!out->letters && from_n > 1 && *text == '0')
        out->digits = (int)from_n;
    return out->step > 0 && out->from <= out->to;
}

static bool stop(struct expanding *expanding, const char *why) {
    expanding->why = why;
    return false;
}

/* `done` is the beginning, with all ranges counted out; `rest` may have more of them. */
static bool expand(struct expanding *expanding, const char *done, const char *rest) {
    char name[NAME_SIZE];
    const char *open = strchr(rest, '[');
    const char *close = open ? strchr(open, ']') : NULL;
    struct range range;
    if (!open) {
        snprintf(name, sizeof name, "%s%s", done, rest);
        if (expanding->left-- == 0)
            return stop(expanding, "the ranges expand to more than 65536 names");
        if (expanding->each)
            expanding->each(expanding->arg, name);
        return true;
    }
    if (!close || !read_range(open + 1, (size_t)(close - open - 1), &range))
        return stop(expanding, "not a range of hosts, such as [01:50] or [a:f]");
    for (long i = range.from; i <= range.to; i += range.step) {
        int n = range.letters ? snprintf(name, sizeof name, "%s%.*s%c", done, (int)(open - rest),
                                         rest, (int)i)
                              : snprintf(name, sizeof name, "%s%.*s%0*ld", done, (int)(open - rest),
                                         rest, range.digits, i);
        if (n >= (int)sizeof name)
            return stop(expanding, "the name is too long");
        if (!expand(expanding, name, close + 1))
            return false;
    }
    return true;
}

/* Counts first, so that a range which is too long gives no names at all. */
bool import_range_expand(const char *pattern, import_range_each *each, void *arg,
                         const char **why) {
    struct expanding counting = {.left = NAMES_MAX};
    struct expanding expanding = {.each = each, .arg = arg, .left = NAMES_MAX};
    if (strlen(pattern) >= NAME_SIZE)
        stop(&counting, "the name is too long");
    else if (expand(&counting, "", pattern))
        return expand(&expanding, "", pattern);
    *why = counting.why;
    return false;
}
