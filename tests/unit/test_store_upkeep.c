/* Pruning, checking and copying. */
#include "../support/store_fixture.h"
#include "cmd/settle/settle_readers.h"
#include "store/store_read.h"
#include "store/store_schedule.h"
#include "store/store_upkeep.h"
#include "store/upkeep/store_check.h"

static void scan_on_days(struct store *store, int from, int to) {
    for (int day = from; day < to; day++) {
        struct store_claim claim = fixture_claim(store, FIXTURE_NOW + 2 * day * FIXTURE_DAY);
        struct fixture_scan made;
        fixture_ready(&made, &claim.origin, FIXTURE_NOW + 2 * day * FIXTURE_DAY);
        fixture_commit(store, claim.origin_id, &made);
    }
}

static bool count_scan(void *arg, const struct scan *scan) {
    assert_true(scan->started_ms > 0);
    ++*(int *)arg;
    return true;
}

static void fail_on_problem(void *arg, const char *text) {
    (void)arg;
    fail_msg("%s", text);
}

static int kept_scans(struct store *store) {
    int kept = 0;
    uint64_t problems;
    FIXTURE_OK(store_history(store, 1, 1000, count_scan, &kept, &err));
    FIXTURE_OK(store_check(store, NULL, fail_on_problem, NULL, &problems, &err));
    return kept;
}

static void pruning_by_number_and_by_age(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "z", "a.example");
    scan_on_days(store, 0, 20);
    struct store_pruned pruned = {0};
    int64_t cursor = 0;
    FIXTURE_OK(store_prune(store, 12, 0, &cursor, 100, &pruned, &err));
    assert_int_equal(cursor, 0);
    assert_int_equal(pruned.scans, 8);
    assert_int_equal(kept_scans(store), 12);
    FIXTURE_OK(store_prune(store, 0, FIXTURE_NOW + 30 * FIXTURE_DAY, &cursor, 100, &pruned, &err));
    assert_int_equal(pruned.scans, 15);
    assert_int_equal(kept_scans(store), 5);
    FIXTURE_OK(store_prune(store, 0, FIXTURE_NOW + 900 * FIXTURE_DAY, &cursor, 100, &pruned, &err));
    assert_int_equal(kept_scans(store), 1); /* the newest stays */
    scan_on_days(store, 20, 22);
    assert_int_equal(kept_scans(store), 3);
    store_close(store);
}

static void pruning_in_slices(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    for (int i = 0; i < 7; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%d.example", i);
        fixture_import(store, "z", host);
        scan_on_days(store, 0, 1);
    }
    struct store_pruned pruned = {0};
    int64_t cursor = 0;
    int slices = 0;
    do {
        FIXTURE_OK(store_prune(store, 60, 0, &cursor, 3, &pruned, &err));
        slices++;
    } while (cursor);
    assert_int_equal(slices, 3);
    assert_int_equal(pruned.scans, 0);
    store_close(store);
}

static void a_commit_limits_the_history(void **state) {
    struct fixture *fixture = *state;
    struct err why;
    struct store_options options = {.path = fixture->path, .access = STORE_CREATE, .keep_scans = 8};
    struct store *store = store_open(&options, &why);
    fixture_import(store, "z", "a.example");
    for (int day = 0; day < 40; day++) {
        scan_on_days(store, day, day + 1);
        assert_in_range(kept_scans(store), day < 8 ? day + 1 : 8, 10);
    }
    store_close(store);
}

static void collect_problem(void *arg, const char *text) {
    fprintf(arg, "%s\n", text);
}

static void assert_problem(const struct fixture *fixture, const char *damage, const char *want) {
    fixture_write_sql(fixture->path, damage);
    struct store *store = fixture_open(fixture, STORE_READ);
    char *said;
    size_t said_n;
    uint64_t n;
    FILE *out = open_memstream(&said, &said_n);
    FIXTURE_OK(store_check(store, &settle_readers, collect_problem, out, &n, &err));
    fclose(out);
    assert_true(n > 0);
    if (!strstr(said, want))
        fail_msg("no '%s' in: %s", want, said);
    free(said);
    store_close(store);
}

