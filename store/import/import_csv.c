/* CSV with any separator, a line at a time. A quoted cell may have line breaks, but a stray quote must
 * not swallow the rest of the file. */
#include "store/import/import_csv.h"

#include "scanner/base/alloc.h"
#include "scanner/base/array.h"
#include "scanner/base/quote.h"
#include "store/import/import_words.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    COLUMNS_MAX = 256,
    SHOWN_MAX = 200,
    ROW_LINES_MAX = 100, /* that a row may have */
    CSV_OPTIONS = CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_EMPTY_IS_NULL
};

static const char separators[] = ",;\t|";

/* The columns of the header: which key each gives, or none. */
struct column {
    bool used;
    enum import_key key;
};

struct reading {
    const struct import_map *map;
    struct csv_parser csv;
    char separator;   /* 0: not known yet */
    size_t columns_n; /* of the header, 0 before it */
    struct column columns[COLUMNS_MAX];
    /* the lines of a row whose quote is still open, one behind the other with their ends */
    char *open;
    size_t open_n, open_room;
    size_t open_lines;
    uint64_t numbers[ROW_LINES_MAX]; /* of these: a line that is no text is none of them */
    /* of the row being read */
    size_t cells_n, rows_n;
    size_t cells[COLUMNS_MAX]; /* offset into the texts, one more than it is; 0: empty */
    char *texts;
    size_t texts_n, texts_room;
};

static void *create_state(const struct import_map *map) {
    struct reading *reading = alloc_zero(1, sizeof *reading);
    reading->map = map;
    if (csv_init(&reading->csv, CSV_OPTIONS) != 0)
        abort();
    return reading;
}

static void destroy_state(void *state) {
    struct reading *reading = state;
    csv_free(&reading->csv);
    free(reading->open);
    free(reading->texts);
    free(reading);
}

/* ---- cells ---- */

static void keep_cell(void *bytes, size_t n, void *arg) {
    struct reading *reading = arg;
    size_t at = reading->texts_n;
    if (reading->cells_n < COLUMNS_MAX) {
        reading->texts = array_reserve(reading->texts, at + n + 1, &reading->texts_room, 1);
        if (bytes)
            memcpy(reading->texts + at, bytes, n);
        reading->texts[at + n] = '\0';
        reading->texts_n += n + 1;
        reading->cells[reading->cells_n] = bytes ? at + 1 : 0;
    }
    reading->cells_n++;
}

static void count_row(int end, void *arg) {
    struct reading *reading = arg;
    (void)end;
    reading->rows_n++;
}

static const char *cell_text(const struct reading *reading, size_t i) {
    return reading->cells[i] ? reading->texts + reading->cells[i] - 1 : NULL;
}

enum split { SPLIT, SPLIT_BAD, SPLIT_OPEN };

/* SPLIT_BAD where the text is not valid CSV, with why; SPLIT_OPEN where it would be if a quote that
 * is open at its end were closed, with the same. */
static enum split split_row(struct reading *reading, char separator, const char *text, size_t n,
                            const char **why) {
    reading->cells_n = reading->rows_n = reading->texts_n = 0;
    csv_set_delim(&reading->csv, (unsigned char)separator);
    size_t done = csv_parse(&reading->csv, text, n, keep_cell, count_row, reading);
    bool open = done == n && csv_fini(&reading->csv, keep_cell, count_row, reading) != 0;
    int code = csv_error(&reading->csv);
    if (done == n && !open && reading->rows_n <= 1)
        return SPLIT;
    csv_free(&reading->csv); /* also forgets the half-read field */
    csv_init(&reading->csv, CSV_OPTIONS);
    *why = code == CSV_EPARSE ? "a quote is missing or in the wrong place"
                              : "a line break inside the line";
    return open && reading->rows_n == 0 ? SPLIT_OPEN : SPLIT_BAD;
}

static bool split_cells(struct reading *reading, char separator, const char *text, size_t n,
                        const char **why) {
    return split_row(reading, separator, text, n, why) == SPLIT;
}

/* ---- the header ---- */

static bool names_host(struct reading *reading, char separator, const char *text, size_t n) {
    const char *why;
    enum import_key key;
    if (!split_cells(reading, separator, text, n, &why))
        return false;
    for (size_t i = 0; i < reading->cells_n && i < COLUMNS_MAX; i++) {
        const char *name = cell_text(reading, i);
        if (name && import_fields_find(reading->map, name, &key) && key == IMPORT_HOST)
            return true;
    }
    return false;
}

/* The separator with which the header has a host, or else the one that is in it most often. */
static char find_separator(struct reading *reading, const char *text, size_t n) {
    size_t most = 0;
    char found = separators[0];
    for (const char *at = separators; *at; at++)
        if (names_host(reading, *at, text, n))
            return *at;
    for (const char *at = separators; *at; at++) {
        size_t times = 0;
        for (size_t i = 0; i < n; i++)
            times += text[i] == *at;
        if (times > most) {
            most = times;
            found = *at;
        }
    }
    return found;
}

