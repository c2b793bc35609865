/* Names and hosts on their way into a format. */
#include "tests/unit/export_zones.h"

#include "report/export/export_text.h"
#include "report/json_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void slugs_are_safe_and_differ(void **state) {
    (void)state;
    for (size_t i = 0; i < EXPORT_ZONES; i++) {
        char slug[EXPORT_SLUG_SIZE], other[EXPORT_SLUG_SIZE];
        export_text_slug(export_zones[i].name, slug);
        assert_true(strlen(slug) > 0 && strlen(slug) <= EXPORT_SLUG_MAX);
        assert_int_equal(strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789.-_"), strlen(slug));
        assert_true(slug[0] != '-' && slug[0] != '.');
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(slug, export_text_slug(export_zones[k].name, other));
    }
    char slug[EXPORT_SLUG_SIZE];
    assert_string_equal(export_text_slug("shop.example", slug), "shop.example");
}

static void hosts_that_are_none_are_refused(void **state) {
    (void)state;
    static const char *const good[] = {"a.example", "192.0.2.7", "2001:db8::1", "_x.example", "x"};
    static const char *const bad[] = {
        "",      "-x",        ".x",
        "a b",   "a;b",       "a\n",
        "$x",    "a{b}",      "a\"b",
        "a/b",   "a#b",       "\xff",
        "a\\b",  "a'b",       "a:b:g",
        "a%b",   "[::1]",     "a..b",
        "a.",    ".",         "a.-b",
        "1.2.3", "256.1.1.1", "0x7f",
        "::::",  "1:2",       "a123456789b123456789c123456789d123456789e123456789f123456789g123"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(export_text_is_host(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(export_text_is_host(bad[i]));
}

/* As in a spreadsheet, and as it is told back. */
static void csv_cells_are_no_formulas(void **state) {
    (void)state;
    static const char *const cells[][2] = {
        {"shop", "shop"},
        {"a,b", "\"a,b\""},
        {"=1", "\"'=1\""},
        {"'=1", "\"''=1\""},
        {"\xef\xbc\x9d"
         "1",
         "\"'\xef\xbc\x9d"
         "1\""},
        {"\xef\xbc\xa0x", "\"'\xef\xbc\xa0x\""},
        {"\xe2\x88\x92"
         "1",
         "\"'\xe2\x88\x92"
         "1\""},
        {"a;=1", "\"a;\\x3d1\""},
        {"a|\xef\xbc\x8b"
         "1",
         "\"a|\\xef\\xbc\\x8b1\""},
        {"a;b", "\"a;b\""},
        {"a\t=1\n", "a\\x09=1\\x0a"},
        {"\\x41 \\y", "\\x5cx41 \\y"},
        {"a\xc2\x85\xe2\x80\xae\xff", "a\\xc2\\x85\\xe2\\x80\\xae\\xff"},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        char *text = NULL;
        size_t n = 0;
        FILE *to = open_memstream(&text, &n);
        export_text_csv(to, cells[i][0]);
        fclose(to);
        assert_string_equal(text, cells[i][1]);
        free(text);
    }
}

/* JSON that is YAML too, and that no terminal obeys: it tells the same text. */
static void json_says_everything_aloud(void **state) {
    (void)state;
    static const char text[] =
        "a\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xef\xbb\xbf\xef\xbf\xbe\xc3\xbc";
    json_t *value = json_pack("[s]", text);
    char *line = json_value_dump(value, JSON_COMPACT);
    assert_string_equal(line, "[\"a\\u007f\\u0085\\u2028\\u202e\\ufeff\\ufffe\xc3\xbc\"]");
    json_t *again = json_loads(line, 0, NULL);
    assert_true(json_equal(value, again));
    free(line);
    json_decref(again);
    json_decref(value);
}

/* More than the memory that is at hand. */
static void long_json_is_whole(void **state) {
    (void)state;
    for (size_t n = 8180; n < 8200; n++) {
        char *text = calloc(1, n + 1);
        memset(text, 'x', n);
        json_t *value = json_string(text);
        char *line = json_value_dump(value, JSON_ENCODE_ANY);
        assert_int_equal(strlen(line), n + 2);
        free(line);
        json_decref(value);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slugs_are_safe_and_differ),
        cmocka_unit_test(hosts_that_are_none_are_refused),
        cmocka_unit_test(csv_cells_are_no_formulas),
        cmocka_unit_test(json_says_everything_aloud),
        cmocka_unit_test(long_json_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
