/* Foreign bytes in messages: nothing passes that could forge a line or end a quotation. */
#include "scanner/base/quote.h"
#include "scanner/base/shell_word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every byte but zero, once without and once with barred characters. */
static void every_byte_is_itself_or_hexadecimal(void **state) {
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char got[QUOTE_BYTE_MAX + 1] = "";
        char plain[2] = {(char)byte, '\0'};
        char hex[QUOTE_BYTE_MAX + 1];
        snprintf(hex, sizeof hex, "\\x%02x", (unsigned)byte);
        bool printable = byte >= 0x20 && byte <= 0x7e;
        *quote_byte(got, (char)byte, "") = '\0';
        assert_string_equal(got, printable ? plain : hex);
        *quote_byte(got, (char)byte, "\"\\") = '\0';
        assert_string_equal(got, printable && byte != '"' && byte != '\\' ? plain : hex);
    }
}

static void quotations_end_where_they_should(void **state) {
    (void)state;
    char out[QUOTE_SIZE];
    assert_string_equal(quote_text("", out), "\"\"");
    assert_string_equal(quote_text("say \"a\\b\"\n", out), "\"say \\\"a\\\\b\\\"\\x0a\"");
    assert_string_equal(quote_bytes("\0\x7f", 2, out), "\"\\x00\\x7f\"");
}

static void long_text_is_cut(void **state) {
    (void)state;
    char text[QUOTE_SHOWN_MAX + 2] = "";
    char out[QUOTE_SIZE];
    memset(text, '\xff', QUOTE_SHOWN_MAX);
    assert_int_equal(strlen(quote_text(text, out)), QUOTE_SHOWN_MAX * QUOTE_BYTE_MAX + 2);
    text[QUOTE_SHOWN_MAX] = 'x';
    assert_int_equal(strlen(quote_text(text, out)), QUOTE_SIZE - 1);
    assert_string_equal(out + QUOTE_SIZE - 5, "\"...");
}

static void printed_text_is_whole(void **state) {
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    assert_non_null(to);
    quote_print(to, "two\r\nlines, a \"quotation\", \x1b[2J", "\"");
    fclose(to);
    assert_string_equal(text, "two\\x0d\\x0alines, a \\x22quotation\\x22, \\x1b[2J");
    free(text);
}

static void words_are_words_for_a_shell(void **state) {
    (void)state;
    static const struct {
        const char *text, *word;
    } words[] = {
        {"a.db", "a.db"},
        {"/var/lib/a-b_1.db", "/var/lib/a-b_1.db"},
        {"", "''"},
        {"a b", "'a b'"},
        {"$(x);*", "'$(x);*'"},
        {"it's", "'it'\\''s'"},
        {"`x`", "$'\\x60x\\x60'"},
        {"\x1b[2J\n", "$'\\x1b[2J\\x0a'"},
        {"\xc3\xa4'\\", "$'\\xc3\\xa4\\x27\\x5c'"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char *word = shell_word_new(words[i].text);
        assert_string_equal(word, words[i].word);
        free(word);
    }
}

static void commands_have_their_database_and_argument(void **state) {
    (void)state;
    static const struct {
        const char *database, *argument, *line;
    } commands[] = {
        {NULL, NULL, "originscan explain"},
        {"a b.db", NULL, "originscan explain --db 'a b.db'"},
        {"a.db", "shop", "originscan explain --db a.db shop"},
        {"-a.db", "-shop", "originscan explain --db=-a.db -- -shop"},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char *line = shell_word_command("explain", commands[i].database, commands[i].argument);
        assert_string_equal(line, commands[i].line);
        free(line);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_itself_or_hexadecimal),
        cmocka_unit_test(quotations_end_where_they_should),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(printed_text_is_whole),
        cmocka_unit_test(words_are_words_for_a_shell),
        cmocka_unit_test(commands_have_their_database_and_argument),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
