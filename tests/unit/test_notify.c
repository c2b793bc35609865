/* What a service manager receives, on real datagram sockets. */
#include "cmd/service/notify.h"

#include "scanner/base/clock.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* Opens the manager's side; `abstract` chooses the kind of name. */
static int manager(bool abstract) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    snprintf(name, sizeof name, "%soriginscan-notify-%d", abstract ? "@" : "/tmp/", getpid());
    memcpy(address.sun_path, name, strlen(name));
    if (abstract)
        address.sun_path[0] = '\0';
    else
        unlink(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    size_t size = offsetof(struct sockaddr_un, sun_path) + strlen(name) + !abstract;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)size), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void close_manager(int fd) {
    const char *name = getenv("NOTIFY_SOCKET");
    if (name && name[0] == '/')
        unlink(name);
    unsetenv("NOTIFY_SOCKET");
    close(fd);
}

static void expect(int fd, const char *wanted) {
    char message[1024];
    ssize_t n = recv(fd, message, sizeof message - 1, MSG_DONTWAIT);
    assert_true(n > 0);
    message[n] = '\0';
    assert_string_equal(message, wanted);
}

static void expect_all(int fd) {
    assert_true(notify_ready("12 origins due"));
    expect(fd, "READY=1\nSTATUS=12 origins due");
    assert_true(notify_status("two\nlines"));
    expect(fd, "STATUS=two lines");
    assert_true(notify_stopping());
    expect(fd, "STOPPING=1");
    assert_true(notify_watchdog());
    expect(fd, "WATCHDOG=1");
}

static void test_socket_with_a_path(void **state) {
    (void)state;
    int fd = manager(false);
    expect_all(fd);
    close_manager(fd);
}

static void test_socket_with_an_abstract_name(void **state) {
    (void)state;
    int fd = manager(true);
    expect_all(fd);
    close_manager(fd);
}

static void test_reloading_carries_the_time(void **state) {
    (void)state;
    int fd = manager(true);
    char message[256] = "";
    uint64_t before_us = clock_mono_us(), told_us = 0;
    assert_true(notify_reloading());
    assert_true(recv(fd, message, sizeof message - 1, MSG_DONTWAIT) > 0);
    assert_int_equal(sscanf(message, "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &told_us), 1);
    assert_in_range(told_us, before_us, clock_mono_us());
    close_manager(fd);
}

static void test_a_long_status_is_cut(void **state) {
    (void)state;
    int fd = manager(true);
    char status[2000], message[4096];
    memset(status, 'x', sizeof status - 1);
    status[sizeof status - 1] = '\0';
    assert_true(notify_status(status));
    assert_in_range(recv(fd, message, sizeof message, MSG_DONTWAIT), 100, 512);
    close_manager(fd);
}

/* Until the manager's queue has no room. */
static void fill(void) {
    while (notify_watchdog())
        continue;
}

static void drain(int fd) {
    char message[1024];
    while (recv(fd, message, sizeof message, MSG_DONTWAIT) > 0)
        continue;
}

/* A manager that is busy for a moment, as at the start of a machine, would else wait for READY=1 until it
 * ends the daemon. */
static void test_what_must_be_heard_waits_for_room(void **state) {
    (void)state;
    int fd = manager(true);
    char message[256] = "";
    fill();
    assert_false(notify_ready("Scanning"));
    assert_false(notify_status("lost"));
    drain(fd);
    assert_true(notify_status("next"));
    expect(fd, "READY=1\nSTATUS=Scanning");
    expect(fd, "STATUS=next");
    fill();
    assert_false(notify_reloading());
    assert_false(notify_ready("Reloaded"));
    assert_false(notify_stopping());
    drain(fd);
    notify_flush();
    assert_true(recv(fd, message, sizeof message - 1, MSG_DONTWAIT) > 0);
    assert_int_equal(strncmp(message, "RELOADING=1\n", 12), 0);
    expect(fd, "READY=1\nSTATUS=Reloaded");
    expect(fd, "STOPPING=1");
    assert_true(recv(fd, message, sizeof message, MSG_DONTWAIT) < 0);
    close_manager(fd);
}

/* Of more than is kept, the newest. */
static void test_what_waits_has_an_end(void **state) {
    (void)state;
    int fd = manager(true);
    char status[32], wanted[64];
    fill();
    for (int i = 0; i < 100; i++) {
        snprintf(status, sizeof status, "%d", i);
        assert_false(notify_ready(status));
    }
    drain(fd);
    notify_flush();
    for (int i = 92; i < 100; i++) {
        snprintf(wanted, sizeof wanted, "READY=1\nSTATUS=%d", i);
        expect(fd, wanted);
    }
    close_manager(fd);
}

static void test_nobody_to_tell(void **state) {
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_false(notify_ready("fine"));
    static const char *const bad[] = {"", "@", "relative", "vsock:2:1234", "/no/such/socket"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        assert_false(notify_watchdog());
    }
    unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog_interval(void **state) {
    (void)state;
    char pid[32];
    snprintf(pid, sizeof pid, "%d", getpid());
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(notify_watchdog_us(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(notify_watchdog_us(), 30000000);
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_watchdog_us(), 30000000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_watchdog_us(), 0);
    setenv("WATCHDOG_PID", "none", 1);
    assert_int_equal(notify_watchdog_us(), 0);
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "-5", 1);
    assert_int_equal(notify_watchdog_us(), 0);
    setenv("WATCHDOG_USEC", "30s", 1);
    assert_int_equal(notify_watchdog_us(), 0);
    unsetenv("WATCHDOG_USEC");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_socket_with_a_path),
        cmocka_unit_test(test_socket_with_an_abstract_name),
        cmocka_unit_test(test_reloading_carries_the_time),
        cmocka_unit_test(test_a_long_status_is_cut),
        cmocka_unit_test(test_what_must_be_heard_waits_for_room),
        cmocka_unit_test(test_what_waits_has_an_end),
        cmocka_unit_test(test_nobody_to_tell),
        cmocka_unit_test(test_watchdog_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
