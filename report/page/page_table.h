/* A table of a page from a list of JSON objects: what they show, and the same as CSV behind a link. */
#pragma once

#include "report/page/html.h"

#include <jansson.h>

enum page_cell {
    PAGE_TEXT,   /* text; null is a dash */
    PAGE_NAME,   /* text that heads the row */
    PAGE_PROSE,  /* sentences; a command in them stands between backticks */
    PAGE_NUMBER, /* a whole number, with its thousands apart */
    PAGE_SHARE,  /* a fraction, as a bar and in percent; null is a dash */
    PAGE_PORT,   /* a port, which is a number to be copied */
    PAGE_MS,     /* milliseconds, to a tenth */
    PAGE_TIME,   /* an ISO-8601 time, to the minute */
    PAGE_DAY,    /* its date, which heads the row */
};

/* One column of a table heads the row: PAGE_NAME or PAGE_DAY. */
struct page_column {
    const char *title;
    const char *key; /* in each object; `a.b` is b of the object a */
    enum page_cell cell;
};

struct page_table {
    const char *name;    /* of the CSV file, without its end */
    const char *caption; /* of what the table is; NULL: the heading says it */
    const struct page_column *columns;
    size_t columns_n;
};

/* Shows the rows; an empty list shows `nothing` in a sentence instead. */
void page_table(struct html *to, const struct page_table *table, const json_t *rows,
                const char *nothing);
