/* Odd but legal inventories: what each program of the trade takes, and few write. */
#include "tests/unit/import_says.h"

static void assert_reads_by(const char *text, const char *const *names, const char *want) {
    struct import_map map = {{NULL}};
    struct err err;
    for (size_t i = 0; names[i]; i++)
        assert_true(import_fields_map(&map, names[i], &err));
    char *said = read_all_bytes(text, strlen(text), IMPORT_AUTO, &map);
    assert_string_equal(said, want);
    free(said);
}

/* ---- CSV ---- */

static void a_cell_in_quotes_may_have_line_breaks(void **state) {
    (void)state;
    assert_reads("host,note,port\n"
                 "a.example,\"two\n"
                 "lines, \"\"said\"\" Kim\n"
                 "\n"
                 "\",8443\n"
                 "b.example,x,8444\n",
                 "2 a.example a.example 8443 a.example - 1\n"
                 "6 b.example b.example 8444 b.example - 1\n"
                 "csv\n"
                 "columns that are not used: \"note\"\n");
}

static void a_stray_quote_spoils_only_its_line(void **state) {
    (void)state;
    assert_reads("host,note\n"
                 "a.example,\"19 inch\n"
                 "b.example,x\n"
                 "c.example,\"y\"\n"
                 "d.example,\"z\n"
                 "e.example,x\n",
                 "2 BAD not valid CSV: a quote is missing or in the wrong place\n"
                 "3 b.example b.example 443 b.example - 1\n"
                 "4 c.example c.example 443 c.example - 1\n"
                 "5 BAD not valid CSV: a quote is missing or in the wrong place\n"
                 "6 e.example e.example 443 e.example - 1\n"
                 "csv\n"
                 "columns that are not used: \"note\"\n");
}

static void an_open_quote_ends_after_a_hundred_lines(void **state) {
    (void)state;
    char text[8192] = "host,note\na.example,\"\n", *said;
    size_t n = strlen(text);
    for (int i = 0; i < 300; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "b%d.example,x\n", i);
    said = read_all_bytes(text, n, IMPORT_CSV, NULL);
    assert_non_null(strstr(said, "2 BAD not valid CSV"));
    assert_null(strstr(said, "3 BAD"));
    assert_non_null(strstr(said, "\n3 b0.example"));
    assert_non_null(strstr(said, "\n302 b299.example"));
    free(said);
}

static void rows_that_say_nothing_are_passed_over(void **state) {
    (void)state;
    assert_reads("host,port,\n"
                 "# by hand, of 2026\n"
                 "a.example,443,\n"
                 "# more\n"
                 ",,\n"
                 "\n",
                 "3 a.example a.example 443 a.example - 1\ncsv\n");
}

static void a_mapped_column_has_to_be_there(void **state) {
    (void)state;
    assert_reads_by("name,team\na.example,x\n", (const char *[]){"host=name", "zone=taem", NULL},
                    "1 FAILED line 1: the CSV header has no column \"taem\", which --map names as "
                    "zone\ncsv\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_in_quotes_may_have_line_breaks),
        cmocka_unit_test(a_stray_quote_spoils_only_its_line),
        cmocka_unit_test(an_open_quote_ends_after_a_hundred_lines),
        cmocka_unit_test(rows_that_say_nothing_are_passed_over),
        cmocka_unit_test(a_mapped_column_has_to_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
