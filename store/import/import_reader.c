/* Reads lists of origins: host[:port] a line, CSV or NDJSON. */
#include "store/import/import_reader.h"

#include "scanner/base/alloc.h"
#include "store/import/import_line.h"

#include <assert.h>
#include <csv.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 443 };

enum key { KEY_ZONE, KEY_HOST, KEY_PORT, KEY_SNI, KEY_ADDRESS, KEY_WEIGHT, KEYS };
static const char *const key_names[KEYS] = {"zone", "host", "port", "sni", "address", "weight"};

/* The fields of one line; NULL means the default. Borrowed from the line. */
struct fields {
    const char *text[KEYS];
};

enum { COLUMNS_MAX = 16, PIECES_SIZE = IMPORT_LINE_MAX + COLUMNS_MAX + 1 };

struct import_reader {
    enum import_format format;
    struct import_line line;
    struct csv_parser csv;
    size_t columns_n; /* of the header, 0 before it */
    enum key columns[COLUMNS_MAX];
    size_t cells_n; /* of the line being read */
    size_t rows_n;
    const char *cells[COLUMNS_MAX];
    size_t pieces_n;
    char pieces[PIECES_SIZE];
};

bool import_reader_format(const char *name, enum import_format *out) {
    static const char *const names[] = {
        [IMPORT_AUTO] = "auto",
        [IMPORT_LIST] = "list",
        [IMPORT_CSV] = "csv",
        [IMPORT_NDJSON] = "ndjson",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (enum import_format)i;
            return true;
        }
    return false;
}

struct import_reader *import_reader_new(FILE *in, enum import_format format) {
    struct import_reader *reader = alloc_zero(1, sizeof *reader);
    reader->line.in = in;
    reader->format = format;
    if (csv_init(&reader->csv,
                 CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_EMPTY_IS_NULL) != 0)
        abort();
    return reader;
}

void import_reader_free(struct import_reader *reader) {
    if (!reader)
        return;
    csv_free(&reader->csv);
    free(reader);
}

uint64_t import_reader_line(const struct import_reader *reader) {
    return reader->line.number;
}

/* ---- fields to origin ---- */

static bool set_zone(const char *text, struct origin *out, struct err *err) {
    if (strlen(text) >= sizeof out->zone)
        return err_set(err, "the zone's name is longer than %zu bytes", sizeof out->zone - 1);
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return err_set(err, "the zone's name contains a control character");
    memset(out->zone, 0, sizeof out->zone);
    memcpy(out->zone, text, strlen(text));
    return true;
}

/* A decimal number as people write it; not hex, inf or nan. */
static bool set_weight(const char *text, struct origin *out, struct err *err) {
    char *end;
    size_t n = strspn(text, "0123456789.eE+-");
    double weight = strtod(text, &end);
    if (end == text || *end || text[n] || !isfinite(weight) || weight < 0)
        return err_set(err, "the weight must be a number of at least 0");
    out->weight = weight == 0 ? 0 : weight; /* no -0 */
    return true;
}

static bool make_origin(const struct fields *fields, struct origin *out, struct err *err) {
    const char *const *text = fields->text;
    memset(out, 0, sizeof *out);
    out->port = DEFAULT_PORT;
    out->weight = 1;
    if (!text[KEY_HOST] || !*text[KEY_HOST])
        return err_set(err, "the host is missing");
    if (!origin_set_host(out, text[KEY_HOST], err))
        return false;
    const char *sni = text[KEY_SNI] ? text[KEY_SNI] : origin_host_is_address(out) ? "" : out->host;
    return set_zone(text[KEY_ZONE] && *text[KEY_ZONE] ? text[KEY_ZONE] : out->host, out, err) &&
           (!text[KEY_PORT] || origin_parse_port(text[KEY_PORT], &out->port, err)) &&
           origin_set_sni(out, sni, err) &&
           (!text[KEY_ADDRESS] || !*text[KEY_ADDRESS] ||
            origin_set_address(out, text[KEY_ADDRESS], err)) &&
           (!text[KEY_WEIGHT] || set_weight(text[KEY_WEIGHT], out, err));
}