static void a_check_finds_what_does_not_fit(void **state) {
    struct fixture *fixture = *state;
    static const char *const damages[][2] = {
        {"UPDATE scan SET packed = x'0102' WHERE id = 2",
         "scan 2: damaged (2 bytes): the checksum is wrong"},
        {"UPDATE origin SET kept = 9", "origin 1: number of stored scans differs from its counter"},
        {"UPDATE origin SET last_scan = 77", "origin 1: its newest scan is missing"},
        {"UPDATE scan SET origin_id = 5 WHERE id = 1", "scan 1: its origin is missing"},
        {"UPDATE scan SET previous = 3 WHERE id = 2",
         "scan 2: it does not come after the scan before it"},
        {"INSERT INTO zone (name) VALUES ('empty')", "zone 2: it has neither origins nor orders"},
        {"DELETE FROM membership", "origin 1: it is in no zone"},
        {"INSERT INTO evidence VALUES (1, randomblob(60))",
         "origin 1: what the rule knows of it is damaged (60 bytes)"},
        {"INSERT INTO evidence VALUES (1, x'')",
         "origin 1: what the rule knows of it is damaged (0 bytes)"},
        {"INSERT INTO origin_visits VALUES (1, randomblob(90))",
         "origin 1: its recent visits are damaged (90 bytes)"},
        {"INSERT INTO zone_memo VALUES (1, randomblob(99))",
         "zone 1: what the rule knows of it is damaged (99 bytes)"},
        {"UPDATE origin_address SET judgement = x'ff00'",
         "origin 1: its address 192.0.2.7: judgement stored by a newer originscan (format 255)"},
        {"DROP INDEX origin_due", "index origin_due is missing"},
        {"CREATE TRIGGER quiet AFTER INSERT ON scan BEGIN DELETE FROM change; END",
         "trigger quiet of scan: originscan creates none of that name"},
        {"CREATE UNIQUE INDEX one ON scan (origin_id, started_at)",
         "index one of scan: originscan creates none of that name"},
        {"DROP VIEW v_backlog; CREATE VIEW v_backlog AS SELECT 0 AS due_now, NULL AS oldest_due_at,"
         " NULL AS next_due_at, 0 AS in_flight",
         "view v_backlog differs from the one that originscan creates"},
        {"DROP VIEW v_backlog; CREATE VIEW v_backlog AS SELECT 0 AS due_now",
         "view v_backlog: its column in_flight is missing"},
        {"ALTER TABLE lever DROP COLUMN comment", "table lever: its column comment is missing"},
        {"DROP TABLE rule_hour", "table rule_hour is missing"},
        {"PRAGMA foreign_keys=OFF; UPDATE membership SET zone_id = 99", "membership"},
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct store *store = fixture_open(fixture, STORE_CREATE);
        fixture_import(store, "z", "a.example");
        scan_on_days(store, 0, 3);
        assert_int_equal(kept_scans(store), 3);
        store_close(store);
        assert_problem(fixture, damages[i][0], damages[i][1]);
        unlink(fixture->path);
    }
}

/* What an operator may add. */
static void a_check_lets_an_operators_own_be(void **state) {
    struct fixture *fixture = *state;
    uint64_t n;
    store_close(fixture_open(fixture, STORE_CREATE));
    fixture_write_sql(fixture->path,
                      "CREATE VIEW mine AS SELECT host FROM origin;"
                      "CREATE TABLE notes (text); CREATE UNIQUE INDEX note ON notes (text);"
                      "CREATE INDEX by_host ON origin (host); ANALYZE");
    struct store *store = fixture_open(fixture, STORE_READ);
    char *said;
    size_t said_n;
    FILE *out = open_memstream(&said, &said_n);
    FIXTURE_OK(store_check(store, &settle_readers, collect_problem, out, &n, &err));
    fclose(out);
    assert_string_equal(said, "");
    free(said);
    store_close(store);
}