bool import_csv_is_header(const struct import_map *map, const char *text, size_t n) {
    struct reading *reading = create_state(map);
    bool is_header = false;
    for (const char *at = separators; *at && !is_header; at++)
        is_header = names_host(reading, *at, text, n);
    destroy_state(reading);
    return is_header;
}

/* "sep=;", with which Excel begins a file. */
static bool takes_separator(struct reading *reading, const char *text, size_t n) {
    if (n != 5 || strncasecmp(text, "sep=", 4) != 0 || !strchr(separators, text[4]))
        return false;
    reading->separator = text[4];
    return true;
}

static void append_name(char names[SHOWN_MAX], const char *name) {
    size_t n = strlen(names);
    char quoted[QUOTE_SIZE];
    snprintf(names + n, SHOWN_MAX - n, "%s%s", n ? ", " : "", quote_text(name, quoted));
}

static bool take_column(struct reading *reading, struct import_out *out, uint64_t line, size_t i,
                        char unused[SHOWN_MAX]) {
    const char *name = cell_text(reading, i) ? cell_text(reading, i) : "";
    struct column *column = &reading->columns[i];
    column->used = import_fields_find(reading->map, name, &column->key);
    if (!column->used) {
        if (*name)
            append_name(unused, name);
        return true;
    }
    for (size_t k = 0; k < i; k++)
        if (reading->columns[k].used && reading->columns[k].key == column->key) {
            char quoted[QUOTE_SIZE];
            import_out_fail(out, line, "the CSV header has the column %s twice",
                            quote_text(name, quoted));
            return false;
        }
    return true;
}

/* A column that --map names has to be there: without it the key would be its default, unseen. */
static bool has_mapped(const struct reading *reading, struct import_out *out, uint64_t line) {
    for (unsigned key = 0; key < IMPORT_KEYS; key++) {
        bool found = !reading->map->column[key] || key == IMPORT_HOST;
        for (size_t i = 0; i < reading->columns_n && !found; i++)
            found = reading->columns[i].used && reading->columns[i].key == key;
        char quoted[QUOTE_SIZE];
        if (!found) {
            import_out_fail(out, line, "the CSV header has no column %s, which --map names as %s",
                            quote_text(reading->map->column[key], quoted),
                            import_fields_key((enum import_key)key));
            return false;
        }
    }
    return true;
}

static void read_header(struct reading *reading, struct import_out *out, uint64_t line,
                        const char *text, size_t n) {
    const char *why;
    char unused[SHOWN_MAX] = "";
    bool has_host = false;
    if (!reading->separator)
        reading->separator = find_separator(reading, text, n);
    if (!split_cells(reading, reading->separator, text, n, &why)) {
        import_out_fail(out, line, "the CSV header is not valid: %s", why);
        return;
    }
    if (reading->cells_n > COLUMNS_MAX) {
        import_out_fail(out, line, "the CSV header has more than %d columns", COLUMNS_MAX);
        return;
    }
    for (size_t i = 0; i < reading->cells_n; i++) {
        if (!take_column(reading, out, line, i, unused))
            return;
        has_host = has_host || (reading->columns[i].used && reading->columns[i].key == IMPORT_HOST);
    }
    reading->columns_n = reading->cells_n;
    if (!has_host)
        import_out_fail(
            out, line,
            "a CSV begins with a header, and this one has no column \"%s\" (it has %s);"
            " say which column has the host names with --map host=COLUMN",
            reading->map->column[IMPORT_HOST] ? reading->map->column[IMPORT_HOST] : "host", unused);
    else if (has_mapped(reading, out, line) && *unused)
        import_out_remark(out, "ignored columns: %s", unused);
}

/* ---- rows ---- */

/* Where commas do not separate, Europe writes 0,5. */
static void mend_weight(const struct reading *reading, struct import_fields *fields) {
    char *weight = (char *)(uintptr_t)fields->text[IMPORT_WEIGHT];
    char *comma = weight && reading->separator != ',' ? strchr(weight, ',') : NULL;
    if (comma && !strchr(weight, '.'))
        *comma = '.';
}

/* A line of separators alone, as spreadsheets write below the last row, or a comment. */
static bool says_nothing(const struct reading *reading, const char *text) {
    bool empty = true;
    for (size_t i = 0; i < reading->cells_n && i < COLUMNS_MAX; i++)
        empty = empty && !reading->cells[i];
    return empty || (reading->cells_n != reading->columns_n && text[strspn(text, " \t")] == '#');
}

/* Tables that went through a program for figures have 443.0. */
static void mend_port(struct import_fields *fields) {
    char *port = (char *)(uintptr_t)fields->text[IMPORT_PORT];
    char *point = port ? port + strspn(port, "0123456789") : NULL;
    if (point && point > port && *point == '.' && point[1 + strspn(point + 1, "0")] == '\0')
        *point = '\0';
}

/* True for host:port and [IPv6]:port. */
static bool has_port(const char *host) {
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    const char *colon = strchr(bracket ? bracket : host, ':');
    return colon && colon[1] && colon[1 + strspn(colon + 1, "0123456789")] == '\0';
}