static const char *skip_blanks(const char *text) {
    return text + strspn(text, " \t");
}

static bool find_key(const char *name, enum key *out) {
    for (unsigned i = 0; i < KEYS; i++)
        if (strcasecmp(key_names[i], name) == 0) {
            *out = (enum key)i;
            return true;
        }
    return false;
}

/* ---- list ---- */

static bool read_list(struct import_reader *reader, struct origin *out, struct err *err) {
    char *text = reader->line.text;
    for (size_t n = strlen(text); n && strchr(" \t", text[n - 1]); n--)
        text[n - 1] = '\0';
    memset(out, 0, sizeof *out);
    return origin_parse(skip_blanks(text), DEFAULT_PORT, out, err);
}

/* ---- CSV, a line at a time: a stray quote must not swallow the rest of the file ---- */

static void take_cell(void *bytes, size_t n, void *arg) {
    struct import_reader *reader = arg;
    if (reader->cells_n < COLUMNS_MAX) {
        char *copy = reader->pieces + reader->pieces_n;
        assert(reader->pieces_n + n + 1 <= PIECES_SIZE);
        reader->cells[reader->cells_n] = bytes ? copy : NULL;
        if (bytes)
            memcpy(copy, bytes, n);
        copy[n] = '\0';
        reader->pieces_n += n + 1;
    }
    reader->cells_n++;
}

static void take_row(int end, void *arg) {
    struct import_reader *reader = arg;
    (void)end;
    reader->rows_n++;
}

static bool split_cells(struct import_reader *reader, struct err *err) {
    struct import_line *line = &reader->line;
    reader->cells_n = reader->rows_n = reader->pieces_n = 0;
    size_t done = csv_parse(&reader->csv, line->text, line->n, take_cell, take_row, reader);
    bool good = done == line->n && csv_fini(&reader->csv, take_cell, take_row, reader) == 0;
    int code = csv_error(&reader->csv);
    if (good && reader->rows_n <= 1)
        return true;
    csv_free(&reader->csv); /* also forgets the half-read field */
    csv_init(&reader->csv, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_EMPTY_IS_NULL);
    return err_set(err, "not valid CSV: %s",
                   code == CSV_EPARSE ? "a quote is missing or in the wrong place"
                                      : "a line break inside the line");
}

static bool read_header(struct import_reader *reader, struct err *err) {
    bool has_host = false;
    if (!split_cells(reader, err))
        return false;
    for (size_t i = 0; i < reader->cells_n; i++) {
        const char *name = i < COLUMNS_MAX && reader->cells[i] ? reader->cells[i] : "";
        enum key key;
        if (!find_key(name, &key))
            return err_set(err,
                           "line %llu: unknown column in the CSV header; use zone, host, port,"
                           " sni, address or weight",
                           (unsigned long long)reader->line.number);
        for (size_t k = 0; k < i; k++)
            if (reader->columns[k] == key)
                return err_set(err, "line %llu: the CSV header has the column \"%s\" twice",
                               (unsigned long long)reader->line.number, key_names[key]);
        reader->columns[i] = key;
        has_host = has_host || key == KEY_HOST;
    }
    if (!has_host)
        return err_set(err, "line %llu: the CSV header has no column \"host\"",
                       (unsigned long long)reader->line.number);
    reader->columns_n = reader->cells_n;
    return true;
}

static bool read_csv(struct import_reader *reader, struct origin *out, struct err *err) {
    struct fields fields = {{NULL}};
    if (!split_cells(reader, err))
        return false;
    if (reader->cells_n != reader->columns_n)
        return err_set(err, "%zu fields, but the header has %zu", reader->cells_n,
                       reader->columns_n);
    for (size_t i = 0; i < reader->columns_n; i++)
        fields.text[reader->columns[i]] = reader->cells[i];
    if (fields.text[KEY_PORT] && !*fields.text[KEY_PORT])
        fields.text[KEY_PORT] = NULL;
    if (fields.text[KEY_WEIGHT] && !*fields.text[KEY_WEIGHT])
        fields.text[KEY_WEIGHT] = NULL;
    return make_origin(&fields, out, err);
}

/* ---- NDJSON ---- */

