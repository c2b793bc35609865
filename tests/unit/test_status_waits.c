/* originscan status --socket: how long it waits for a daemon that has just started. */
#include "cmd/cmd.h"

#include "cmd/http/http_snapshots.h"
#include "report/fleet/fleet_report.h"
#include "report/fleet/fleet_report_json.h"
#include "scanner/base/clock.h"
#include "tests/unit/fake_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ANSWERS = 4000 };

#define COMING "HTTP/1.1 503 Later\r\n\r\n{\"error\":\"" HTTP_SNAPSHOTS_FIRST "\"}"
#define FAILED "HTTP/1.1 503 Later\r\n\r\n{\"error\":\"the database is locked\"}"

static char *write_report(void) {
    struct fleet_report *report = fleet_report_new(clock_wall_ms(), 0, GROUP_X25519MLKEM768);
    fleet_status_finish(&report->status);
    fleet_report_finish(report);
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    fputs("HTTP/1.1 200 OK\r\n\r\n", to);
    fleet_report_json_write(to, report, "test");
    fclose(to);
    fleet_report_free(report);
    return text;
}

/* What a command did. */
struct done {
    int status;
    uint32_t waited_s;
    char said[1024]; /* on standard error */
};

/* Its standard output is dropped. */
static struct done run(struct fake_daemon *daemon, char *timeout) {
    struct done done = {0};
    FILE *said = tmpfile();
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    char *argv[] = {"status", "--socket", daemon->path, "--timeout", timeout, NULL};
    fflush(stdout);
    assert_non_null(freopen("/dev/null", "w", stdout));
    dup2(fileno(said), STDERR_FILENO);
    int64_t began_us = ahead_us;
    fake_daemon_start(daemon);
    done.status = cmd_status(timeout ? 5 : 3, argv);
    fake_daemon_end(daemon);
    done.waited_s = (uint32_t)((ahead_us - began_us) / 1000000);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    rewind(said);
    done.said[fread(done.said, 1, sizeof done.said - 1, said)] = '\0';
    fclose(said);
    return done;
}

static const char *answers[ANSWERS];

/* Without a report at last, all of them are `text`. */
static struct done run_with(const char *text, size_t times, const char *report, char *timeout) {
    for (size_t i = 0; i < ANSWERS; i++)
        answers[i] = i >= times && report ? report : text;
    struct fake_daemon daemon = {.texts = answers, .n = ANSWERS, .piece = 65536};
    return run(&daemon, timeout);
}

#define SAYS "originscan status: " HTTP_SNAPSHOTS_FIRST

static void test_minutes_are_waited_for_the_first_report(void **state) {
    (void)state;
    char *report = write_report();
    struct done done = run_with(COMING, 600, report, NULL);
    free(report);
    assert_int_equal(done.status, CMD_DONE);
    assert_in_range(done.waited_s, 299, 301);
    assert_string_equal(done.said, SAYS "; waiting for it, 600 seconds at most\n");
}

static void test_a_moment_is_not_worth_a_word(void **state) {
    (void)state;
    char *report = write_report();
    struct done done = run_with(COMING, 2, report, NULL);
    free(report);
    assert_int_equal(done.status, CMD_DONE);
    assert_string_equal(done.said, "");
}

static void test_no_longer_than_it_is_told(void **state) {
    (void)state;
    struct done done = run_with(COMING, 0, NULL, NULL);
    assert_int_equal(done.status, CMD_USAGE);
    assert_in_range(done.waited_s, 599, 602);
    done = run_with(COMING, 0, NULL, "20");
    assert_int_equal(done.status, CMD_USAGE);
    assert_in_range(done.waited_s, 19, 22);
    assert_string_equal(done.said, SAYS "; waiting for it, 20 seconds at most\n" SAYS "\n");
}

static void test_a_report_that_cannot_be_made_has_half_a_minute(void **state) {
    (void)state;
    struct done done = run_with(FAILED, 0, NULL, NULL);
    assert_int_equal(done.status, CMD_USAGE);
    assert_in_range(done.waited_s, 29, 32);
    assert_string_equal(done.said, "originscan status: the database is locked\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minutes_are_waited_for_the_first_report),
        cmocka_unit_test(test_a_moment_is_not_worth_a_word),
        cmocka_unit_test(test_no_longer_than_it_is_told),
        cmocka_unit_test(test_a_report_that_cannot_be_made_has_half_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
