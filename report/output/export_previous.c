/* Reading an export's file back, line by line, as export_layout.c wrote it. */
#include "report/output/export_previous.h"

#include "report/output/export_told.h"
#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_LINES 3

struct reading {
    const struct export_format *format;
    struct export_previous *out;
    SHA256_CTX hash, told;
    SHA256_CTX zone_told; /* of the zone that was added last */
    uint64_t line;
    uint64_t zones; /* as the header says; UINT64_MAX if it does not */
    size_t room;
    bool bad;
    bool ended; /* the document's last line was seen */
    char *end;  /* what every line of EXPORT_LINES and EXPORT_TABLE ends in */
};

static void take_sha256(struct reading *reading, const char *text) {
    if (!text || strlen(text) < 64) {
        reading->bad = true;
        return;
    }
    memcpy(reading->out->sha256, text, 64);
    reading->out->sha256[64] = '\0';
}

/* ---- headers --------------------------------------------------------------------------------- */

static bool read_token(const char *stamp, const char *key, char *out, size_t size) {
    char search[32];
    snprintf(search, sizeof search, " %s=", key);
    const char *at = strstr(stamp, search);
    if (!at)
        return false;
    at += strlen(search);
    size_t n = strcspn(at, " \n");
    if (n == 0 || n >= size)
        return false;
    memcpy(out, at, n);
    out[n] = '\0';
    return true;
}

static void read_stamp(struct reading *reading, const char *text) {
    char value[80];
    const char *stamp = text ? strstr(text, "originscan-export:") : NULL;
    if (!stamp) {
        reading->bad = true;
        return;
    }
    reading->out->ours = read_token(stamp, "format", value, sizeof value) &&
                         strcmp(value, reading->format->name) == 0;
    if (read_token(stamp, "generation", value, sizeof value))
        reading->out->generation = strtoull(value, NULL, 10);
    read_token(stamp, "not_after", reading->out->not_after, sizeof reading->out->not_after);
    if (read_token(stamp, "zones", value, sizeof value))
        reading->zones = strtoull(value, NULL, 10);
    take_sha256(reading, read_token(stamp, "sha256", value, sizeof value) ? value : NULL);
}

static void read_head(struct reading *reading, const char *line) {
    size_t n = strlen(line);
    char *text = alloc_zero(n + 3, 1);
    memcpy(text, line, n);
    memcpy(text + n, "]}", 3);
    json_t *head = json_loads(text, 0, NULL);
    free(text);
    const json_t *comments = json_object_get(head, "comments");
    const json_t *schema = json_object_get(head, "schema");
    if (comments) {
        read_stamp(reading, json_string_value(comments));
    } else if (json_is_string(schema) &&
               strcmp(json_string_value(schema), "originscan.settings/1") == 0) {
        reading->out->ours = true;
        reading->out->generation =
            (uint64_t)json_integer_value(json_object_get(head, "generation"));
        reading->zones =
            (uint64_t)json_integer_value(json_object_get(json_object_get(head, "counts"), "zones"));
        take_sha256(reading, json_string_value(json_object_get(head, "sha256")));
        const char *not_after = json_string_value(json_object_get(head, "not_after"));
        snprintf(reading->out->not_after, sizeof reading->out->not_after, "%s",
                 not_after ? not_after : "-");
    } else {
        reading->bad = true;
    }
    json_decref(head);
}

/* ---- zones ----------------------------------------------------------------------------------- */

/* The level that a word names, quoted or not; "" and null are none. */
static bool read_level(struct reading *reading, const char *word, enum rule_level *out) {
    if (*word == '"')
        word++;
    char text[16];
    size_t length = strcspn(word, "\",; \n");
    snprintf(text, sizeof text, "%.*s", length < sizeof text ? (int)length : 0, word);
    *out = LEVEL_NONE;
    if (strcmp(text, "null") == 0 || !text[0] || rule_level_parse(text, out))
        return true;
    reading->bad = true;
    return false;
}

/* What follows is told of the next zone. */
static void end_zone(struct reading *reading) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    struct export_previous *out = reading->out;
    SHA256_Final(hash, &reading->zone_told);
    if (out->zones_n > 0)
        memcpy(&out->zones[out->zones_n - 1].told, hash, sizeof(uint64_t));
    SHA256_Init(&reading->zone_told);
}

static void add_zone(struct reading *reading, const char *name, size_t n, const char *word) {
    struct export_previous *out = reading->out;
    enum rule_level level;
    if (!read_level(reading, word, &level))
        return;
    /* a comment may be all that a file has of a zone */
    SHA256_Update(&reading->told, name, n);
    SHA256_Update(&reading->told, &(const char){(char)level}, 1);
    end_zone(reading);
    out->zones = array_reserve(out->zones, out->zones_n + 1, &reading->room, sizeof *out->zones);
    out->zones[out->zones_n++] =
        (struct export_previous_zone){hash_add_64(HASH_START_64, name, n), level, level, 0};
}

