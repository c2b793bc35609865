/* One line on standard error for each thing that an operator may want to know. */
#include "cmd/daemon/log.h"

#include "cmd/daemon/log_sink.h"
#include "cmd/metrics/metrics.h"
#include "scanner/base/clock.h"
#include "scanner/base/quote.h"

#include <jansson.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every byte as \xNN, the mark of a cut and the end. */
#define ESCAPED_SIZE (LOG_SHOWN_MAX * QUOTE_BYTE_MAX + 4)

static struct {
    enum log_level level;
    enum log_format format;
    FILE *to;
    struct log_sink *sink; /* standard error; NULL: nothing was written yet */
    uint64_t dropped;      /* lines since it last took any */
    bool journal;
    bool journal_known; /* was looked for */
} state = {.level = LOG_LEVEL_INFO, .format = LOG_FORMAT_TEXT};

/* priority as in syslog(3): err, warning, info, debug */
static const struct {
    const char *name;
    int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

void log_setup(enum log_level level, enum log_format format) {
    state.level = level;
    state.format = format;
}

void log_redirect(FILE *to, bool journal) {
    log_sink_free(state.sink);
    state.sink = NULL;
    state.dropped = 0;
    state.to = to;
    state.journal = journal;
    state.journal_known = true;
}

bool log_wants(enum log_level level) {
    return level <= state.level;
}

/* JOURNAL_STREAM names device and inode of the stream that goes to the journal: standard error may
 * have been redirected since. */
static bool goes_to_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat about;
    uintmax_t device, inode;
    return stream && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &about) == 0 && about.st_dev == device && about.st_ino == inode;
}

static const char *escape_value(const char *text, char out[ESCAPED_SIZE]) {
    char *at = out;
    for (size_t i = 0; text[i] && i < LOG_SHOWN_MAX; i++)
        at = quote_byte(at, text[i], "");
    if (strlen(text) > LOG_SHOWN_MAX)
        at = stpcpy(at, "...");
    *at = '\0';
    return out;
}

/* As logfmt wants it: bare where that is not ambiguous, else in quotation marks. */
static void write_value(FILE *line, const char *text) {
    char escaped[ESCAPED_SIZE];
    escape_value(text, escaped);
    if (escaped[0] && !strpbrk(escaped, " =\"")) {
        fputs(escaped, line);
        return;
    }
    fputc('"', line);
    for (const char *at = escaped; *at; at++) {
        if (*at == '"')
            fputc('\\', line);
        fputc(*at, line);
    }
    fputc('"', line);
}

static void write_field(FILE *line, const struct log_field *field) {
    switch (field->kind) {
    case LOG_KIND_TEXT:
        if (!field->text)
            return;
        fprintf(line, " %s=", field->key);
        write_value(line, field->text);
        break;
    case LOG_KIND_COUNT:
        fprintf(line, " %s=%" PRId64, field->key, field->count);
        break;
    case LOG_KIND_REAL:
        fprintf(line, " %s=%.6g", field->key, field->real);
        break;
    }
}

static void write_words(FILE *line, enum log_level level, const char *event,
                        const struct log_field *fields, size_t n) {
    bool keys = state.format == LOG_FORMAT_LOGFMT;
    char time[CLOCK_ISO_SIZE];
    if (!state.journal || keys)
        fprintf(line, "%s%s ", keys ? "time=" : "", clock_iso(clock_wall_ms(), time));
    fprintf(line, "%s%s %s%s", keys ? "level=" : "", levels[level].name, keys ? "event=" : "",
            event);
    for (size_t i = 0; i < n; i++)
        write_field(line, &fields[i]);
}

static void add_field(json_t *object, const struct log_field *field) {
    char escaped[ESCAPED_SIZE];
    switch (field->kind) {
    case LOG_KIND_TEXT:
        if (field->text)
            json_object_set_new(object, field->key,
                                json_string(escape_value(field->text, escaped)));
        break;
    case LOG_KIND_COUNT:
        json_object_set_new(object, field->key, json_integer(field->count));
        break;
    case LOG_KIND_REAL: /* JSON has no infinity */
        json_object_set_new(object, field->key,
                            isfinite(field->real) ? json_real(field->real) : json_null());
        break;
    }
}

static void write_json(FILE *line, enum log_level level, const char *event,
                       const struct log_field *fields, size_t n) {
    char time[CLOCK_ISO_SIZE];
    json_t *object = json_object();
    json_object_set_new(object, "time", json_string(clock_iso(clock_wall_ms(), time)));
    json_object_set_new(object, "level", json_string(levels[level].name));
    json_object_set_new(object, "event", json_string(event));
    for (size_t i = 0; i < n; i++)
        add_field(object, &fields[i]);
    json_dumpf(object, line, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(object);
}

/* The line in memory, to be freed; NULL if there is none. */
static char *format_line(enum log_level level, const char *event, const struct log_field *fields,
                         size_t n, size_t *length) {
    char *text = NULL;
    FILE *line = open_memstream(&text, length);
    if (!line)
        return NULL;
    if (state.journal)
        fprintf(line, "<%d>", levels[level].priority);
    if (state.format == LOG_FORMAT_JSON)
        write_json(line, level, event, fields, n);
    else
        write_words(line, level, event, fields, n);
    fputc('\n', line);
    fclose(line);
    return text;
}

/* True if it was taken. */
static bool put_line(enum log_level level, const char *event, const struct log_field *fields,
                     size_t n) {
    size_t length = 0;
    char *text = format_line(level, event, fields, n, &length);
    bool taken = text && log_sink_put(state.sink, text, length);
    free(text);
    return taken;
}

static void note_dropped(void) {
    state.dropped++;
    metrics_count(METRIC_LOG_DROPPED, 0, 0);
}

/* In the place of the lines that are missing, before the next one. */
static bool tell_dropped(void) {
    uint64_t dropped = state.dropped;
    state.dropped = 0;
    if (dropped > 0)
        log_event(LOG_LEVEL_ERROR, "log_lines_dropped", log_count("lines", (int64_t)dropped));
    if (state.dropped > 0) /* nor was this one taken */
        state.dropped = dropped;
    return state.dropped == 0;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n) {
    if (!log_wants(level))
        return;
    if (!state.journal_known)
        log_redirect(NULL, goes_to_journal());
    if (state.to) {
        size_t length = 0;
        char *text = format_line(level, event, fields, n, &length);
        if (text)
            fwrite(text, 1, length, state.to);
        fflush(state.to);
        free(text);
        return;
    }
    if (!state.sink)
        state.sink = log_sink_new(STDERR_FILENO);
    if (!tell_dropped() || !put_line(level, event, fields, n))
        note_dropped();
}

void log_flush(void) {
    if (!state.sink)
        return;
    log_sink_flush(state.sink);
    tell_dropped();
}

void log_finish(void) {
    enum { LAST_MS = 500 };
    if (!state.sink)
        return;
    log_flush();
    log_sink_finish(state.sink, LAST_MS);
    log_sink_free(state.sink);
    state.sink = NULL;
}
