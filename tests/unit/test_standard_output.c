/* Standard output that could not be written whole: what is said, and that nothing is added to it. */
#include "cmd/standard_output.h"

#include "cmd/cmd.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { FITS = 10 };

struct outcome {
    int status;
    char output[64], said[256];
};

static void limit_file_size(rlim_t bytes) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* In a process of its own. The file takes FITS bytes, and more again where the fault `passes`, of which a stream without a
 * buffer knows no reason at its end. */
static _Noreturn void print_too_much(FILE *output, int said, bool passes) {
    dup2(fileno(output), STDOUT_FILENO);
    dup2(said, STDERR_FILENO); /* a pipe, which the limit leaves alone */
    signal(SIGXFSZ, SIG_IGN);
    setvbuf(stdout, NULL, passes ? _IONBF : _IOFBF, BUFSIZ);
    standard_output_watch();
    limit_file_size(FITS);
    fputs("a line\nanother line\n", stdout);
    if (passes)
        limit_file_size(RLIM_INFINITY);
    exit(CMD_DONE);
}

static void read_all(FILE *file, char *text, size_t size) {
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static struct outcome run_child(bool passes) {
    struct outcome outcome = {0};
    FILE *output = tmpfile();
    int said[2];
    assert_non_null(output);
    assert_int_equal(pipe(said), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        print_too_much(output, said[1], passes);
    close(said[1]);
    assert_int_equal(waitpid(pid, &outcome.status, 0), pid);
    rewind(output);
    read_all(output, outcome.output, sizeof outcome.output);
    read_all(fdopen(said[0], "r"), outcome.said, sizeof outcome.said);
    return outcome;
}

static void a_fault_that_passed_is_told_and_nothing_added(void **state) {
    (void)state;
    struct outcome outcome = run_child(true);
    assert_true(WIFEXITED(outcome.status));
    assert_int_equal(WEXITSTATUS(outcome.status), CMD_SOME_FAILED);
    assert_string_equal(outcome.output, "a line\nano");
    assert_string_equal(outcome.said,
                        "originscan: standard output: not all of it could be written\n");
}

static void a_fault_that_stays_is_named(void **state) {
    (void)state;
    struct outcome outcome = run_child(false);
    assert_true(WIFEXITED(outcome.status));
    assert_int_equal(WEXITSTATUS(outcome.status), CMD_SOME_FAILED);
    assert_string_equal(outcome.output, "a line\nano");
    assert_string_equal(outcome.said, "originscan: standard output: File too large\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_that_passed_is_told_and_nothing_added),
        cmocka_unit_test(a_fault_that_stays_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