static void damaged_history_is_told_and_not_invented(void **state) {
    struct fixture *fixture = *state;
    struct store *store = fixture_open(fixture, STORE_CREATE);
    fixture_import(store, "z", "a.example");
    scan_on_days(store, 0, 3);
    store_close(store);
    fixture_write_sql(fixture->path, "UPDATE scan SET packed = x'01020304050607' WHERE id = 2");
    store = fixture_open(fixture, STORE_READ);
    int n = 0;
    struct err why = {""};
    assert_int_equal(store_history(store, 1, 10, count_scan, &n, &why), STORE_BROKEN);
    assert_non_null(strstr(why.text, "scan 2 of a.example: damaged (7 bytes)"));
    store_close(store);
}

static void a_copy_is_whole_and_replaces_the_old_one(void **state) {
    struct fixture *fixture = *state;
    char copy[160];
    struct err why;
    snprintf(copy, sizeof copy, "%s/copy.db", fixture->directory);
    struct store *writer = fixture_open(fixture, STORE_CREATE);
    fixture_import(writer, "z", "a.example");
    scan_on_days(writer, 0, 2);
    FILE *old = fopen(copy, "w");
    fputs("old", old);
    fclose(old);
    struct store *reader = fixture_open(fixture, STORE_READ);
    FIXTURE_OK(store_backup(reader, copy, &err));
    store_close(reader);
    scan_on_days(writer, 2, 5);
    FIXTURE_OK(store_backup(writer, copy, &err)); /* also by the writer itself */
    assert_int_not_equal(store_backup(writer, fixture->path, &why), STORE_OK);
    assert_int_not_equal(store_backup(writer, "/nowhere/copy.db", &why), STORE_OK);
    store_close(writer);
    struct store_options options = {.path = copy, .access = STORE_READ};
    reader = store_open(&options, &why);
    assert_non_null(reader);
    assert_int_equal(kept_scans(reader), 5);
    store_close(reader);
    snprintf(copy, sizeof copy, "%s/copy.db.part", fixture->directory);
    assert_int_not_equal(access(copy, F_OK), 0);
}

/* All that is in the tables that matter, as text. */
static char *contents_of(const char *path) {
    struct fixture there;
    snprintf(there.path, sizeof there.path, "%s", path);
    return fixture_sql(&there, "SELECT host, visits, last_scan, status FROM origin;"
                               "SELECT id, previous, started_at, hex(packed) FROM scan");
}

/* What a process leaves that used a copy and was killed: commits that are in its log alone. */
static void leave_log_behind(const struct fixture *fixture, const char *path) {
    char command[512];
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE origin SET host = 'stale.example', visits = 77", NULL, NULL, NULL),
        SQLITE_OK);
    snprintf(command, sizeof command, "mkdir %s/k && cp %s-wal %s-shm %s/k", fixture->directory,
             path, path, fixture->directory);
    assert_int_equal(system(command), 0);
    sqlite3_close(db);
    snprintf(command, sizeof command, "cp %s/k/* %s && rm -r %s/k", fixture->directory,
             fixture->directory, fixture->directory);
    assert_int_equal(system(command), 0);
}

static void a_log_of_a_former_copy_is_not_replayed_into_a_new_one(void **state) {
    struct fixture *fixture = *state;
    static const char *const suffixes[] = {"-wal", "-shm", "-journal", ".part", ".part-wal"};
    char copy[90], name[160];
    snprintf(copy, sizeof copy, "%s/copy.db", fixture->directory);
    struct store *writer = fixture_open(fixture, STORE_CREATE);
    fixture_import(writer, "z", "a.example");
    scan_on_days(writer, 0, 2);
    FIXTURE_OK(store_backup(writer, copy, &err));
    leave_log_behind(fixture, copy);
    scan_on_days(writer, 2, 5);
    FIXTURE_OK(store_backup(writer, copy, &err));
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", copy, suffixes[i]);
        assert_int_not_equal(access(name, F_OK), 0);
    }
    char *want = contents_of(fixture->path), *got = contents_of(copy);
    assert_string_equal(got, want);
    free(want);
    free(got);
    store_close(writer);
}

