/* Pages: that nothing foreign becomes markup, and what tables and charts say. */
#include "report/page/html.h"
#include "report/page/page_chart.h"
#include "report/page/page_table.h"
#include "report/page/report_page.h"
#include "scanner/base/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The caller frees. */
static char *printed(const struct html *page) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_true(html_print(page, out));
    fclose(out);
    return text;
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("there is no %s in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part) {
    if (strstr(text, part))
        fail_msg("there is a %s in:\n%s", part, text);
}

static void text_and_attributes_never_become_markup(void **state) {
    (void)state;
    struct html *page = html_new("</title><script>1</script>", "p{}");
    html_open(page, "p", "title", "\"><img src=x onerror=1>", "class", NULL, NULL);
    html_text(page, "<script>alert(1)</script> &amp; \"'");
    html_close(page);
    html_leaff(page, "b", "c", "%s", "</b><iframe>");
    char *text = printed(page);
    assert_has(text, "<!DOCTYPE html>");
    assert_has(text, "<html lang=\"en\">");
    assert_has(text, "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; ");
    assert_has(text, "&lt;/title&gt;&lt;script&gt;");
    assert_lacks(text, "<script");
    assert_lacks(text, "<img");
    assert_lacks(text, "<iframe");
    assert_lacks(text, "class=\"\"");
    free(text);
    html_free(page);
}

static void what_no_page_may_hold_is_shown_by_its_bytes(void **state) {
    (void)state;
    struct html *page = html_new("t", "");
    html_leaf(page, "p", NULL, "a\x1b[31m b\xff c\xc2\x85 d\xe2\x80\xae e\xe2\x80\xa8 \xc3\xa9");
    html_leaf(page, "p", "a\nb", "c\nd");
    html_leaf(page, "pre", NULL, "e\nf");
    char *text = printed(page);
    assert_has(text, "a\\x1b[31m b\\xff c\\xc2\\x85 d\\xe2\\x80\\xae e\\xe2\\x80\\xa8 \xc3\xa9");
    assert_has(text, "<p class=\"a\\x0ab\">c\\x0ad</p>");
    assert_has(text, "<pre>e\nf</pre>");
    free(text);
    html_free(page);
}

static const struct page_column columns[] = {
    {"Name", "name", PAGE_NAME}, {"Count", "of.count", PAGE_NUMBER}, {"Share", "share", PAGE_SHARE},
    {"When", "when", PAGE_TIME}, {"Remark", "remark", PAGE_TEXT},
};
static const struct page_table table = {"things", "All of them", columns, COUNT_OF(columns)};

static void a_table_shows_its_rows_and_holds_them_as_csv(void **state) {
    (void)state;
    json_t *rows = json_pack("[{s:s,s:{s:i},s:f,s:s,s:n}]", "name", "=1+1,\"x\"", "of", "count",
                             1234567, "share", 0.125, "when", "2026-11-23T09:00:00.123Z", "remark");
    struct html *page = html_new("t", "");
    page_table(page, &table, rows, "Nothing.");
    char *text = printed(page);
    assert_has(text, "<caption>All of them</caption>");
    assert_has(text, "<th scope=\"col\">Name</th>");
    assert_has(text, "1\xe2\x80\xaf"
                     "234\xe2\x80\xaf"
                     "567");
    assert_has(text, "12.5 %");
    assert_has(text, "width=\"18.0\""); /* an eighth of 144 */
    assert_has(text, "<time datetime=\"2026-11-23T09:00:00.123Z\">2026-11-23 09:00</time>");
    assert_has(text, "download=\"things.csv\"");
    /* name,of.count,... and a formula that is none any more */
    assert_has(text, "name%2Cof.count%2Cshare%2Cwhen%2Cremark%0D%0A");
    assert_has(text, "%22'%3D1%2B1%2C%22%22x%22%22%22%2C1234567%2C0.125%2C");
    assert_lacks(text, "Nothing.");
    free(text);
    html_free(page);
    json_decref(rows);
}

