/* Header and body of an export's file. */
#include "report/export/export_layout.h"

#include "report/json_value.h"
#include "scanner/base/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* "-" for a time that is not known. */
static const char *time_or_dash(int64_t ms, char out[CLOCK_ISO_SIZE]) {
    return ms ? clock_iso(ms, out) : "-";
}

char *export_layout_stamp(const struct export_options *options,
                          const struct export_summary *summary,
                          char out[EXPORT_LAYOUT_STAMP_SIZE]) {
    char made[CLOCK_ISO_SIZE], data[CLOCK_ISO_SIZE], end[CLOCK_ISO_SIZE];
    snprintf(out, EXPORT_LAYOUT_STAMP_SIZE,
             "originscan-export: format=%s generation=%" PRIu64
             " generated_at=%s data_at=%s not_after=%s zones=%" PRIu64 " sha256=%s",
             options->format->name, options->generation, time_or_dash(options->now_ms, made),
             time_or_dash(summary->data_ms, data), time_or_dash(summary->not_after_ms, end),
             summary->zones, summary->sha256);
    return out;
}

char *export_layout_age(const struct export_options *options, const struct export_summary *summary,
                        char out[EXPORT_LAYOUT_AGE_SIZE]) {
    char at[CLOCK_ISO_SIZE];
    int64_t age_min = (options->now_ms - summary->data_ms) / 60000;
    if (!summary->data_ms)
        snprintf(out, EXPORT_LAYOUT_AGE_SIZE, "age of the data unknown");
    else if (age_min < 120)
        snprintf(out, EXPORT_LAYOUT_AGE_SIZE, "newest scan %s, %d min before",
                 clock_iso(summary->data_ms, at), (int)age_min);
    else if (age_min < 48 * 60)
        snprintf(out, EXPORT_LAYOUT_AGE_SIZE, "newest scan %s, %d h before",
                 clock_iso(summary->data_ms, at), (int)(age_min / 60));
    else
        snprintf(out, EXPORT_LAYOUT_AGE_SIZE, "newest scan %s, %d days before",
                 clock_iso(summary->data_ms, at), (int)(age_min / 60 / 24));
    return out;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void hash_to_hex(const uint8_t hash[SHA256_DIGEST_LENGTH], char out[65]) {
    for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

bool export_layout_hash(FILE *body, char out[65]) {
    SHA256_CTX context;
    uint8_t hash[SHA256_DIGEST_LENGTH];
    char buffer[65536];
    size_t n;
    rewind(body);
    SHA256_Init(&context);
    while ((n = fread(buffer, 1, sizeof buffer, body)) > 0)
        SHA256_Update(&context, buffer, n);
    SHA256_Final(hash, &context);
    hash_to_hex(hash, out);
    rewind(body);
    return !ferror(body);
}

static void write_comments(FILE *to, const struct export_options *options,
                           const struct export_summary *summary) {
    char stamp[EXPORT_LAYOUT_STAMP_SIZE];
    char age[EXPORT_LAYOUT_AGE_SIZE];
    const char *comment = options->format->comment;
    fprintf(to, "%s Made by %s for %s. Do not edit: the next export replaces this file.\n", comment,
            options->generator, options->format->name);
    fprintf(to, "%s %s\n", comment, export_layout_stamp(options, summary, stamp));
    fprintf(to,
            "%s Data: %s. Settings: %" PRIu64 " preferred, %" PRIu64 " supported, %" PRIu64
            " off, %" PRIu64 " none; %" PRIu64 " not as recommended, see the notes.\n",
            comment, export_layout_age(options, summary, age), summary->by_level[LEVEL_PREFERRED],
            summary->by_level[LEVEL_SUPPORTED], summary->by_level[LEVEL_OFF],
            summary->by_level[LEVEL_NONE], summary->inexact);
}

/* The head as JSON without its closing brace, and the array's beginning. */
static void write_head(FILE *to, const struct export_options *options,
                       const struct export_summary *summary) {
    json_t *head = options->format->make_head(options, summary);
    char *text = json_value_dump(head, JSON_COMPACT);
    json_decref(head);
    assert(text && text[strlen(text) - 1] == '}');
    text[strlen(text) - 1] = '\0';
    fprintf(to, "%s,\"%s\":[\n", text, options->format->array);
    free(text);
}

static void write_line_end(FILE *to, const struct export_options *options,
                           const struct export_summary *summary) {
    char made[CLOCK_ISO_SIZE];
    fprintf(to,
            ",\"schema\":\"originscan.settings/1\",\"generation\":%" PRIu64
            ",\"generated_at\":\"%s\",\"sha256\":\"%s\"}\n",
            options->generation, clock_iso(options->now_ms, made), summary->sha256);
}

static void write_row_end(FILE *to, const struct export_options *options,
                          const struct export_summary *summary, bool first) {
    char made[CLOCK_ISO_SIZE];
    if (first)
        fputs(",generation,generated_at,sha256\n", to);
    else
        fprintf(to, ",%" PRIu64 ",%s,%s\n", options->generation, clock_iso(options->now_ms, made),
                summary->sha256);
}

/* One line of the body, without its newline, as the layout wants it. */
static void write_line(FILE *to, const struct export_options *options,
                       const struct export_summary *summary, const char *line, size_t n,
                       bool first) {
    switch (options->format->layout) {
    case EXPORT_COMMENTS:
        fwrite(line, 1, n, to);
        putc('\n', to);
        return;
    case EXPORT_DOCUMENT:
        fputs(first ? "" : ",\n", to);
        fwrite(line, 1, n, to);
        return;
    case EXPORT_LINES:
        assert(n > 0 && line[n - 1] == '}');
        fwrite(line, 1, n - 1, to);
        write_line_end(to, options, summary);
        return;
    case EXPORT_TABLE:
        fwrite(line, 1, n, to);
        write_row_end(to, options, summary, first);
        return;
    }
}

bool export_layout_write(FILE *to, const struct export_options *options,
                         const struct export_summary *summary, FILE *body) {
    enum export_layout layout = options->format->layout;
    rewind(body);
    if (layout == EXPORT_COMMENTS)
        write_comments(to, options, summary);
    if (layout == EXPORT_DOCUMENT)
        write_head(to, options, summary);
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    bool first = true;
    while ((n = getline(&line, &room, body)) > 0) {
        assert(line[n - 1] == '\n'); /* every renderer ends its lines */
        write_line(to, options, summary, line, (size_t)n - 1, first);
        first = false;
    }
    free(line);
    if (layout == EXPORT_DOCUMENT)
        fputs(first ? "]}\n" : "\n]}\n", to);
    return !ferror(body);
}