/* An exception of the zone that was added last. */
static void add_exception(struct reading *reading, const char *word) {
    struct export_previous *out = reading->out;
    enum rule_level level;
    if (out->zones_n == 0)
        reading->bad = true;
    else if (read_level(reading, word, &level) && level < out->zones[out->zones_n - 1].lowest)
        out->zones[out->zones_n - 1].lowest = level;
}

/* The end of a CSV field that begins at `at`. */
static const char *field_end(const char *at) {
    if (*at != '"')
        return at + strcspn(at, ",\n");
    for (at++; *at; at++) {
        if (*at == '"' && at[1] != '"')
            return at + 1;
        if (*at == '"')
            at++;
    }
    return at;
}

/* Columns: zone, origin, setting. A row with an origin is an exception of its zone. */
static void find_row(struct reading *reading, const char *line) {
    const char *end = field_end(line);
    if (*end != ',') {
        reading->bad = true;
        return;
    }
    const char *origin_end = field_end(end + 1);
    if (end[1] == ',')
        add_zone(reading, line, (size_t)(end - line), end + 2);
    else if (*origin_end == ',')
        add_exception(reading, origin_end + 1);
    else
        reading->bad = true;
}

/* In JSON they stand on the line of their zone; no text in it can contain an unescaped quotation
 * mark. */
static void find_json_exceptions(struct reading *reading, const char *line) {
    static const char setting[] = "\"setting\":";
    const char *at = strstr(line, "\"exceptions\":[");
    while (at && (at = strstr(at, setting))) {
        at += strlen(setting);
        add_exception(reading, at);
    }
}

/* A remark of export_remark_exception. */
static void find_remark(struct reading *reading, const char *line) {
    const char *at = line + strspn(line, " ");
    size_t comment = strlen(reading->format->comment);
    if (strncmp(at, reading->format->comment, comment) != 0 ||
        strncmp(at + comment, EXPORT_EXCEPTION_MARK, strlen(EXPORT_EXCEPTION_MARK)) != 0)
        return;
    const char *end = strstr(at, ": ");
    if (end)
        add_exception(reading, end + 2);
    else
        reading->bad = true;
}

