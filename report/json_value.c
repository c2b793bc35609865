/* What documents say again and again as JSON. */
#include "report/json_value.h"

#include "scanner/base/clock.h"
#include "scanner/base/quote.h"
#include "scanner/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *json_value_text(const char *text) {
    json_t *string = json_string(text);
    if (string)
        return string;
    char *escaped = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&escaped, &n);
    if (!to)
        abort();
    quote_print(to, text, "\"\\");
    fclose(to);
    string = json_string(escaped);
    free(escaped);
    return string;
}

json_t *json_value_text_or_null(const char *text) {
    return text && text[0] ? json_value_text(text) : json_null();
}

/* JSON's syntax is ASCII, so everything else stands in texts. All are of the first plane but for
 * some of no characters, which YAML takes. */
static bool needs_escape(uint32_t code) {
    return code >= 0x7f && code <= 0xffff &&
           (utf8_is_control(code) || utf8_is_separator(code) || utf8_is_direction(code) ||
            utf8_is_noncharacter(code));
}

static void write_escaped(FILE *to, const char *text, size_t n) {
    const char *from = text, *end = text + n;
    for (const char *at = text; at < end;) {
        uint32_t code;
        const char *next = utf8_next(at, &code);
        if (needs_escape(code)) {
            fwrite(from, 1, (size_t)(at - from), to);
            fprintf(to, "\\u%04x", code);
            from = next;
        }
        at = next;
    }
    fwrite(from, 1, (size_t)(end - from), to);
}

/* Most documents are a short line, for which no memory is asked. */
void json_value_write(FILE *to, const json_t *value, size_t flags) {
    char buffer[8192];
    size_t n = json_dumpb(value, buffer, sizeof buffer - 1, flags);
    char *text = buffer;
    if (n >= sizeof buffer) {
        text = json_dumps(value, flags);
        n = text ? strlen(text) : 0;
    }
    if (text) {
        text[n] = '\0';
        write_escaped(to, text, n);
    }
    if (text != buffer)
        free(text);
}

char *json_value_dump(const json_t *value, size_t flags) {
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        abort();
    json_value_write(to, value, flags);
    fclose(to);
    return text;
}

json_t *json_value_group(uint16_t group) {
    char name[GROUP_NAME_SIZE];
    return group == GROUP_NONE ? json_null() : json_string(group_name(group, name));
}

json_t *json_value_groups(const uint16_t *groups, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_value_group(groups[i]));
    return list;
}

json_t *json_value_truth(enum truth truth) {
    switch (truth) {
    case TRUTH_UNKNOWN:
        return json_null();
    case TRUTH_FALSE:
        return json_false();
    case TRUTH_TRUE:
        return json_true();
    }
    return json_null();
}

json_t *json_value_truths_of(const uint16_t *groups, const enum truth *truths, size_t n) {
    char name[GROUP_NAME_SIZE];
    json_t *object = json_object();
    for (size_t i = 0; i < n; i++)
        if (groups[i] != GROUP_NONE)
            json_value_set(object, group_name(groups[i], name), json_value_truth(truths[i]));
    return object;
}

json_t *json_value_time(int64_t ms) {
    char text[CLOCK_ISO_SIZE];
    return ms ? json_string(clock_iso(ms, text)) : json_null();
}

void json_value_set(json_t *object, const char *key, json_t *value) {
    json_object_set_new_nocheck(object, key, value);
}

json_t *json_value_count(uint64_t n) {
    return json_integer((json_int_t)n);
}

json_t *json_value_fraction(double part, double whole) {
    return whole > 0 ? json_real(part / whole) : json_null();
}

const char *json_value_text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t json_value_number_at(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}
