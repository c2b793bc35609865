/* Strict UTF-8, and what no text contains. */
#include "scanner/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_read(const char *text, uint32_t want, size_t want_n) {
    uint32_t code;
    assert_int_equal(utf8_next(text, &code) - text, want_n);
    assert_int_equal(code, want);
}

static void the_ends_of_each_length(void **state) {
    (void)state;
    assert_read("a", 'a', 1);
    assert_read("\x7f", 0x7f, 1);
    assert_read("\xc2\x80", 0x80, 2);
    assert_read("\xdf\xbf", 0x7ff, 2);
    assert_read("\xe0\xa0\x80", 0x800, 3);
    assert_read("\xed\x9f\xbf", 0xd7ff, 3);
    assert_read("\xee\x80\x80", 0xe000, 3);
    assert_read("\xef\xbf\xbf", 0xffff, 3);
    assert_read("\xf0\x90\x80\x80", 0x10000, 4);
    assert_read("\xf4\x8f\xbf\xbf", 0x10ffff, 4);
}

/* One byte is passed, so that what follows is read for itself. */
static void what_is_none_is_bad(void **state) {
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2z",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe2\x80",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_read(bad[i], UTF8_BAD, 1);
}

static unsigned count(bool (*is)(uint32_t)) {
    unsigned n = 0;
    for (uint32_t code = 0; code <= 0x10ffff; code++)
        n += is(code);
    return n;
}

/* As many as the Unicode standard has. */
static void every_code_is_told(void **state) {
    (void)state;
    assert_int_equal(count(utf8_is_control), 65);
    assert_int_equal(count(utf8_is_separator), 2);
    assert_int_equal(count(utf8_is_noncharacter), 66);
    assert_int_equal(count(utf8_is_direction), 12 + 1);
    assert_true(utf8_is_control(0x85) && utf8_is_control(0x7f) && !utf8_is_control(0xa0));
    assert_true(utf8_is_noncharacter(0x1fffe) && !utf8_is_noncharacter(0xfffd));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ends_of_each_length),
        cmocka_unit_test(what_is_none_is_bad),
        cmocka_unit_test(every_code_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
