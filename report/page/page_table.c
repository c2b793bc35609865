/* Tables of JSON objects. */
#include "report/page/page_table.h"

#include "report/export/export_text.h"
#include "report/page/page_chart.h"
#include "scanner/base/alloc.h"

#include <inttypes.h>
#include <libxml/uri.h>
#include <libxml/xmlmemory.h>
#include <stdlib.h>
#include <string.h>

static const json_t *member_at(const json_t *object, const char *key) {
    const char *dot = strchr(key, '.');
    if (!dot)
        return json_object_get(object, key);
    return member_at(json_object_getn(object, key, (size_t)(dot - key)), dot + 1);
}

/* 1234567 -> "1 234 567", with narrow no-break spaces. */
#define NARROW_SPACE "\xe2\x80\xaf"
static void append_number(struct html *to, json_int_t value) {
    char digits[24], grouped[64] = "";
    int n = snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, value);
    size_t used = 0;
    for (int i = 0; i < n; i++) {
        grouped[used++] = digits[i];
        if ((n - i) % 3 == 1 && i < n - 1 && digits[i] != '-') {
            memcpy(grouped + used, NARROW_SPACE, sizeof NARROW_SPACE - 1);
            used += sizeof NARROW_SPACE - 1;
        }
    }
    grouped[used] = '\0';
    html_text(to, grouped);
}

static void append_share(struct html *to, double fraction) {
    page_chart_bar(to, fraction);
    html_textf(to, "%.1f %%", fraction * 100);
}

static void append_time(struct html *to, const char *iso) {
    html_open(to, "time", "datetime", iso, NULL);
    html_textf(to, "%.10s %.5s", iso, strlen(iso) > 11 ? iso + 11 : "");
    html_close(to);
}

static void append_day(struct html *to, const char *iso) {
    html_open(to, "time", "datetime", iso, NULL);
    html_textf(to, "%.10s", iso);
    html_close(to);
}

static void append_text(struct html *to, const char *text) {
    html_open(to, "bdi", NULL); /* a name may be written from right to left */
    html_text(to, text);
    html_close(to);
}

/* What is between two backticks as a command, where there are pairs of them. */
static void append_prose(struct html *to, const char *text) {
    char *copy = alloc_string(text), *rest = copy, *part;
    html_open(to, "bdi", NULL);
    for (bool command = false; (part = strsep(&rest, "`")); command = !command) {
        if (command && rest)
            html_leaf(to, "code", NULL, part);
        else
            html_text(to, part);
    }
    html_close(to);
    free(copy);
}

static void append_value(struct html *to, enum page_cell cell, const json_t *value) {
    if (!value || json_is_null(value)) {
        html_text(to, "\xe2\x80\x93");
        return;
    }
    switch (cell) {
    case PAGE_TEXT:
    case PAGE_NAME:
        append_text(to, json_string_value(value));
        return;
    case PAGE_PROSE:
        append_prose(to, json_string_value(value));
        return;
    case PAGE_NUMBER:
        append_number(to, json_integer_value(value));
        return;
    case PAGE_SHARE:
        append_share(to, json_number_value(value));
        return;
    case PAGE_PORT:
        html_textf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return;
    case PAGE_MS:
        html_textf(to, "%.1f\xc2\xa0ms", json_number_value(value));
        return;
    case PAGE_TIME:
        append_time(to, json_string_value(value));
        return;
    case PAGE_DAY:
        append_day(to, json_string_value(value));
        return;
    }
}

static const char *class_of(enum page_cell cell) {
    switch (cell) {
    case PAGE_NUMBER:
    case PAGE_PORT:
    case PAGE_MS:
        return "n";
    case PAGE_SHARE:
        return "share";
    case PAGE_PROSE:
        return "prose";
    case PAGE_TEXT:
    case PAGE_NAME:
    case PAGE_TIME:
    case PAGE_DAY:
        return NULL;
    }
    abort();
}

