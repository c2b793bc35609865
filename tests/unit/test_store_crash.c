/* What a killed process, a full disk and other programs' locks do to a store: nothing that is not
 * mended by going on. */
#include "../support/store_fixture.h"
#include "store/store_import.h"
#include "store/store_schedule.h"
#include "store/store_upkeep.h"
#include "store/upkeep/store_check.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { ORIGINS = 400, BATCH = 20 };
#define ALL_DUE (FIXTURE_NOW + 2 * FIXTURE_DAY)

static void import_many(const struct fixture *fixture) {
    struct store *store = fixture_open(fixture, STORE_CREATE);
    struct store_import_counts counts = {0};
    static struct origin origins[ORIGINS];
    for (int i = 0; i < ORIGINS; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%d.example", i);
        fixture_origin(&origins[i], host, host);
    }
    FIXTURE_OK(store_import(store, origins, ORIGINS, FIXTURE_NOW, &counts, &err));
    store_close(store);
}

static struct store_claim claims[BATCH];
static struct fixture_scan made[BATCH];
static struct store_finished finished[BATCH];

/* The next batch as a commit; n is 0 when nothing is due. */
static struct store_commit next_batch(struct store *store, int64_t now_ms) {
    size_t n;
    FIXTURE_OK(store_claim(store, now_ms, BATCH, claims, &n, &err));
    for (size_t i = 0; i < n; i++) {
        fixture_ready(&made[i], &claims[i].origin, now_ms);
        finished[i] = (struct store_finished){.origin_id = claims[i].origin_id,
                                              .scan = &made[i].scan,
                                              .judgement = &made[i].judgement};
    }
    return (struct store_commit){.finished = finished, .n = n, .now_ms = now_ms};
}

/* Scans all that is due, and says so through the pipe after each commit. */
static void scan_and_tell(const struct fixture *fixture, int64_t now_ms, int tell) {
    struct store *store = fixture_open(fixture, STORE_WRITE);
    for (;;) {
        struct store_commit commit = next_batch(store, now_ms);
        if (!commit.n)
            break;
        FIXTURE_OK(store_commit(store, &commit, &err));
        uint32_t stored = (uint32_t)commit.stored;
        if (write(tell, &stored, sizeof stored) != sizeof stored)
            _exit(1);
    }
    store_close(store);
}

static void fail_on_problem(void *arg, const char *text) {
    (void)arg;
    fail_msg("%s", text);
}

static void assert_sound(const struct fixture *fixture) {
    struct store *store = fixture_open(fixture, STORE_READ);
    uint64_t n;
    FIXTURE_OK(store_check(store, NULL, fail_on_problem, NULL, &n, &err));
    store_close(store);
}

static long number(const struct fixture *fixture, const char *sql) {
    char *said = fixture_sql(fixture, sql);
    long value = strtol(said, NULL, 10);
    free(said);
    return value;
}

/* Runs the child for that long; returns how many scans it said to be committed, and whether it came
 * to its end. */
static long run_and_kill(const struct fixture *fixture, int64_t now_ms, useconds_t after_us,
                         bool *done) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        scan_and_tell(fixture, now_ms, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    if (after_us <= 1000 * 1000) {
        usleep(after_us);
        kill(pid, SIGKILL);
    }
    long told = 0; /* its pipe holds all that it can say in a day */
    uint32_t stored;
    while (read(ends[0], &stored, sizeof stored) == sizeof stored)
        told += stored;
    int status;
    waitpid(pid, &status, 0);
    *done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    close(ends[0]);
    return told;
}

static void killed_at_any_moment_nothing_is_lost_or_doubled(void **state) {
    struct fixture *fixture = *state;
    enum { KILLS = 50, NEVER_US = 60 * 1000 * 1000 };
    import_many(fixture);
    srand(20261123);
    int day = 0, kills = 0;
    while (kills < KILLS) {
        bool done = false;
        int64_t now_ms = ALL_DUE + 2 * day * FIXTURE_DAY;
        while (!done) {
            useconds_t wait_us = kills < KILLS ? (useconds_t)(rand() % 25000) : NEVER_US;
            long before = number(fixture, "SELECT count(*) FROM scan");
            long told = run_and_kill(fixture, now_ms, wait_us, &done);
            assert_sound(fixture);
            long after = number(fixture, "SELECT count(*) FROM scan");
            assert_in_range(after - before, told, told + BATCH);
            kills += !done;
        }
        day++; /* each origin was scanned once, however often the process died */
        char want[32];
        snprintf(want, sizeof want, "%d|%d\n", day, day);
        FIXTURE_SQL_IS(fixture, "SELECT min(visits), max(visits) FROM origin", want);
    }
    assert_true(day >= 1);
}

