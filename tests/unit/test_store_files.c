/* A database and its names: one writer whatever the name, and a file that is taken away under it. */
#include "../support/store_fixture.h"

#include "store/store_upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nor longer than a test that fails */
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
    assert_not_opened(beside(fixture, "hard.db"), STORE_READ, "under another name (hard link)");
    assert_opened(fixture->path, STORE_READ);
    end_writer(writer);
}

/* ---- a file that is taken away ---- */

static void delete_file(const struct fixture *fixture) {
    assert_int_equal(unlink(fixture->path), 0);
}

static void move_file(const struct fixture *fixture) {
    assert_int_equal(rename(fixture->path, beside(fixture, "away.db")), 0);
}

/* By another database, as an operator might restore one. */
static void replace_file(const struct fixture *fixture) {
    move_file(fixture);
    struct err err;
    struct store_options options = {.path = beside(fixture, "new.db"), .access = STORE_CREATE};
    struct store *store = store_open(&options, &err);
    fixture_import(store, "z", "other.example");
    store_close(store);
    assert_int_equal(rename(beside(fixture, "new.db"), fixture->path), 0);
}

static void cut_file(const struct fixture *fixture) {
    assert_int_equal(truncate(fixture->path, 8192), 0);
}

static void empty_file(const struct fixture *fixture) {
    assert_int_equal(truncate(fixture->path, 0), 0);
}

static void delete_log(const struct fixture *fixture) {
    assert_int_equal(unlink(beside(fixture, "scan.db-wal")), 0);
}

static void delete_index(const struct fixture *fixture) {
    assert_int_equal(unlink(beside(fixture, "scan.db-shm")), 0);
}

static void replace_log(const struct fixture *fixture) {
    delete_log(fixture);
    FILE *file = fopen(beside(fixture, "scan.db-wal"), "w");
    assert_non_null(file);
    fclose(file);
}

/* Of what is in it nothing is in the file yet, so that writing on at its former end would leave a hole. */
static void empty_log(const struct fixture *fixture) {
    assert_int_equal(truncate(beside(fixture, "scan.db-wal"), 0), 0);
}

static void cut_log(const struct fixture *fixture) {
    struct stat log;
    assert_int_equal(stat(beside(fixture, "scan.db-wal"), &log), 0);
    assert_int_equal(truncate(beside(fixture, "scan.db-wal"), log.st_size - 1), 0);
}

static const struct harm {
    void (*act)(const struct fixture *);
    const char *text;
    const char *where_a_is; /* the origin that was committed before; NULL: gone with its file */
    const char *hosts;      /* what stands at the path then; NULL: nothing that can be read */
} harms[] = {
    {delete_file, "was deleted", NULL, NULL},
    {move_file, "was deleted, moved or renamed", "away.db", NULL},
    {replace_file, "was replaced by another file", "away.db", "other.example\n"},
    {cut_file, "was cut short", NULL, NULL},
    {empty_file, "was cut short", NULL, NULL},
    {delete_log, "log (-wal or -shm) was deleted", "scan.db", "a.example\n"},
    {delete_index, "log (-wal or -shm) was deleted", "scan.db", "a.example\n"},
    {replace_log, "log (-wal or -shm) was replaced", NULL, ""},
    {empty_log, "log (-wal) was cut short", NULL, NULL},
    {cut_log, "log (-wal) was cut short", NULL, ""},
};

static void assert_hosts(const char *path, const char *want) {
    struct fixture there;
    snprintf(there.path, sizeof there.path, "%s", path);
    FIXTURE_SQL_IS(&there, "SELECT host FROM origin", want);
}

/* The first commit behind it says so and changes nothing; nothing that was committed before is lost but
 * with the file itself. */
static void a_file_that_is_taken_away_is_noticed(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof harms / sizeof *harms; i++) {
        struct err err = {""};
        struct origin origin;
        struct store_import_counts counts;
        struct store *store = fixture_open(fixture, STORE_CREATE);
        fixture_import(store, "z", "a.example");
        harms[i].act(fixture);
        fixture_origin(&origin, "z", "b.example");
        assert_int_equal(store_import(store, &origin, 1, FIXTURE_NOW, &counts, &err), STORE_BROKEN);
        if (!strstr(err.text, harms[i].text) || strncmp(err.text, fixture->path, 10) != 0)
            fail_msg("no '%s' in: %s", harms[i].text, err.text);
        assert_int_equal(store_import(store, &origin, 1, FIXTURE_NOW, &counts, &err), STORE_BROKEN);
        store_close(store);
        if (harms[i].hosts)
            assert_hosts(fixture->path, harms[i].hosts);
        if (harms[i].where_a_is)
            assert_hosts(beside(fixture, harms[i].where_a_is), "a.example\n");
        char command[128];
        snprintf(command, sizeof command, "rm -f %s/*", fixture->directory);
        assert_int_equal(system(command), 0);
    }
}

