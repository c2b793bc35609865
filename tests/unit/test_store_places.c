/* Where a database may lie: on a small file system, and in a folder that its reader may not write. */
#include "../support/store_fixture.h"

#include "store/store_read.h"
#include "store/store_rule.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

/* The status of a child that may not mount here, though it is root: in a container, say. */
enum { NOT_ALLOWED = 77 };

/* Runs the rest in a child, whose failures are told by its status. */
static void assert_in_child(void (*act)(struct fixture *), struct fixture *fixture) {
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        act(fixture);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED)
        skip();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child ended with %d", status);
}

static void need(bool holds, const char *what, const struct err *err) {
    if (holds)
        return;
    fprintf(stderr, "%s: %s\n", what, err->text);
    _exit(1);
}

/* ---- a small file system ---- */

static enum store_result commit_something(struct store *store, int i, struct err *err) {
    char value[3000];
    memset(value, 'a' + i % 26, sizeof value - 1);
    value[sizeof value - 1] = '\0';
    return store_rule_value_put(store, "value", value, err);
}

static void fill_up(const char *name) {
    char block[4096] = "";
    FILE *ballast = fopen(name, "w");
    setvbuf(ballast, NULL, _IONBF, 0);
    while (fwrite(block, 1, sizeof block, ballast) == sizeof block)
        continue;
    fclose(ballast);
}

/* Fills it with a file of somebody else's, takes that away again, and nobody else does anything. */
static void fill_and_recover(struct fixture *fixture, struct store *store) {
    struct err err = {""};
    char name[128];
    snprintf(name, sizeof name, "%s/ballast", fixture->directory);
    fill_up(name);
    bool full = false;
    for (int i = 0; i < 2000 && !full; i++)
        full = commit_something(store, i, &err) == STORE_RETRY;
    unlink(name);
    for (int i = 0; i < 50; i++)
        need(commit_something(store, i, &err) == STORE_OK, "after it was full", &err);
}

static void mount_small(const struct fixture *fixture) {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", fixture->directory, "tmpfs", 0, "size=6m") != 0) {
        print_message("skipped: no file system may be mounted here: %s\n", strerror(errno));
        fflush(NULL);
        _exit(NOT_ALLOWED);
    }
}

static void write_on_a_small_file_system(struct fixture *fixture) {
    struct err err = {""};
    mount_small(fixture);
    struct store_options options = {.path = fixture->path, .access = STORE_CREATE};
    struct store *store = store_open(&options, &err);
    need(store != NULL, "open", &err);
    for (int i = 0; i < 3000; i++)
        need(commit_something(store, i, &err) == STORE_OK, "commit", &err);
    fill_and_recover(fixture, store);
    store_close(store);
    umount(fixture->directory);
}

static void six_megabytes_are_enough(void **state) {
    if (geteuid() != 0)
        skip(); /* only root may mount */
    assert_in_child(write_on_a_small_file_system, *state);
}

/* A reader makes the index of the log, which takes room of the disk. */
static void read_on_a_full_file_system(struct fixture *fixture) {
    struct err err = {""};
    char name[128];
    mount_small(fixture);
    store_close(fixture_open(fixture, STORE_CREATE));
    snprintf(name, sizeof name, "%s/ballast", fixture->directory);
    fill_up(name);
    struct store_options options = {.path = fixture->path, .access = STORE_READ};
    need(!store_open(&options, &err), "open", &err);
    need(strstr(err.text, ": no space left on the device") != NULL, "why", &err);
    umount(fixture->directory);
}

static void a_full_disk_is_told_to_a_reader(void **state) {
    if (geteuid() != 0)
        skip(); /* only root may mount */
    assert_in_child(read_on_a_full_file_system, *state);
}

/* ---- a reader who may not write ---- */

static void become_nobody(void) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        _exit(2);
}

static void read_as_nobody(struct fixture *fixture) {
    struct err err = {""};
    uint64_t n = 0;
    become_nobody();
    struct store_options options = {.path = fixture->path, .access = STORE_READ};
    struct store *store = store_open(&options, &err);
    need(store != NULL, "open", &err);
    need(store_origin_count(store, &n, &err) == STORE_OK && n == 1, "count", &err);
    store_close(store);
}