/* Sentences need the width of a phone: there each row is a card, and each cell names its column. */
static bool has_prose(const struct page_table *table) {
    for (size_t i = 0; i < table->columns_n; i++)
        if (table->columns[i].cell == PAGE_PROSE)
            return true;
    return false;
}

static void append_row(struct html *to, const struct page_table *table, const json_t *row) {
    bool cards = has_prose(table);
    html_open(to, "tr", NULL);
    for (size_t i = 0; i < table->columns_n; i++) {
        const struct page_column *column = &table->columns[i];
        bool heads = column->cell == PAGE_NAME || column->cell == PAGE_DAY;
        html_open(to, heads ? "th" : "td", "scope", heads ? "row" : NULL, "class",
                  class_of(column->cell), "data-title", cards && !heads ? column->title : NULL,
                  NULL);
        append_value(to, column->cell, member_at(row, column->key));
        html_close(to);
    }
    html_close(to);
}

static void append_head(struct html *to, const struct page_table *table) {
    html_open(to, "thead", NULL);
    html_open(to, "tr", NULL);
    for (size_t i = 0; i < table->columns_n; i++) {
        html_open(to, "th", "scope", "col", "class", class_of(table->columns[i].cell), NULL);
        html_text(to, table->columns[i].title);
        html_close(to);
    }
    html_close(to);
    html_close(to);
}

/* ---- the same as CSV ------------------------------------------------------------------------- */

static void print_csv_value(FILE *to, const json_t *value) {
    if (json_is_string(value))
        export_text_csv(to, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        fprintf(to, "%.9g", json_real_value(value));
}

static void print_csv(FILE *to, const struct page_table *table, const json_t *rows) {
    for (size_t i = 0; i < table->columns_n; i++)
        fprintf(to, "%s%s", i ? "," : "", table->columns[i].key);
    fputs("\r\n", to);
    size_t at;
    json_t *row;
    json_array_foreach(rows, at, row) {
        for (size_t i = 0; i < table->columns_n; i++) {
            if (i)
                putc(',', to);
            print_csv_value(to, member_at(row, table->columns[i].key));
        }
        fputs("\r\n", to);
    }
}

/* A link that holds the file itself, so that the page needs nothing but itself. */
static void append_csv_link(struct html *to, const struct page_table *table, const json_t *rows) {
    char *csv = NULL, *address = NULL, file[64];
    size_t size;
    FILE *out = open_memstream(&csv, &size);
    if (!out)
        abort();
    print_csv(out, table, rows);
    fclose(out);
    xmlChar *escaped = xmlURIEscapeStr(BAD_CAST csv, NULL);
    if (!escaped || asprintf(&address, "data:text/csv;charset=utf-8,%s", (char *)escaped) < 0)
        abort();
    snprintf(file, sizeof file, "%s.csv", table->name);
    html_open(to, "p", "class", "csv", NULL);
    html_open(to, "a", "href", address, "download", file, NULL);
    html_text(to, file);
    html_close(to);
    html_close(to);
    xmlFree(escaped);
    free(address);
    free(csv);
}

void page_table(struct html *to, const struct page_table *table, const json_t *rows,
                const char *nothing) {
    if (json_array_size(rows) == 0) {
        html_leaf(to, "p", "soft", nothing);
        return;
    }
    /* wider than a phone, it is moved sideways: with the keyboard, too */
    html_open(to, "div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label",
              table->name, NULL);
    html_open(to, "table", "class", has_prose(table) ? "cards" : NULL, NULL);
    if (table->caption)
        html_leaf(to, "caption", NULL, table->caption);
    append_head(to, table);
    html_open(to, "tbody", NULL);
    size_t at;
    json_t *row;
    json_array_foreach(rows, at, row) append_row(to, table, row);
    html_close(to);
    html_close(to);
    html_close(to);
    append_csv_link(to, table, rows);
}
