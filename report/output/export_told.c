/* What is left of a line of an export without what only explains. */
#include "report/output/export_told.h"

#include "scanner/base/array.h"

#include <string.h>

/* Members that say why, or whose file it is, wherever they stand. */
static const char *const explanations[] = {
    "comment",  "comments",    "evidence", "expected", "generated_at", "generation", "not_after",
    "possible", "provisional", "reason",   "schema",   "sha256",       "since",      "waits_for"};

static void add_text(SHA256_CTX *hash, const char *text, size_t n) {
    SHA256_Update(hash, text, n);
    SHA256_Update(hash, "\n", 1);
}

/* ---- JSON, compact and on one line, as a renderer wrote it ------------------------------------ */

/* Behind the string that begins at `at`. */
static const char *skip_string(const char *at) {
    for (at++; *at && *at != '"'; at++)
        at += *at == '\\' && at[1];
    return *at ? at + 1 : at;
}

/* Behind the string, number, word, bracket, colon or comma at `at`. */
static const char *skip_token(const char *at) {
    if (*at == '"')
        return skip_string(at);
    size_t n = strcspn(at, "\"{}[]:,\n");
    return at + (n ? n : 1);
}

static const char *skip_value(const char *at) {
    int depth = 0;
    do {
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        at = skip_token(at);
    } while (depth > 0 && *at);
    return at;
}

static bool is_explanation(const char *key, size_t n) {
    for (size_t i = 0; i < COUNT_OF(explanations); i++) {
        if (strlen(explanations[i]) == n && memcmp(explanations[i], key, n) == 0)
            return true;
    }
    return false;
}

/* Without commas: how many there are depends on what is left out. */
static void add_json(SHA256_CTX *hash, const char *line) {
    for (const char *at = line, *end; *at; at = end) {
        end = skip_token(at);
        if (*at == '"' && *end == ':' && is_explanation(at + 1, (size_t)(end - at) - 2))
            end = skip_value(end + 1);
        else if (*at != ',' && *at != '\n')
            add_text(hash, at, (size_t)(end - at));
    }
}

/* ---- CSV ------------------------------------------------------------------------------------- */

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

bool export_told_line(const struct export_format *format, const char *line,
                      uint8_t out[SHA256_DIGEST_LENGTH]) {
    SHA256_CTX hash;
    const char *at = line + strspn(line, " \t\n");
    if (format->layout == EXPORT_COMMENTS &&
        (!*at || strncmp(at, format->comment, strlen(format->comment)) == 0))
        return false;
    SHA256_Init(&hash);
    switch (format->layout) {
    case EXPORT_COMMENTS:
        add_text(&hash, line, strcspn(line, "\n"));
        break;
    case EXPORT_DOCUMENT:
    case EXPORT_LINES:
        add_json(&hash, line);
        break;
    case EXPORT_TABLE:
        add_row(&hash, format, line);
        break;
    }
    SHA256_Final(out, &hash);
    return true;
}