/* Who follows the link reads another file from then on, or becomes a second writer. */
static void a_link_that_leads_elsewhere_is_noticed(void **state) {
    struct fixture *fixture = *state;
    struct err err = {""};
    struct origin origin;
    struct store_import_counts counts;
    store_close(fixture_open(fixture, STORE_CREATE));
    assert_int_equal(symlink("scan.db", beside(fixture, "soft.db")), 0);
    struct store_options options = {.path = beside(fixture, "soft.db"), .access = STORE_WRITE};
    struct store *store = store_open(&options, &err);
    fixture_import(store, "z", "a.example");
    options = (struct store_options){.path = beside(fixture, "other.db"), .access = STORE_CREATE};
    store_close(store_open(&options, &err));
    assert_int_equal(unlink(beside(fixture, "soft.db")), 0);
    fixture_import(store, "z", "b.example"); /* a link that is being made anew */
    assert_int_equal(symlink("other.db", beside(fixture, "soft.db")), 0);
    fixture_origin(&origin, "z", "c.example");
    assert_int_equal(store_import(store, &origin, 1, FIXTURE_NOW, &counts, &err), STORE_BROKEN);
    assert_non_null(strstr(err.text, "its name leads to another file now"));
    store_close(store);
    assert_hosts(beside(fixture, "scan.db"), "a.example\nb.example\n");
    assert_hosts(beside(fixture, "soft.db"), "");
}

/* What other programs may do to a database beside it. */
static void a_file_that_is_vacuumed_is_no_other_file(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "z", "a.example");
    fixture_write_sql(fixture->path, "CREATE TABLE ballast (bytes BLOB);"
                                     "INSERT INTO ballast VALUES (zeroblob(3000000));"
                                     "PRAGMA wal_checkpoint");
    fixture_import(store, "z", "b.example");
    fixture_write_sql(fixture->path, "DROP TABLE ballast; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    struct stat file;
    assert_int_equal(stat(fixture->path, &file), 0);
    assert_true(file.st_size < 1000000);
    fixture_import(store, "z", "c.example");
    fixture_write_sql(fixture->path, "PRAGMA wal_checkpoint(TRUNCATE)");
    fixture_import(store, "z", "d.example");
    store_close(store);
}

/* A mount of the file alone, as for a container, has no log beside it. */
static void a_file_mounted_elsewhere_is_not_read_without_its_log(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        skip();
    int fd = open(beside(fixture, "mounted.db"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    char mounted[160];
    snprintf(mounted, sizeof mounted, "%s", beside(fixture, "mounted.db"));
    assert_int_equal(mount(fixture->path, mounted, NULL, MS_BIND, NULL), 0);
    assert_opened(mounted, STORE_READ);
    struct writer writer = begin_writer(fixture);
    const enum store_access beside_it[] = {STORE_READ, STORE_BESIDE};
    for (size_t i = 0; i < sizeof beside_it / sizeof *beside_it; i++) {
        assert_not_opened(mounted, beside_it[i], "writes to it under another name (mount)");
        assert_opened(fixture->path, beside_it[i]);
    }
    assert_int_equal(unlink(beside(fixture, "scan.db.lock")), 0);
    assert_opened(fixture->path, STORE_READ);
    end_writer(writer);
    assert_int_equal(umount(mounted), 0);
}

static int lock_error; /* 0: locks are to be had */

/* In the place of the library's. */
int flock(int fd, int operation) {
    if (lock_error && (operation & LOCK_EX)) {
        errno = lock_error;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

/* Some file systems have none, and NFS has none for a file that is open to read: nobody uses it then. */
static void a_lock_that_cannot_be_had_says_why(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    static const int errors[] = {ENOLCK, EBADF, EOPNOTSUPP};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        char want[128];
        snprintf(want, sizeof want, "cannot be locked: %s", strerror(errors[i]));
        lock_error = errors[i];
        assert_not_opened(fixture->path, STORE_WRITE, want);
    }
    lock_error = 0;
    assert_opened(fixture->path, STORE_WRITE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(every_name_has_the_same_lock),
        FIXTURE_TEST(a_symbolic_link_has_the_log_of_its_file),
        FIXTURE_TEST(a_file_of_two_names_is_not_written),
        FIXTURE_TEST(a_file_that_is_taken_away_is_noticed),
        FIXTURE_TEST(a_link_that_leads_elsewhere_is_noticed),
        FIXTURE_TEST(a_file_that_is_vacuumed_is_no_other_file),
        FIXTURE_TEST(a_file_mounted_elsewhere_is_not_read_without_its_log),
        FIXTURE_TEST(a_lock_that_cannot_be_had_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
