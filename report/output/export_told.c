/* What is left of a line of an export without what only explains. */
#include "report/output/export_told.h"

#include "scanner/base/array.h"

#include <stdlib.h>
#include <string.h>

/* Members that say why, or whose file it is, wherever they stand. */
static const char *const explanations[] = {
    "comment",  "comments",    "evidence", "expected", "generated_at", "generation", "not_after",
    "possible", "provisional", "reason",   "schema",   "sha256",       "since",      "waits_for"};

static void drop_explanations(json_t *value) {
    const char *key;
    json_t *member;
    size_t i;
    for (i = 0; i < COUNT_OF(explanations); i++)
        json_object_del(value, explanations[i]);
    json_object_foreach(value, key, member) drop_explanations(member);
    json_array_foreach(value, i, member) drop_explanations(member);
}

static void add_text(SHA256_CTX *hash, const char *text, size_t n) {
    SHA256_Update(hash, text, n);
    SHA256_Update(hash, "\n", 1);
}

static void add_json(SHA256_CTX *hash, const char *line) {
    json_t *value = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
    drop_explanations(value);
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(value);
    if (text)
        add_text(hash, text, strlen(text));
    else
        add_text(hash, line, strcspn(line, "\n"));
    free(text);
}

/* The end of a CSV field that begins at `at`. */
static const char *find_field_end(const char *at) {
    bool quoted = false;
    for (; *at && *at != '\n' && (quoted || *at != ','); at++)
        quoted = quoted != (*at == '"');
    return at;
}

static void add_row(SHA256_CTX *hash, const struct export_format *format, const char *line) {
    for (unsigned column = 0; *line && *line != '\n'; column++) {
        const char *end = find_field_end(line);
        if (column < 32 && (format->told_columns >> column & 1))
            add_text(hash, line, (size_t)(end - line));
        line = *end == ',' ? end + 1 : end;
    }
}

void export_told_add(SHA256_CTX *hash, const struct export_format *format, const char *line) {
    const char *at = line + strspn(line, " \t\n");
    switch (format->layout) {
    case EXPORT_COMMENTS:
        if (*at && strncmp(at, format->comment, strlen(format->comment)) != 0)
            add_text(hash, line, strcspn(line, "\n"));
        return;
    case EXPORT_DOCUMENT:
    case EXPORT_LINES:
        add_json(hash, line);
        return;
    case EXPORT_TABLE:
        add_row(hash, format, line);
        return;
    }
}
