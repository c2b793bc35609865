/* No kind of reader holds up who writes to it, and every line that was taken comes out whole. */
#include "cmd/daemon/log_sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

struct ends {
    int reader, writer;
};

static struct ends open_pipe(void) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    return (struct ends){fds[0], fds[1]};
}

static struct ends open_socket(void) {
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    return (struct ends){fds[0], fds[1]};
}

static struct ends open_fifo(void) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/originscan-log-sink-%d", getpid());
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    int writer = open(path, O_WRONLY);
    unlink(path);
    assert_true(reader >= 0 && writer >= 0);
    return (struct ends){reader, writer};
}

static struct ends open_terminal(void) {
    struct ends ends;
    struct termios raw;
    assert_int_equal(openpty(&ends.reader, &ends.writer, NULL, NULL, NULL), 0);
    tcgetattr(ends.writer, &raw);
    cfmakeraw(&raw);
    tcsetattr(ends.writer, TCSANOW, &raw);
    return ends;
}

/* Line number i, of a length of its own; its length. */
static size_t make_line(int i, char out[256]) {
    return (size_t)snprintf(
        out, 256, "%d %.*s\n", i, i * 37 % 200,
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs"
        "tuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"
        "mnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
}

static bool put_line(struct log_sink *sink, int i) {
    char line[256];
    return log_sink_put(sink, line, make_line(i, line));
}

/* What the reader has within that time. A terminal passes on what it was given when it gets to it. */
static size_t read_some(int fd, char *out, size_t size, int within_ms) {
    struct pollfd about = {.fd = fd, .events = POLLIN};
    if (poll(&about, 1, within_ms) != 1)
        return 0;
    ssize_t n = read(fd, out, size < 3000 ? size : 3000);
    return n > 0 ? (size_t)n : 0;
}

/* Lines until a few in a row are refused; how many were taken. What a terminal passes on makes room behind a refusal. */
static int put_all(struct log_sink *sink) {
    enum { FEW = 3, MOST = 100000 };
    int taken = 0;
    for (int refused = 0; refused < FEW && taken < MOST;) {
        bool good = put_line(sink, taken);
        taken += good;
        refused = good ? 0 : refused + 1;
    }
    return taken;
}

/* Writes until nothing more is taken, then reads. */
static void expect_all(struct ends ends, struct log_sink *sink) {
    enum { BUFFER = 2 << 20, PATIENCE_MS = 10000, SOON_MS = 20 };
    int taken = put_all(sink);
    char *all = calloc(BUFFER, 1), *at = all, line[256];
    size_t n = 0, wanted = 0;
    assert_in_range(taken, 1000, 99999);
    for (int i = 0; i < taken; i++)
        wanted += make_line(i, line);
    for (size_t some = 1; some > 0; n += some) { /* and a little longer: nothing comes behind it */
        int within_ms = n < wanted ? PATIENCE_MS : SOON_MS;
        some = read_some(ends.reader, all + n, BUFFER - 1 - n, within_ms);
        log_sink_flush(sink);
    }
    for (int i = 0; i < taken; i++) {
        size_t length = make_line(i, line);
        assert_memory_equal(at, line, length);
        at += length;
    }
    assert_int_equal(at - all, n);
    assert_true(put_line(sink, 0)); /* the reader is back */
    assert_int_equal(read_some(ends.reader, all, BUFFER, PATIENCE_MS), make_line(0, line));
    free(all);
}

static void expect_no_wait(struct ends (*open_ends)(void), bool again) {
    struct rlimit limit;
    struct ends ends = open_ends();
    int flags = fcntl(ends.writer, F_GETFL);
    alarm(20);
    getrlimit(RLIMIT_NOFILE, &limit);
    struct rlimit none = {(rlim_t)ends.writer + 1, limit.rlim_max};
    if (!again) /* it cannot be opened once more */
        setrlimit(RLIMIT_NOFILE, &none);
    struct log_sink *sink = log_sink_new(ends.writer);
    setrlimit(RLIMIT_NOFILE, &limit);
    expect_all(ends, sink);
    assert_int_equal(fcntl(ends.writer, F_GETFL), flags);
    alarm(0);
    log_sink_free(sink);
    close(ends.reader);
    close(ends.writer);
}

static void a_pipe(void **state) {
    (void)state;
    expect_no_wait(open_pipe, true);
}

static void a_fifo(void **state) {
    (void)state;
    expect_no_wait(open_fifo, true);
}

static void a_terminal(void **state) {
    (void)state;
    expect_no_wait(open_terminal, true);
}

static void a_socket(void **state) {
    (void)state;
    expect_no_wait(open_socket, true);
}

static void what_cannot_be_opened_again(void **state) {
    (void)state;
    expect_no_wait(open_pipe, false);
    expect_no_wait(open_terminal, false);
}

/* A disk that is full takes a part of a line; the rest follows when there is room. */
static void a_file_at_its_limit(void **state) {
    (void)state;
    char path[64], line[256], all[8192] = "";
    struct rlimit limit, small = {2000, RLIM_INFINITY};
    snprintf(path, sizeof path, "/tmp/originscan-log-sink-%d", getpid());
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct log_sink *sink = log_sink_new(fd);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small.rlim_max = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 40; i++)
        assert_true(put_line(sink, i));
    setrlimit(RLIMIT_FSIZE, &limit);
    log_sink_flush(sink);
    ssize_t n = pread(fd, all, sizeof all - 1, 0);
    char *at = all;
    for (int i = 0; i < 40; i++) {
        size_t length = make_line(i, line);
        assert_memory_equal(at, line, length);
        at += length;
    }
    assert_int_equal(at - all, n);
    log_sink_free(sink);
    close(fd);
    unlink(path);
}

/* The last lines are waited for, but not for long. */
static void the_end_of_the_process(void **state) {
    (void)state;
    struct ends ends = open_pipe();
    struct log_sink *sink = log_sink_new(ends.writer);
    alarm(20);
    for (int i = 0; put_line(sink, i); i++)
        ;
    log_sink_finish(sink, 50);
    close(ends.reader);
    log_sink_finish(sink, 1000000);
    alarm(0);
    log_sink_free(sink);
    close(ends.writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe),
        cmocka_unit_test(a_fifo),
        cmocka_unit_test(a_terminal),
        cmocka_unit_test(a_socket),
        cmocka_unit_test(what_cannot_be_opened_again),
        cmocka_unit_test(a_file_at_its_limit),
        cmocka_unit_test(the_end_of_the_process),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