static void find_zone(struct reading *reading, const char *line) {
    const struct export_format *format = reading->format;
    if (format->layout == EXPORT_TABLE) {
        find_row(reading, line);
        return;
    }
    size_t mark = strlen(format->mark);
    if (strncmp(line, format->mark, mark) != 0) {
        if (format->comment)
            find_remark(reading, line);
        return;
    }
    const char *end = strstr(line + mark, format->separator);
    if (end)
        add_zone(reading, line + mark, (size_t)(end - line) - mark,
                 end + strlen(format->separator));
    else
        reading->bad = true;
    if (!format->comment)
        find_json_exceptions(reading, line);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void body_line(struct reading *reading, const char *line, size_t n, const char *end) {
    SHA256_Update(&reading->hash, line, n);
    SHA256_Update(&reading->hash, end, strlen(end));
    find_zone(reading, line);
    uint8_t told[SHA256_DIGEST_LENGTH];
    if (!export_told_line(reading->format, line, told))
        return;
    SHA256_Update(&reading->told, told, sizeof told);
    SHA256_Update(&reading->zone_told, told, sizeof told);
}

/* The position of the last `what` in the line, or NULL. */
static char *find_last(char *line, const char *what) {
    char *found = NULL;
    for (char *at = strstr(line, what); at; at = strstr(at + 1, what))
        found = at;
    return found;
}

/* Generation, time and hash are the same on every line. */
static void take_end(struct reading *reading, const char *end) {
    if (!reading->end)
        reading->end = alloc_string(end);
    else if (strcmp(reading->end, end) != 0)
        reading->bad = true;
}

static void json_line(struct reading *reading, char *line) {
    char *end = find_last(line, ",\"schema\":\"originscan.settings/1\",\"generation\":");
    const char *generation = end ? strstr(end, "generation\":") : NULL;
    const char *hash = end ? strstr(end, "\"sha256\":\"") : NULL;
    if (!hash || !strstr(hash, "\"}\n")) {
        reading->bad = true;
        return;
    }
    take_end(reading, end);
    reading->out->ours = true;
    reading->out->generation = strtoull(generation + strlen("generation\":"), NULL, 10);
    take_sha256(reading, hash + strlen("\"sha256\":\""));
    body_line(reading, line, (size_t)(end - line), "}\n");
}

static void table_line(struct reading *reading, char *line) {
    char *columns[3];
    char *end = line + strlen(line);
    for (int i = 2; i >= 0; i--) {
        while (end > line && *--end != ',')
            continue;
        columns[i] = end;
    }
    if (columns[0] == line) {
        reading->bad = true;
        return;
    }
    size_t n = (size_t)(columns[0] - line);
    if (reading->line == 1) {
        bool ours = strcmp(columns[0], ",generation,generated_at,sha256\n") == 0;
        reading->out->ours = reading->out->ours || ours;
        reading->bad = reading->bad || !ours;
        SHA256_Update(&reading->hash, line, n);
        SHA256_Update(&reading->hash, "\n", 1);
        return;
    }
    take_end(reading, columns[0]);
    reading->out->generation = strtoull(columns[0] + 1, NULL, 10);
    take_sha256(reading, columns[2] + 1);
    body_line(reading, line, n, "\n");
}

static void document_line(struct reading *reading, const char *line, size_t n) {
    if (reading->line == 1) {
        read_head(reading, line);
    } else if (strcmp(line, "]}\n") == 0) {
        reading->ended = true;
    } else {
        size_t kept = n - 1;
        if (kept > 0 && line[kept - 1] == ',')
            kept--;
        body_line(reading, line, kept, "\n");
    }
}

static void take_line(struct reading *reading, char *line, size_t n) {
    reading->line++;
    if (reading->ended || strlen(line) != n || line[n - 1] != '\n')
        reading->bad = true;
    switch (reading->format->layout) {
    case EXPORT_COMMENTS:
        if (reading->line == 2)
            read_stamp(reading, line);
        if (reading->line > HEADER_LINES)
            body_line(reading, line, n, "");
        return;
    case EXPORT_DOCUMENT:
        document_line(reading, line, n);
        return;
    case EXPORT_LINES:
        json_line(reading, line);
        return;
    case EXPORT_TABLE:
        table_line(reading, line);
        return;
    }
}

static int by_key(const void *left, const void *right) {
    const struct export_previous_zone *a = left, *b = right;
    return a->key < b->key ? -1 : a->key > b->key;
}

static void end_hash(SHA256_CTX *context, char out[65]) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256_Final(hash, context);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

/* An empty list has no line that could carry a hash. */
static bool is_whole(struct reading *reading) {
    char text[65];
    end_hash(&reading->hash, text);
    end_hash(&reading->told, reading->out->told);
    const struct export_previous *out = reading->out;
    if (reading->bad || !out->ours)
        return false;
    if (reading->format->layout == EXPORT_DOCUMENT && !reading->ended)
        return false;
    if (reading->zones != UINT64_MAX && reading->zones != out->zones_n)
        return false;
    return reading->format->layout == EXPORT_TABLE && reading->line == 1
               ? true
               : strcmp(text, out->sha256) == 0;
}

FILE *export_previous_open(const char *path, struct stat *info, struct err *err) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    FILE *from = NULL;
    if (fd >= 0 && fstat(fd, info) == 0) {
        if (S_ISREG(info->st_mode))
            from = fdopen(fd, "r");
        else
            errno = EINVAL;
    }
    if (from)
        return from;
    int why = errno;
    err_set(err, why == EINVAL ? "%s is not a regular file" : "cannot read %s: %s", path,
            strerror(why));
    if (fd >= 0)
        close(fd);
    errno = why;
    return NULL;
}

bool export_previous_read(FILE *from, const struct export_format *format,
                          struct export_previous *out) {
    *out = (struct export_previous){0};
    struct reading reading = {.format = format, .out = out, .zones = UINT64_MAX};
    SHA256_Init(&reading.hash);
    SHA256_Init(&reading.told);
    SHA256_Init(&reading.zone_told);
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, from)) > 0)
        take_line(&reading, line, (size_t)n);
    free(line);
    free(reading.end);
    end_zone(&reading);
    out->whole = is_whole(&reading);
    if (reading.line == 0 && format->layout == EXPORT_LINES)
        out->ours = out->whole = true; /* an export of no zones has no line to say so */
    if (out->zones_n > 0)              /* qsort takes no NULL, even for nothing (C17 7.22.5) */
        qsort(out->zones, out->zones_n, sizeof *out->zones, by_key);
    return !ferror(from);
}

bool export_previous_block(char *block, size_t n, const struct export_format *format,
                           struct export_previous_zone *out) {
    struct export_previous previous = {.zones = NULL};
    struct reading reading = {.format = format, .out = &previous, .zones = UINT64_MAX};
    SHA256_Init(&reading.hash);
    SHA256_Init(&reading.told);
    SHA256_Init(&reading.zone_told);
    for (char *line = block, *end; line < block + n; line = end) {
        end = memchr(line, '\n', (size_t)(block + n - line));
        end = end ? end + 1 : block + n;
        char next = *end; /* a renderer's text ends in a null character, which is as good */
        *end = '\0';
        body_line(&reading, line, (size_t)(end - line), "");
        *end = next;
    }
    end_zone(&reading);
    bool found = previous.zones_n == 1 && !reading.bad;
    if (found)
        *out = previous.zones[0];
    export_previous_clear(&previous);
    return found;
}

void export_previous_clear(struct export_previous *previous) {
    free(previous->zones);
    *previous = (struct export_previous){0};
}
