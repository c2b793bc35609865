/* Bars and lines. */
#include "report/page/page_chart.h"

#include "scanner/base/array.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { BAR_WIDTH = 144, BAR_HEIGHT = 12 };
enum { CHART_WIDTH = 720, CHART_HEIGHT = 220, LEFT = 48, RIGHT = 120, TOP = 12, BOTTOM = 28 };

static void append_rectangle(struct html *to, const char *class, double width) {
    char text[24];
    snprintf(text, sizeof text, "%.1f", width);
    html_open(to, "rect", "class", class, "x", "0", "y", "0", "height", "12", "width", text, NULL);
    html_close(to);
}

void page_chart_bar(struct html *to, double fraction) {
    html_open(to, "svg", "viewBox", "0 0 144 12", "aria-hidden", "true", "preserveAspectRatio",
              "none", NULL);
    append_rectangle(to, "rest", BAR_WIDTH);
    double width = fraction <= 0 ? 0 : fraction >= 1 ? BAR_WIDTH : fraction * BAR_WIDTH;
    append_rectangle(to, "fill", width > 0 && width < 1 ? 1 : width);
    html_close(to);
}

static double place_x(size_t n, size_t i) {
    double part = n > 1 ? (double)i / (double)(n - 1) : 0;
    return LEFT + part * (CHART_WIDTH - LEFT - RIGHT);
}

static double place_y(double fraction) {
    return TOP + (1 - fraction) * (CHART_HEIGHT - TOP - BOTTOM);
}

static void append_label(struct html *to, double x, double y, const char *anchor,
                         const char *text) {
    char left[24], top[24];
    snprintf(left, sizeof left, "%.1f", x);
    snprintf(top, sizeof top, "%.1f", y);
    html_open(to, "text", "class", "label", "x", left, "y", top, "text-anchor", anchor, NULL);
    html_text(to, text);
    html_close(to);
}

static void append_path(struct html *to, const char *class, const char *path) {
    html_open(to, "path", "class", class, "d", path, NULL);
    html_close(to);
}

static void append_axes(struct html *to, const struct page_chart_time *time) {
    static const struct {
        double fraction;
        const char *name;
    } marks[] = {{0, "0 %"}, {0.5, "50 %"}, {1, "100 %"}};
    char path[96];
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        double y = place_y(marks[i].fraction);
        snprintf(path, sizeof path, "M%d %.1fH%d", LEFT, y, CHART_WIDTH - RIGHT);
        append_path(to, "axis", path);
        append_label(to, LEFT - 6, y + 4, "end", marks[i].name);
    }
    append_label(to, LEFT, CHART_HEIGHT - 8, "start", time->first);
    append_label(to, CHART_WIDTH - RIGHT, CHART_HEIGHT - 8, "end", time->last);
}

/* The line's path; its name stands at the last of its points. */
static void append_line(struct html *to, const char *class, size_t n,
                        const struct page_chart_line *line) {
    char *path = NULL;
    size_t size;
    FILE *out = open_memstream(&path, &size);
    if (!out)
        abort();
    bool begun = false;
    double last = -1;
    for (size_t i = 0; i < n; i++) {
        double fraction = line->fractions[i];
        if (fraction >= 0) {
            fprintf(out, "%c%.1f %.1f", begun ? 'L' : 'M', place_x(n, i), place_y(fraction));
            last = fraction;
        }
        begun = fraction >= 0;
    }
    fclose(out);
    append_path(to, class, path);
    free(path);
    if (last >= 0)
        append_label(to, CHART_WIDTH - RIGHT + 6, place_y(last) + 4, "start", line->name);
}

void page_chart_lines(struct html *to, const char *label, const struct page_chart_time *time,
                      const struct page_chart_line *lines, size_t lines_n) {
    assert(lines_n <= 2);
    if (time->n == 0)
        return;
    char box[32];
    snprintf(box, sizeof box, "0 0 %d %d", CHART_WIDTH, CHART_HEIGHT);
    html_open(to, "svg", "viewBox", box, "role", "img", "aria-label", label, NULL);
    append_axes(to, time);
    for (size_t i = 0; i < lines_n; i++)
        append_line(to, i ? "line second" : "line", time->n, &lines[i]);
    html_close(to);
}