/* The column of the hosts may have URLs, or host:port. A port in a column of its own goes before. */
static const char *mend_host(struct import_fields *fields) {
    char *host = (char *)(uintptr_t)fields->text[IMPORT_HOST];
    bool is_url = host && strstr(host, "://");
    if (fields->text[IMPORT_PORT] && !*fields->text[IMPORT_PORT])
        fields->text[IMPORT_PORT] = NULL;
    return is_url || (host && has_port(host)) ? import_words_url(host, fields) : NULL;
}

static void take_cells(struct reading *reading, struct import_out *out, uint64_t line,
                       const char *text) {
    struct import_fields fields = {0};
    if (says_nothing(reading, text))
        return;
    if (reading->cells_n != reading->columns_n) {
        import_out_bad(out, line, "%zu fields, but the header has %zu", reading->cells_n,
                       reading->columns_n);
        return;
    }
    for (size_t i = 0; i < reading->columns_n; i++)
        if (reading->columns[i].used)
            fields.text[reading->columns[i].key] = cell_text(reading, i);
    mend_weight(reading, &fields);
    mend_port(&fields);
    const char *why = mend_host(&fields);
    if (why)
        import_out_bad(out, line, "%s", why);
    else
        import_out_add(out, line, &fields);
}

static void append_open(struct reading *reading, uint64_t line, const char *text, size_t n) {
    reading->open = array_reserve(reading->open, reading->open_n + n + 1, &reading->open_room, 1);
    memcpy(reading->open + reading->open_n, text, n);
    reading->open_n += n;
    reading->open[reading->open_n++] = '\n';
    reading->numbers[reading->open_lines++] = line;
}

/* Reads a row of one line, or the first of several. */
static void begin_row(struct reading *reading, struct import_out *out, uint64_t line,
                      const char *text, size_t n) {
    const char *why;
    switch (split_row(reading, reading->separator, text, n, &why)) {
    case SPLIT:
        take_cells(reading, out, line, text);
        return;
    case SPLIT_OPEN:
        append_open(reading, line, text, n);
        return;
    case SPLIT_BAD:
        import_out_bad(out, line, "not valid CSV: %s", why);
        return;
    }
}

static void read_row(struct reading *reading, struct import_out *out, uint64_t line,
                     const char *text, size_t n);

/* The quote was a stray one: it spoils its own line, and the others are rows by themselves. */
static void give_up_row(struct reading *reading, struct import_out *out) {
    char *lines = reading->open, *at = lines, *end = lines + reading->open_n;
    uint64_t numbers[ROW_LINES_MAX], *line = numbers;
    memcpy(numbers, reading->numbers, reading->open_lines * sizeof *numbers);
    reading->open = NULL;
    reading->open_n = reading->open_room = reading->open_lines = 0;
    import_out_bad(out, *line, "not valid CSV: a quote is missing or in the wrong place");
    while ((at = (char *)memchr(at, '\n', (size_t)(end - at)) + 1) < end) {
        size_t n = (size_t)((char *)memchr(at, '\n', (size_t)(end - at)) - at);
        at[n] = '\0';
        read_row(reading, out, *++line, at, n);
        at[n] = '\n';
    }
    free(lines);
}

/* Goes on with a row whose quote is open. Only a line with another one can close it. */
static void continue_row(struct reading *reading, struct import_out *out, uint64_t line,
                         const char *text, size_t n) {
    const char *why;
    append_open(reading, line, text, n);
    enum split split = SPLIT_OPEN;
    if (memchr(text, '"', n))
        split = split_row(reading, reading->separator, reading->open, reading->open_n - 1, &why);
    if (split == SPLIT && reading->cells_n == reading->columns_n) {
        take_cells(reading, out, reading->numbers[0], "");
        reading->open_n = reading->open_lines = 0;
    } else if (split != SPLIT_OPEN || reading->open_lines == ROW_LINES_MAX) {
        give_up_row(reading, out);
    }
}

static void read_row(struct reading *reading, struct import_out *out, uint64_t line,
                     const char *text, size_t n) {
    if (reading->open_lines > 0)
        continue_row(reading, out, line, text, n);
    else if (strspn(text, " \t") < n)
        begin_row(reading, out, line, text, n);
}

static void take_line(void *state, struct import_out *out, uint64_t line, char *text, size_t n) {
    struct reading *reading = state;
    size_t blanks = strspn(text, " \t");
    if (reading->columns_n)
        read_row(reading, out, line, text, n);
    else if (blanks < n && text[blanks] != '#' && !takes_separator(reading, text, n))
        read_header(reading, out, line, text, n);
}

static bool finish_list(void *state, struct import_out *out) {
    struct reading *reading = state;
    while (reading->open_lines > 0)
        give_up_row(reading, out);
    return false;
}

const struct import_form import_csv_form = {.create = create_state,
                                            .destroy = destroy_state,
                                            .take_line = take_line,
                                            .finish = finish_list};