enum { NUMBER_SIZE = 32 };

static bool take_value(enum key key, json_t *value, char number[NUMBER_SIZE], struct fields *fields,
                       struct err *err) {
    if (json_is_null(value))
        return true;
    if (json_is_string(value)) {
        fields->text[key] = json_string_value(value);
        return true;
    }
    bool may_be_number = key == KEY_PORT || key == KEY_WEIGHT;
    if (json_is_integer(value) && may_be_number)
        snprintf(number, NUMBER_SIZE, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value) && key == KEY_WEIGHT)
        snprintf(number, NUMBER_SIZE, "%.17g", json_real_value(value));
    else
        return err_set(err, "the value of \"%s\" must be a %s", key_names[key],
                       may_be_number ? "number" : "text");
    fields->text[key] = number;
    return true;
}

static bool read_object(json_t *object, struct origin *out, struct err *err) {
    struct fields fields = {{NULL}};
    char numbers[KEYS][NUMBER_SIZE];
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        enum key key;
        if (!find_key(name, &key) || strcmp(name, key_names[key]) != 0)
            return err_set(err, "unknown key; use zone, host, port, sni, address or weight");
        if (!take_value(key, value, numbers[key], &fields, err))
            return false;
    }
    return make_origin(&fields, out, err);
}

static bool read_ndjson(struct import_reader *reader, struct origin *out, struct err *err) {
    json_error_t why;
    json_t *object = json_loadb(reader->line.text, reader->line.n, JSON_REJECT_DUPLICATES, &why);
    bool good = json_is_object(object);
    if (good)
        good = read_object(object, out, err);
    else
        err_set(err, "not a JSON object%s%s", object ? "" : ": ", object ? "" : why.text);
    json_decref(object);
    return good;
}

/* ---- which of them ---- */

static bool looks_like_header(struct import_reader *reader) {
    bool has_host = false;
    if (!split_cells(reader, NULL))
        return false;
    for (size_t i = 0; i < reader->cells_n && i < COLUMNS_MAX; i++)
        if (reader->cells[i] && strcasecmp(reader->cells[i], key_names[KEY_HOST]) == 0)
            has_host = true;
    return has_host;
}

static enum import_format guess_format(struct import_reader *reader) {
    if (*skip_blanks(reader->line.text) == '{')
        return IMPORT_NDJSON;
    return looks_like_header(reader) ? IMPORT_CSV : IMPORT_LIST;
}

/* True if the line says nothing in this format. */
static bool is_idle(const struct import_reader *reader) {
    const char *text = skip_blanks(reader->line.text);
    bool may_have_comments = reader->format == IMPORT_LIST || reader->format == IMPORT_AUTO;
    return !*text || (*text == '#' && may_have_comments);
}

static bool read_line(struct import_reader *reader, struct origin *out, struct err *err) {
    switch (reader->format) {
    case IMPORT_AUTO:
        break;
    case IMPORT_LIST:
        return read_list(reader, out, err);
    case IMPORT_CSV:
        return read_csv(reader, out, err);
    case IMPORT_NDJSON:
        return read_ndjson(reader, out, err);
    }
    assert(reader->format != IMPORT_AUTO);
    return false;
}

enum import_step import_reader_next(struct import_reader *reader, struct origin *out,
                                    struct err *err) {
    for (;;) {
        switch (import_line_next(&reader->line)) {
        case IMPORT_LINE_END:
            return IMPORT_END;
        case IMPORT_LINE_UNREADABLE:
            err_set(err, "cannot be read: %s", strerror(errno));
            return IMPORT_FAILED;
        case IMPORT_LINE_BAD:
            err_set(err, "%s", reader->line.why);
            return IMPORT_BAD;
        case IMPORT_LINE_TEXT:
            break;
        }
        if (is_idle(reader))
            continue;
        if (reader->format == IMPORT_AUTO)
            reader->format = guess_format(reader);
        if (reader->format != IMPORT_CSV || reader->columns_n)
            return read_line(reader, out, err) ? IMPORT_ORIGIN : IMPORT_BAD;
        if (!read_header(reader, err))
            return IMPORT_FAILED;
    }
}