static void change_modes(const struct fixture *fixture, mode_t file, mode_t folder) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", fixture->path, suffixes[i]);
        chmod(name, file);
    }
    chmod(fixture->directory, folder);
}

/* Beside a daemon, behind one, and behind one that was killed. */
static void whoever_may_read_can_read(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "z", "a.example");
    change_modes(fixture, 0644, 0755);
    assert_in_child(read_as_nobody, fixture);
    store_close(store);
    change_modes(fixture, 0444, 0555);
    assert_in_child(read_as_nobody, fixture);
    change_modes(fixture, 0644, 0755);
    pid_t pid = fork();
    if (pid == 0) {
        fixture_open(fixture, STORE_WRITE);
        _exit(0); /* as if killed: the log stays */
    }
    waitpid(pid, NULL, 0);
    change_modes(fixture, 0444, 0555);
    assert_in_child(read_as_nobody, fixture);
}

/* The reader finds a writer's log, or half of what there was. What is open then is to be closed. */
static struct store *write_meanwhile(const struct fixture *fixture) {
    struct store_options options = {.path = fixture->path, .access = STORE_WRITE};
    struct err err = {""};
    struct store *store = store_open(&options, &err);
    need(store != NULL, "open", &err);
    fixture_import(store, "z", "b.example");
    return store;
}

static struct store *cut_meanwhile(const struct fixture *fixture) {
    need(truncate(fixture->path, 4096) == 0, "truncate", &(struct err){""});
    return NULL;
}

static void read_what_is_changed(const struct fixture *fixture,
                                 struct store *(*change)(const struct fixture *)) {
    struct err err = {""};
    uint64_t n = 0;
    int ready[2], go[2];
    char byte;
    need(pipe(ready) == 0 && pipe(go) == 0, "pipe", &err);
    pid_t pid = fork();
    if (pid == 0) {
        become_nobody();
        struct store_options options = {.path = fixture->path, .access = STORE_READ, .cache_kb = 1};
        struct store *store = store_open(&options, &err);
        need(store && write(ready[1], "x", 1) == 1 && read(go[0], &byte, 1) == 1, "open", &err);
        need(store_origin_count(store, &n, &err) == STORE_RETRY, "count", &err);
        need(strstr(err.text, "was written while it was read") != NULL, "why", &err);
        _exit(0);
    }
    int status;
    close(ready[1]); /* a child that fails before is heard of, not waited for */
    need(read(ready[0], &byte, 1) == 1, "ready", &err);
    struct store *changing = change(fixture);
    need(write(go[1], "x", 1) == 1, "go", &err);
    waitpid(pid, &status, 0);
    store_close(changing);
    need(status == 0, "child", &err);
}

static void read_what_is_written_meanwhile(struct fixture *fixture) {
    read_what_is_changed(fixture, write_meanwhile);
    read_what_is_changed(fixture, cut_meanwhile);
}

static void a_reader_without_locks_notices_a_writer(void **state) {
    struct fixture *fixture = *state;
    if (geteuid() != 0)
        skip(); /* the writer has to be another user */
    store_close(fixture_open(fixture, STORE_CREATE));
    change_modes(fixture, 0644, 0755);
    assert_in_child(read_what_is_written_meanwhile, fixture);
}

static void fail_for_want_of_the_log(struct fixture *fixture) {
    struct err err = {""};
    become_nobody();
    struct store_options options = {.path = fixture->path, .access = STORE_READ};
    need(!store_open(&options, &err), "open", &err);
    need(strstr(err.text, "write-ahead log has to be read") != NULL, "why", &err);
}

static void a_log_that_cannot_be_read_is_told(void **state) {
    struct fixture *fixture = *state;
    char name[128];
    if (geteuid() != 0)
        skip();
    pid_t pid = fork();
    if (pid == 0) {
        fixture_import(fixture_open(fixture, STORE_CREATE), "z", "a.example");
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    snprintf(name, sizeof name, "%s-shm", fixture->path);
    unlink(name);
    change_modes(fixture, 0644, 0755);
    assert_in_child(fail_for_want_of_the_log, fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(six_megabytes_are_enough),
        FIXTURE_TEST(a_full_disk_is_told_to_a_reader),
        FIXTURE_TEST(whoever_may_read_can_read),
        FIXTURE_TEST(a_reader_without_locks_notices_a_writer),
        FIXTURE_TEST(a_log_that_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
