/* What a log line looks like in each format, and that nobody can forge one. */
#include "cmd/daemon/log.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *text;
static size_t length;
static FILE *to;

static void begin(enum log_level level, enum log_format format, bool journal) {
    to = open_memstream(&text, &length);
    fflush(to); /* sets text and length */
    log_setup(level, format);
    log_redirect(to, journal);
}

static void end(void) {
    fclose(to);
    free(text);
    log_redirect(NULL, false);
}

static void write_one(const char *host) {
    log_event(LOG_LEVEL_INFO, "scan", log_text("host", host), log_count("probes", 11),
              log_real("seconds", 0.25), log_text("absent", NULL));
}

/* Behind the time, which differs. */
static void expect_after(const char *marker, const char *wanted) {
    const char *at = strstr(text, marker);
    assert_non_null(at);
    assert_string_equal(at, wanted);
}

static void test_text(void **state) {
    (void)state;
    begin(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
    write_one("example.com");
    expect_after("Z ", "Z info scan host=example.com probes=11 seconds=0.25\n");
    assert_int_equal(strcspn(text, "Z"), strlen("2026-11-23T09:00:00.123"));
    end();
}

static void test_logfmt(void **state) {
    (void)state;
    begin(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, false);
    write_one("example.com");
    assert_int_equal(strncmp(text, "time=2", 6), 0);
    expect_after(" level", " level=info event=scan host=example.com probes=11 seconds=0.25\n");
    end();
}

static void test_json(void **state) {
    (void)state;
    begin(LOG_LEVEL_INFO, LOG_FORMAT_JSON, false);
    write_one("exa\"mple\\\xff\n");
    json_t *line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_int_equal(strchr(text, '\n') - text, (ptrdiff_t)length - 1);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(line, "event")), "scan");
    assert_string_equal(json_string_value(json_object_get(line, "host")), "exa\"mple\\\\xff\\x0a");
    assert_int_equal(json_integer_value(json_object_get(line, "probes")), 11);
    assert_true(json_real_value(json_object_get(line, "seconds")) == 0.25);
    assert_null(json_object_get(line, "absent"));
    json_decref(line);
    end();
}

static void test_journal_priorities(void **state) {
    (void)state;
    begin(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, true);
    static const char *const wanted[] = {"<3>error e k=1\n", "<4>warning e k=1\n",
                                         "<6>info e k=1\n", "<7>debug e k=1\n"};
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        rewind(to);
        log_event((enum log_level)level, "e", log_count("k", 1));
        assert_int_equal(strncmp(text, wanted[level], strlen(wanted[level])), 0);
    }
    end();
}

static void test_levels(void **state) {
    (void)state;
    begin(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT, false);
    log_event(LOG_LEVEL_INFO, "left_out", log_count("k", 1));
    log_event(LOG_LEVEL_DEBUG, "left_out", log_count("k", 1));
    assert_int_equal(length, 0);
    assert_false(log_wants(LOG_LEVEL_INFO));
    log_event(LOG_LEVEL_ERROR, "kept", log_count("k", 1));
    assert_non_null(strstr(text, "kept"));
    end();
}

/* A peer's bytes end up inside one value of one line. */
static void test_untrusted_text(void **state) {
    (void)state;
    begin(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, false);
    log_event(LOG_LEVEL_INFO, "scan", log_text("detail", "bad\n<3>error forged\x1b[2J\xc3\xa9"),
              log_text("empty", ""), log_text("quoted", "a=\"b\""));
    expect_after("scan", "scan detail=\"bad\\x0a<3>error forged\\x1b[2J\\xc3\\xa9\" empty=\"\""
                         " quoted=\"a=\\\"b\\\"\"\n");
    end();
}

static void test_long_text_is_cut(void **state) {
    (void)state;
    char *giant = malloc(100001);
    memset(giant, 0x80, 100000);
    giant[100000] = '\0';
    begin(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, false);
    log_event(LOG_LEVEL_INFO, "scan", log_text("detail", giant));
    assert_in_range(length, 4 * LOG_SHOWN_MAX, 4 * LOG_SHOWN_MAX + 100);
    assert_non_null(strstr(text, "\\x80...\n"));
    end();
    free(giant);
}

/* A reader that is away for a while: lines are kept, then dropped, and their number is said. */
static void test_what_nobody_reads_is_counted(void **state) {
    (void)state;
    enum { LINES = 4000, BUFFER = 1 << 20 };
    int ends[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    alarm(20); /* a log that waits would wait for ever */
    dup2(ends[1], STDERR_FILENO);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_redirect(NULL, false);
    for (int i = 0; i < LINES; i++)
        log_event(LOG_LEVEL_INFO, "scan", log_count("number", i),
                  log_text("host", "a-name-of-some-length-so-that-it-fills.example.com"));
    char *all = calloc(BUFFER, 1);
    size_t n = 0;
    for (int i = 0; i < 20; i++) {
        n += (size_t)read(ends[0], all + n, BUFFER - 1 - n);
        log_flush();
        if (strstr(all, "log_lines_dropped"))
            break;
    }
    log_event(LOG_LEVEL_INFO, "scan", log_count("number", LINES));
    n += (size_t)read(ends[0], all + n, BUFFER - 1 - n);
    log_redirect(NULL, false);
    dup2(before, STDERR_FILENO);
    int number = 0, dropped = 0;
    for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n")) {
        int one = -1;
        if (sscanf(line, "%*s error log_lines_dropped lines=%d", &one) == 1) {
            dropped += one;
            number += one;
        } else {
            assert_int_equal(sscanf(line, "%*s info scan number=%d", &one), 1);
            assert_int_equal(one, number++);
        }
    }
    assert_int_equal(number, LINES + 1);
    assert_in_range(dropped, 1, LINES - 1000);
    alarm(0);
    free(all);
    close(before);
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_logfmt),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_journal_priorities),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_untrusted_text),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_what_nobody_reads_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