static void each_kind_of_number_is_shown_as_such(void **state) {
    (void)state;
    static const struct page_column kinds[] = {
        {"Host", "host", PAGE_NAME}, {"Port", "port", PAGE_PORT}, {"Handshake", "ms", PAGE_MS}};
    json_t *rows = json_pack("[{s:s,s:i,s:f},{s:s,s:i,s:n}]", "host", "a", "port", 31007, "ms",
                             1812.449, "host", "b", "port", 443, "ms");
    struct html *page = html_new("t", "");
    page_table(page, &(struct page_table){"kinds", NULL, kinds, COUNT_OF(kinds)}, rows, "Nothing.");
    char *text = printed(page);
    assert_has(text, ">31007</td>"); /* which is no quantity */
    assert_has(text, ">1812.4\xc2\xa0ms</td>");
    assert_has(text, ">\xe2\x80\x93</td>");
    assert_has(text, "a%2C31007%2C1812.449%0D%0A");
    free(text);
    html_free(page);
    json_decref(rows);
}

static void an_empty_table_is_a_sentence(void **state) {
    (void)state;
    json_t *rows = json_array();
    struct html *page = html_new("t", "");
    page_table(page, &table, rows, "Nothing.");
    char *text = printed(page);
    assert_has(text, "<p class=\"soft\">Nothing.</p>");
    assert_lacks(text, "<table");
    assert_lacks(text, "csv");
    free(text);
    html_free(page);
    json_decref(rows);
}

/* Green only where something is known. */
static void the_first_sentence_fits_what_is_known(void **state) {
    (void)state;
    static const struct {
        int zones, in_need, origins, never_scanned;
        const char *lead;
    } cases[] = {
        {0, 0, 0, 0, "<p class=\"lead\">There are no zones yet.</p>"},
        {9, 0, 9, 9, "<p class=\"lead warn\">! Nothing has been scanned yet.</p>"},
        {9, 0, 9, 8, "<p class=\"lead good\">\xe2\x9c\x93 None of 9 zones needs you.</p>"},
        {1, 0, 1, 0, "<p class=\"lead good\">\xe2\x9c\x93 The only zone needs nothing.</p>"},
        {1, 1, 1, 0, "<p class=\"lead warn\">! The only zone needs you.</p>"},
        {3, 2, 3, 0, "<p class=\"lead warn\">! 1 of 3 zones needs nothing, 2 need you.</p>"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_t *document = json_pack(
            "{s:s,s:{s:i,s:i,s:i},s:{s:i,s:i}}", "generated_at", "2026-11-23T09:00:00.123Z",
            "attention", "zones", cases[i].zones, "need_nothing", cases[i].zones - cases[i].in_need,
            "need_you", cases[i].in_need, "freshness", "origins", cases[i].origins, "never_scanned",
            cases[i].never_scanned);
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        assert_true(report_page_write(out, document));
        fclose(out);
        assert_has(text, cases[i].lead);
        free(text);
        json_decref(document);
    }
}

static void a_chart_has_a_label_and_leaves_gaps(void **state) {
    (void)state;
    static const double fractions[] = {0, 1, -1, 0.5};
    const struct page_chart_line line = {"a line", fractions};
    struct html *page = html_new("t", "");
    page_chart_lines(page, "What it shows",
                     &(struct page_chart_time){4, "2026-11-01", "2026-11-04"}, &line, 1);
    page_chart_lines(page, "Never", &(struct page_chart_time){0, "", ""}, &line, 1);
    char *text = printed(page);
    assert_has(text, "role=\"img\" aria-label=\"What it shows\"");
    assert_has(text, "d=\"M48.0 192.0L232.0 12.0M600.0 102.0\"");
    assert_has(text, ">2026-11-04</text>");
    assert_has(text, ">a line</text>");
    assert_lacks(text, "Never");
    free(text);
    html_free(page);
}

static void a_full_disk_is_said(void **state) {
    (void)state;
    struct html *page = html_new("t", "");
    html_leaf(page, "p", NULL, "x");
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_false(html_print(page, full));
    fclose(full);
    html_free(page);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_attributes_never_become_markup),
        cmocka_unit_test(what_no_page_may_hold_is_shown_by_its_bytes),
        cmocka_unit_test(a_table_shows_its_rows_and_holds_them_as_csv),
        cmocka_unit_test(each_kind_of_number_is_shown_as_such),
        cmocka_unit_test(an_empty_table_is_a_sentence),
        cmocka_unit_test(the_first_sentence_fits_what_is_known),
        cmocka_unit_test(a_chart_has_a_label_and_leaves_gaps),
        cmocka_unit_test(a_full_disk_is_said),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
