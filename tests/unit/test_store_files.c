/* A database and its names: one writer whatever the name. */
#include "../support/store_fixture.h"

#include "store/store_upkeep.h"

#include <sys/wait.h>

/* Another process that has the database open to write, until end_writer(). */
struct writer {
    pid_t pid;
    int ready;
};

static struct writer begin_writer(const struct fixture *fixture) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct writer writer = {.pid = fork(), .ready = ends[0]};
    if (writer.pid == 0) {
        fixture_open(fixture, STORE_WRITE);
        if (write(ends[1], "x", 1) == 1)
            pause();
        _exit(0);
    }
    close(ends[1]);
    char byte;
    assert_int_equal(read(writer.ready, &byte, 1), 1);
    return writer;
}

static void end_writer(struct writer writer) {
    kill(writer.pid, SIGKILL);
    waitpid(writer.pid, NULL, 0);
    close(writer.ready);
}

static char *beside(const struct fixture *fixture, const char *name) {
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
    return path;
}

static void assert_not_opened(const char *path, enum store_access access, const char *why) {
    struct err err = {""};
    struct store_options options = {.path = path, .access = access, .busy_ms = 10};
    struct store *store = store_open(&options, &err);
    if (store || !strstr(err.text, why))
        fail_msg("%s: %s, not: %s", path, store ? "opened" : err.text, why);
}

static void assert_opened(const char *path, enum store_access access) {
    struct err err = {""};
    struct store_options options = {.path = path, .access = access, .busy_ms = 10};
    struct store *store = store_open(&options, &err);
    if (!store)
        fail_msg("%s", err.text);
    store_close(store);
}

static void every_name_has_the_same_lock(void **state) {
    struct fixture *fixture = *state;
    char here[512], want[80], moved[128], by_moved[160];
    store_close(fixture_open(fixture, STORE_CREATE));
    struct writer writer = begin_writer(fixture);
    snprintf(want, sizeof want, "in use by another originscan (process %ld)", (long)writer.pid);
    assert_int_equal(symlink("scan.db", beside(fixture, "soft.db")), 0);
    assert_not_opened(beside(fixture, "soft.db"), STORE_WRITE, want);
    assert_int_equal(store_writer(beside(fixture, "soft.db")), writer.pid);
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(fixture->directory), 0);
    assert_not_opened("scan.db", STORE_WRITE, want);
    assert_not_opened("./soft.db", STORE_WRITE, want);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(link(fixture->path, beside(fixture, "hard.db")), 0);
    assert_not_opened(beside(fixture, "hard.db"), STORE_WRITE, want);
    assert_int_equal(store_writer(beside(fixture, "hard.db")), writer.pid);
    assert_int_equal(unlink(beside(fixture, "hard.db")), 0);
    assert_int_equal(unlink(beside(fixture, "scan.db.lock")), 0);
    assert_not_opened(fixture->path, STORE_WRITE, want);
    snprintf(moved, sizeof moved, "%s-moved", fixture->directory);
    snprintf(by_moved, sizeof by_moved, "%s/scan.db", moved);
    assert_int_equal(rename(fixture->directory, moved), 0);
    assert_not_opened(by_moved, STORE_WRITE, want);
    assert_int_equal(rename(moved, fixture->directory), 0);
    end_writer(writer);
    assert_int_equal(store_writer(fixture->path), 0);
    assert_opened(fixture->path, STORE_WRITE);
}

static void a_symbolic_link_has_the_log_of_its_file(void **state) {
    struct fixture *fixture = *state;
    struct err err;
    store_close(fixture_open(fixture, STORE_CREATE));
    assert_int_equal(symlink("scan.db", beside(fixture, "soft.db")), 0);
    struct store_options options = {.path = beside(fixture, "soft.db"), .access = STORE_WRITE};
    struct store *store = store_open(&options, &err);
    fixture_import(store, "z", "a.example");
    assert_int_equal(access(beside(fixture, "scan.db-wal"), F_OK), 0);
    assert_int_equal(access(beside(fixture, "scan.db.lock"), F_OK), 0);
    assert_int_not_equal(access(beside(fixture, "soft.db-wal"), F_OK), 0);
    assert_int_not_equal(access(beside(fixture, "soft.db.lock"), F_OK), 0);
    store_close(store);
}

/* SQLite keeps a log for each name, so that what one of them wrote damages what the other reads. */
static void a_file_of_two_names_is_not_written(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    assert_int_equal(link(fixture->path, beside(fixture, "hard.db")), 0);
    const enum store_access writing[] = {STORE_BESIDE, STORE_WRITE, STORE_CREATE};
    for (size_t i = 0; i < sizeof writing / sizeof *writing; i++) {
        assert_not_opened(fixture->path, writing[i], "has 2 names (hard links)");
        assert_not_opened(beside(fixture, "hard.db"), writing[i], "has 2 names (hard links)");
    }
    assert_opened(beside(fixture, "hard.db"), STORE_READ);
    assert_int_equal(unlink(beside(fixture, "hard.db")), 0);
    struct writer writer = begin_writer(fixture);
    assert_int_equal(link(fixture->path, beside(fixture, "hard.db")), 0);
    assert_not_opened(beside(fixture, "hard.db"), STORE_READ, "by another name (hard link)");
    assert_opened(fixture->path, STORE_READ);
    end_writer(writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(every_name_has_the_same_lock),
        FIXTURE_TEST(a_symbolic_link_has_the_log_of_its_file),
        FIXTURE_TEST(a_file_of_two_names_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