static void killed_while_it_is_made_it_can_be_made_again(void **state) {
    struct fixture *fixture = *state;
    srand(7);
    for (int i = 0; i < 30; i++) {
        char command[128];
        snprintf(command, sizeof command, "rm -f %s*", fixture->path);
        assert_int_equal(system(command), 0);
        pid_t pid = fork();
        if (pid == 0) {
            store_close(fixture_open(fixture, STORE_CREATE));
            _exit(0);
        }
        usleep((useconds_t)(rand() % 6000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        store_close(fixture_open(fixture, STORE_CREATE));
        assert_sound(fixture);
    }
}

static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* In a child, whose limits end with it. No file may grow beyond a page for a while. */
static void fill_the_disk(const struct fixture *fixture) {
    struct store *store = fixture_open(fixture, STORE_WRITE);
    long committed = 0;
    signal(SIGXFSZ, SIG_IGN);
    for (;;) {
        struct store_commit commit = next_batch(store, ALL_DUE);
        if (!commit.n)
            break;
        struct err why = {""};
        struct store_claim claim;
        size_t n;
        limit_files(4096);
        assert_int_equal(store_commit(store, &commit, &why), STORE_RETRY);
        assert_int_equal(commit.stored, 0);
        assert_int_not_equal(*why.text, '\0');
        if (committed + (long)commit.n < ORIGINS) /* else nothing is left to claim */
            assert_int_equal(store_claim(store, ALL_DUE, 1, &claim, &n, &why), STORE_RETRY);
        limit_files(RLIM_INFINITY); /* somebody made room */
        FIXTURE_OK(store_commit(store, &commit, &err));
        assert_int_equal(commit.stored, commit.n);
        committed += (long)commit.n;
    }
    store_close(store);
    _exit(0);
}

static void a_full_disk_is_waited_for(void **state) {
    struct fixture *fixture = *state;
    import_many(fixture);
    pid_t pid = fork();
    if (pid == 0)
        fill_the_disk(fixture);
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_sound(fixture);
    assert_int_equal(number(fixture, "SELECT count(*) FROM scan"), ORIGINS);
    assert_int_equal(number(fixture, "SELECT max(visits) FROM origin"), 1);
}

static void a_lock_of_another_program_is_waited_for(void **state) {
    struct fixture *fixture = *state;
    import_many(fixture);
    struct store *store = fixture_open(fixture, STORE_WRITE);
    struct store_commit commit = next_batch(store, ALL_DUE);
    sqlite3 *other;
    sqlite3_open(fixture->path, &other);
    sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    struct err why = {""};
    struct store_claim claim;
    size_t n = 7;
    assert_int_equal(store_commit(store, &commit, &why), STORE_RETRY);
    assert_non_null(strstr(why.text, "locked by another program"));
    assert_int_equal(store_claim(store, ALL_DUE, 1, &claim, &n, &why), STORE_RETRY);
    assert_int_equal(n, 0);
    sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    FIXTURE_OK(store_commit(store, &commit, &err));
    assert_int_equal(commit.stored, BATCH);
    sqlite3_close(other);
    store_close(store);
    assert_sound(fixture);
}

static void readers_block_nobody(void **state) {
    struct fixture *fixture = *state;
    import_many(fixture);
    struct store *store = fixture_open(fixture, STORE_WRITE);
    sqlite3 *reader;
    sqlite3_stmt *statement;
    sqlite3_open_v2(fixture->path, &reader, SQLITE_OPEN_READONLY, NULL);
    sqlite3_exec(reader, "BEGIN", NULL, NULL, NULL);
    sqlite3_prepare_v2(reader, "SELECT count(*) FROM v_origin WHERE status IS NOT NULL", -1,
                       &statement, NULL);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW); /* it holds a snapshot from here on */
    for (int i = 0; i < 5; i++) {
        struct store_commit commit = next_batch(store, ALL_DUE);
        FIXTURE_OK(store_commit(store, &commit, &err));
    }
    sqlite3_reset(statement);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 0);
    sqlite3_finalize(statement);
    sqlite3_close(reader);
    assert_int_equal(number(fixture, "SELECT count(*) FROM v_origin WHERE status IS NOT NULL"),
                     5 * BATCH);
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(killed_at_any_moment_nothing_is_lost_or_doubled),
        FIXTURE_TEST(killed_while_it_is_made_it_can_be_made_again),
        FIXTURE_TEST(a_full_disk_is_waited_for),
        FIXTURE_TEST(a_lock_of_another_program_is_waited_for),
        FIXTURE_TEST(readers_block_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