/* A page that went bad in a file that is open: the copy has it too. */
static void a_copy_that_is_damaged_replaces_nothing(void **state) {
    struct fixture *fixture = *state;
    char copy[90];
    struct err why = {""};
    snprintf(copy, sizeof copy, "%s/copy.db", fixture->directory);
    struct store *writer = fixture_open(fixture, STORE_CREATE);
    fixture_import(writer, "z", "a.example");
    scan_on_days(writer, 0, 1);
    store_close(writer);
    fixture_write_sql(fixture->path,
                      "CREATE TABLE ballast (bytes BLOB);"
                      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                      " WHERE i < 1000) INSERT INTO ballast SELECT zeroblob(3000) FROM n");
    struct store_options options = {.path = fixture->path, .access = STORE_READ, .cache_kb = 40};
    struct store *reader = store_open(&options, &why);
    assert_non_null(reader);
    FIXTURE_OK(store_backup(reader, copy, &err));
    char *want = contents_of(copy);
    struct stat file;
    assert_int_equal(stat(fixture->path, &file), 0);
    FILE *out = fopen(fixture->path, "r+");
    fseek(out, file.st_size / 8192 * 4096 + 1000, SEEK_SET);
    for (int i = 0; i < 200; i++) /* where the row begins */
        fputc(0xa5, out);
    fclose(out);
    assert_int_not_equal(store_backup(reader, copy, &why), STORE_OK);
    if (!strstr(why.text, "the copy is damaged"))
        fail_msg("%s", why.text);
    store_close(reader);
    char *got = contents_of(copy);
    assert_string_equal(got, want);
    free(want);
    free(got);
}

static void a_database_in_use_is_no_target(void **state) {
    struct fixture *fixture = *state, other = **(struct fixture **)state;
    struct err why = {""};
    snprintf(other.path, sizeof other.path, "%s/other.db", fixture->directory);
    struct store *writer = fixture_open(&other, STORE_CREATE);
    struct store *store = fixture_open(fixture, STORE_CREATE);
    assert_int_not_equal(store_backup(store, other.path, &why), STORE_OK);
    assert_non_null(strstr(why.text, "in use by another originscan"));
    store_close(store);
    fixture_import(writer, "z", "a.example");
    store_close(writer);
}

/* The name would be taken from what is there: with /dev/null or /dev/stdout, from every program. */
static void what_is_no_file_is_no_target(void **state) {
    struct fixture *fixture = *state;
    struct err why = {""};
    struct store *store = fixture_open(fixture, STORE_CREATE);
    char fifo[96], link[96];
    struct stat found;
    snprintf(fifo, sizeof fifo, "%s/fifo", fixture->directory);
    snprintf(link, sizeof link, "%s/link", fixture->directory);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink("fifo", link), 0);
    const char *const targets[] = {fifo, link, fixture->directory};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        assert_int_not_equal(store_backup(store, targets[i], &why), STORE_OK);
        assert_non_null(strstr(why.text, "not a regular file"));
    }
    assert_true(lstat(fifo, &found) == 0 && S_ISFIFO(found.st_mode));
    assert_true(lstat(link, &found) == 0 && S_ISLNK(found.st_mode));
    store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(pruning_by_number_and_by_age),
        FIXTURE_TEST(pruning_in_slices),
        FIXTURE_TEST(a_commit_limits_the_history),
        FIXTURE_TEST(a_check_finds_what_does_not_fit),
        FIXTURE_TEST(a_check_lets_an_operators_own_be),
        FIXTURE_TEST(damaged_history_is_told_and_not_invented),
        FIXTURE_TEST(a_copy_is_whole_and_replaces_the_old_one),
        FIXTURE_TEST(a_log_of_a_former_copy_is_not_replayed_into_a_new_one),
        FIXTURE_TEST(a_copy_that_is_damaged_replaces_nothing),
        FIXTURE_TEST(a_database_in_use_is_no_target),
        FIXTURE_TEST(what_is_no_file_is_no_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
