/* Graphics of a page, as SVG inside it. Each has its figures beside it or in a table below it, and a label for
 * those who do not see it. */
#pragma once

#include "report/page/html.h"

#include <stddef.h>

/* A bar that is full to a fraction from 0 to 1; what it says must stand beside it as text. */
void page_chart_bar(struct html *to, double fraction);

/* One line of a chart: a fraction from 0 to 1 for each point in time; a negative one is a gap. */
struct page_chart_line {
    const char *name;
    const double *fractions;
};

/* Points in time that lie equally far apart, and the dates of the first and the last. */
struct page_chart_time {
    size_t n;
    const char *first;
    const char *last;
};

/* Up to two lines over the same time. `label` says what the chart shows. */
void page_chart_lines(struct html *to, const char *label, const struct page_chart_time *time,
                      const struct page_chart_line *lines, size_t lines_n);
