/* What EncryptedExtensions says of a server's groups. */
#include "scanner/probe/tls_observer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The message with these extensions behind its header, on the heap and of its exact size. */
static struct probe_result read_extensions(const char *extensions, size_t n) {
    struct probe_result result = {0};
    uint8_t *message = malloc(6 + n);
    assert_non_null(message);
    const uint8_t head[] = {8, 0, 0, (uint8_t)(n + 2), 0, (uint8_t)n};
    memcpy(message, head, sizeof head);
    memcpy(message + sizeof head, extensions, n);
    tls_observer_extensions(&result, message, 6 + n);
    free(message);
    return result;
}

#define READ(text) read_extensions(text, sizeof text - 1)

static void a_sound_list_is_told(void **state) {
    (void)state;
    struct probe_result result = READ("\0\x10\0\5\0\3\2h2"
                                      "\0\x0a\0\6\0\4\0\x1d\x11\xec");
    assert_int_equal(result.server_groups_n, 2);
    assert_int_equal(result.server_groups[0], 29);
    assert_int_equal(result.server_groups[1], 4588);
}

static void a_list_that_breaks_the_standard_is_none(void **state) {
    (void)state;
    assert_int_equal(READ("\0\x0a\0\5\0\3\0\x1d\0").server_groups_n, 0); /* odd */
    assert_int_equal(READ("\0\x0a\0\5\0\2\0\x1d\0").server_groups_n, 0); /* more behind it */
    assert_int_equal(READ("\0\x0a\0\3\0\2\0").server_groups_n, 0);       /* less than it says */
    assert_int_equal(READ("\0\x0a\0\6\0\4\0\x1d").server_groups_n, 0);   /* cut */
    assert_int_equal(READ("").server_groups_n, 0);
}

/* The reports have no name for 0, which is their word for none. */
static void group_0_is_none(void **state) {
    (void)state;
    struct probe_result result = READ("\0\x0a\0\x0a\0\x08\0\0\0\x1d\0\0\0\x17");
    assert_int_equal(result.server_groups_n, 2);
    assert_int_equal(result.server_groups[0], 29);
    assert_int_equal(result.server_groups[1], 23);
    assert_int_equal(READ("\0\x0a\0\4\0\2\0\0").server_groups_n, 0);
}

static void a_long_list_is_cut(void **state) {
    (void)state;
    char extensions[106] = {0, 10, 0, 102, 0, 100};
    for (size_t i = 6; i < sizeof extensions; i++)
        extensions[i] = (char)i;
    assert_int_equal(read_extensions(extensions, sizeof extensions).server_groups_n,
                     PROBE_SERVER_GROUPS < 50 ? PROBE_SERVER_GROUPS : 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_list_is_told),
        cmocka_unit_test(a_list_that_breaks_the_standard_is_none),
        cmocka_unit_test(group_0_is_none),
        cmocka_unit_test(a_long_list_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
