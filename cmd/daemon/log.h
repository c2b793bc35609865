/* One line on standard error for each thing that an operator may want to know: an event and fields.
 *
 * Formats: text (`2026-11-23T09:00:00.123Z info scan host=example.com verdict=ready`), logfmt
 * (everything key=value) and JSON (an object a line). Under systemd's journal each line begins with
 * its priority as sd-daemon(3) says, and text has no time, since the journal has its own.
 *
 * Whatever comes from outside passes one escaping on its way into any of the formats: bytes that
 * are not printable ASCII become \xNN, so that a peer cannot forge a line or move a cursor; texts
 * beyond LOG_SHOWN_MAX bytes are cut. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

#define LOG_SHOWN_MAX 512

/* What is logged from now on, and how. Before: text, info. The process has one standard error, so
 * it has one log. */
void log_setup(enum log_level level, enum log_format format);

/* Where lines go; NULL is standard error. For tests. `journal` puts priorities in front. */
void log_redirect(FILE *to, bool journal);

enum log_kind { LOG_KIND_TEXT, LOG_KIND_COUNT, LOG_KIND_REAL };

/* A field with a key of ours and a value of anybody's. A NULL text is left out. */
struct log_field {
    const char *key;
    enum log_kind kind;
    const char *text;
    int64_t count;
    double real;
};

static inline struct log_field log_text(const char *key, const char *text) {
    return (struct log_field){.key = key, .kind = LOG_KIND_TEXT, .text = text};
}
static inline struct log_field log_count(const char *key, int64_t count) {
    return (struct log_field){.key = key, .kind = LOG_KIND_COUNT, .count = count};
}
static inline struct log_field log_real(const char *key, double real) {
    return (struct log_field){.key = key, .kind = LOG_KIND_REAL, .real = real};
}

/* True if a line of that level would be written: for fields that cost something to make. */
bool log_wants(enum log_level level);

/* Writes one line with one call, so that lines of several processes do not mix. Never waits for a
 * reader: lines that it does not take are kept for a while (log_sink.h), then dropped and counted,
 * and the count is said (`log_lines_dropped`) in their place as soon as it takes some again. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);

/* Writes what waits for a reader, if it takes it now; to be called now and then. */
void log_flush(void);

/* At the end of the process: gives a slow reader half a second for the last lines. */
void log_finish(void);

/* log_event(LOG_LEVEL_INFO, "scan", log_text("host", host), log_count("probes", 11)); */
#define log_event(level, event, ...)                                                               \
    log_write(level, event, (const struct log_field[]){__VA_ARGS__},                               \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
