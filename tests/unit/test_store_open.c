/* Which files a store opens, and that it leaves all others as they are. */
#include "../support/golden.h"
#include "../support/store_fixture.h"

#include "store/db/db_file.h"
#include "store/db/migrations.h"
#include "store/store_upkeep.h"
#include "store/upkeep/store_check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>

static void a_new_store_is_ours(void **state) {
    struct fixture *fixture = *state;
    unsigned steps;
    migrations_table(&steps);
    struct store *store = fixture_open(fixture, STORE_CREATE);
    assert_int_equal(store_migrated(store), steps);
    store_close(store);
    char want[64];
    snprintf(want, sizeof want, "%u\n", steps);
    FIXTURE_SQL_IS(fixture, "PRAGMA user_version", want);
    snprintf(want, sizeof want, "%d\n", (int)MIGRATIONS_APPLICATION_ID);
    FIXTURE_SQL_IS(fixture, "PRAGMA application_id", want);
    FIXTURE_SQL_IS(fixture, "PRAGMA journal_mode", "wal\n");
    FIXTURE_SQL_IS(fixture,
                   "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type"
                   " = 'table' AND name NOT LIKE 'sqlite_%' AND NOT strict",
                   "0\n");
    store = fixture_open(fixture, STORE_WRITE);
    assert_int_equal(store_migrated(store), 0);
    store_close(store);
    store_close(fixture_open(fixture, STORE_READ));
    store_close(NULL);
}

/* A statement with a line for each column, so that a change of one is a change of one line. */
static void print_statement(const char *sql, int columns_depth, FILE *out) {
    int depth = 0;
    for (const char *at = sql; *at; at++) {
        depth += (*at == '(') - (*at == ')');
        fputc(*at, out);
        if (*at == ',' && depth == columns_depth)
            fputs("\n   ", out);
    }
    fputs(";\n", out);
}

static int print_schema_row(void *arg, int n, char **values, char **names) {
    struct golden *golden = arg;
    (void)n, (void)names;
    fprintf(golden->stream, "%s-- %s %s\n%s", ftell(golden->stream) ? "\n" : "", values[0],
            values[1], values[2] ? values[2] : "");
    print_statement(values[3], strcmp(values[0], "table") == 0, golden->stream);
    return 0;
}

/* Tables, indices and views as a new file has them. The views are the interface for operators, the
 * tables what each later version has to migrate. */
static void the_schema_is_as_it_was(void **state) {
    struct fixture *fixture = *state;
    struct golden golden;
    sqlite3 *db;
    store_close(fixture_open(fixture, STORE_CREATE));
    golden_open(&golden);
    assert_int_equal(sqlite3_open_v2(fixture->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "SELECT type, name, iif(type = 'view',"
                                  " (SELECT group_concat('--   ' || name || char(10), '')"
                                  " FROM pragma_table_info(s.name)), ''), sql FROM sqlite_schema s"
                                  " WHERE sql IS NOT NULL ORDER BY type = 'view', tbl_name,"
                                  " type = 'index', name",
                                  print_schema_row, &golden, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    golden_close(&golden, "schema.txt");
}

/* The columns are the interface for operators. */
static void views_have_the_columns_of_the_contract(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    static const struct {
        const char *view;
        const char *columns;
    } views[] = {
        {"v_zone_setting", "zone,setting,variant,first_share,groups,reason,since,evidence_scans,"
                           "valid_until,hybrid_fraction,retry_fraction\n"},
        {"v_origin", "zone,host,port,address,status,verdict,tls_version,preferred_group,"
                     "group_order,x25519,p256,p384,p521,hybrid,draft,off_works,supported_works,"
                     "preferred_works,off_retry,supported_retry,preferred_retry,scanned_at,"
                     "due_at\n"},
        {"v_group_share", "group_name,origins,supported,supported_fraction,preferred,"
                          "preferred_fraction\n"},
        {"v_failure", "zone,host,port,verdict,probe,outcome,stage,alert,detail,scanned_at\n"},
        {"v_change", "changed_at,subject,field,old,new,reason\n"},
        {"v_backlog", "due_now,oldest_due_at,next_due_at,in_flight\n"},
    };
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT group_concat(name) FROM pragma_table_info('%s')",
                 views[i].view);
        FIXTURE_SQL_IS(fixture, sql, views[i].columns);
    }
}

/* Everything in the directory by name, size and content. */
static char *picture_of(const struct fixture *fixture) {
    char command[256];
    snprintf(command, sizeof command,
             "cd %s && ls -l --time-style=full-iso && cat -- * 2>&1 | cksum", fixture->directory);
    FILE *in = popen(command, "r");
    char *text = calloc(1, 8192);
    assert_true(fread(text, 1, 8191, in) > 0);
    pclose(in);
    return text;
}

/* Opening fails with a line that has `why` in it and changes nothing. */
static void assert_refused(const struct fixture *fixture, enum store_access access,
                           const char *why) {
    char *before = picture_of(fixture);
    struct err err = {""};
    struct store_options options = {.path = fixture->path, .access = access, .busy_ms = 10};
    struct store *store = store_open(&options, &err);
    assert_null(store);
    if (!strstr(err.text, why))
        fail_msg("no '%s' in: %s", why, err.text);
    assert_null(strchr(err.text, '\n'));
    assert_ptr_equal(strstr(err.text, fixture->path), err.text);
    char *after = picture_of(fixture);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void assert_refused_in_any_way(const struct fixture *fixture, const char *why) {
    assert_refused(fixture, STORE_READ, why);
    assert_refused(fixture, STORE_WRITE, why);
    assert_refused(fixture, STORE_CREATE, why);
}

static void write_file(const char *path, const char *bytes, size_t n) {
    FILE *out = fopen(path, "w");
    assert_int_equal(fwrite(bytes, 1, n, out), n);
    fclose(out);
}

static void files_that_are_no_database(void **state) {
    struct fixture *fixture = *state;
    write_file(fixture->path, "example.com\nexample.org\n", 24);
    assert_refused_in_any_way(fixture, "not an originscan database");
    char zeros[8192] = "";
    write_file(fixture->path, zeros, sizeof zeros);
    assert_refused_in_any_way(fixture, "not an originscan database");
    write_file(fixture->path, "SQLite format 3", 16);
    assert_refused_in_any_way(fixture, "not an originscan database");
    unlink(fixture->path);
    mkdir(fixture->path, 0755);
    assert_refused_in_any_way(fixture, "not a regular file");
    rmdir(fixture->path);
}

static void databases_of_other_programs(void **state) {
    struct fixture *fixture = *state;
    fixture_write_sql(fixture->path, "PRAGMA user_version=0; CREATE TABLE t (x); DROP TABLE t");
    assert_refused_in_any_way(fixture, "not one that originscan made");
    unlink(fixture->path);
    fixture_write_sql(fixture->path, "PRAGMA journal_mode=WAL; PRAGMA application_id=1;"
                                     "CREATE TABLE zone (x); INSERT INTO zone VALUES (1)");
    assert_refused_in_any_way(fixture, "not one that originscan made");
}

static void a_missing_file_is_made_only_on_request(void **state) {
    struct fixture *fixture = *state;
    struct err err;
    const enum store_access both[] = {STORE_READ, STORE_WRITE};
    for (int i = 0; i < 2; i++) {
        struct store_options options = {.path = fixture->path, .access = both[i]};
        assert_null(store_open(&options, &err));
        assert_non_null(strstr(err.text, "No such file"));
        assert_int_not_equal(access(fixture->path, F_OK), 0);
    }
    write_file(fixture->path, "", 0);
    assert_refused(fixture, STORE_READ, "the file is empty");
    assert_refused(fixture, STORE_WRITE, "the file is empty");
    store_close(fixture_open(fixture, STORE_CREATE));
    store_close(fixture_open(fixture, STORE_WRITE));
}

static void a_newer_database(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    fixture_write_sql(fixture->path, "PRAGMA user_version=1000");
    assert_refused_in_any_way(fixture, "newer originscan (schema 1000");
}

/* The version can be in the log only: then SQLite has to be asked, but still nothing is written. */
static void a_newer_database_whose_version_is_in_the_log(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    sqlite3 *other;
    sqlite3_open(fixture->path, &other);
    sqlite3_exec(other, "PRAGMA wal_autocheckpoint=0; PRAGMA user_version=1000", NULL, NULL, NULL);
    struct err err = {""};
    struct store_options options = {.path = fixture->path, .access = STORE_WRITE};
    assert_null(store_open(&options, &err));
    assert_non_null(strstr(err.text, "newer originscan (schema 1000"));
    sqlite3_close(other);
    FIXTURE_SQL_IS(fixture, "PRAGMA user_version", "1000\n");
}

static void overwrite(const char *path, off_t at, size_t n) {
    int fd = open(path, O_RDWR);
    char junk[4096];
    memset(junk, 0xa5, sizeof junk);
    assert_int_equal(pwrite(fd, junk, n, at), n);
    close(fd);
}

static void damaged_databases(void **state) {
    struct fixture *fixture = *state;
    long pages = 1;
    for (long page = 0; page < pages; page++) {
        struct stat file;
        store_close(fixture_open(fixture, STORE_CREATE));
        assert_int_equal(stat(fixture->path, &file), 0);
        pages = file.st_size / 4096;
        overwrite(fixture->path, page * 4096 + (page ? 0 : 100), 1000);
        struct err err = {""};
        struct store_options options = {.path = fixture->path, .access = STORE_WRITE};
        assert_null(store_open(&options, &err));
        assert_non_null(strstr(err.text, "damaged"));
        unlink(fixture->path);
    }
    assert_true(pages > 10);
    store_close(fixture_open(fixture, STORE_CREATE));
    assert_int_equal(truncate(fixture->path, 3 * 4096), 0);
    assert_refused_in_any_way(fixture, "damaged: truncated");
}

static pid_t child_that(void (*act)(const struct fixture *), const struct fixture *fixture,
                        int *ready) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        act(fixture);
        if (write(ends[1], "x", 1) == 1)
            pause();
        _exit(0);
    }
    close(ends[1]);
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 1);
    *ready = ends[0];
    return pid;
}

static void end_child(pid_t pid, int ready) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(ready);
}

static void hold_a_write_lock(const struct fixture *fixture) {
    sqlite3 *db;
    sqlite3_open(fixture->path, &db);
    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
}

static void a_database_that_another_program_locks(void **state) {
    struct fixture *fixture = *state;
    int ready;
    store_close(fixture_open(fixture, STORE_CREATE));
    pid_t pid = child_that(hold_a_write_lock, fixture, &ready);
    struct err err = {""};
    struct store_options options = {.path = fixture->path, .access = STORE_WRITE, .busy_ms = 20};
    assert_null(store_open(&options, &err));
    assert_non_null(strstr(err.text, "locked by another program"));
    store_close(fixture_open(fixture, STORE_READ)); /* reading is allowed beside it */
    end_child(pid, ready);
    store_close(fixture_open(fixture, STORE_WRITE));
}

static void hold_a_store(const struct fixture *fixture) {
    fixture_open(fixture, STORE_WRITE);
}

static void a_database_that_another_originscan_writes(void **state) {
    struct fixture *fixture = *state;
    int ready;
    char want[64];
    store_close(fixture_open(fixture, STORE_CREATE));
    pid_t pid = child_that(hold_a_store, fixture, &ready);
    snprintf(want, sizeof want, "in use by another originscan (process %ld)", (long)pid);
    assert_refused(fixture, STORE_WRITE, want);
    assert_refused(fixture, STORE_CREATE, want);
    store_close(fixture_open(fixture, STORE_READ));
    end_child(pid, ready);
    store_close(fixture_open(fixture, STORE_WRITE));
}

/* Root may write everywhere, so the child is nobody if we are root. */
static bool opens_as_nobody(const struct fixture *fixture, const char *why) {
    pid_t pid = fork();
    if (pid == 0) {
        struct err err = {""};
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        struct store_options options = {.path = fixture->path, .access = STORE_WRITE};
        struct store *store = store_open(&options, &err);
        if (!store && !strstr(err.text, why))
            fprintf(stderr, "%s\n", err.text);
        _exit(store ? 0 : strstr(err.text, why) ? 1 : 3);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    return WEXITSTATUS(status) == 0;
}

static void read_only_files_and_directories(void **state) {
    struct fixture *fixture = *state;
    store_close(fixture_open(fixture, STORE_CREATE));
    char lock[128];
    snprintf(lock, sizeof lock, "%s.lock", fixture->path);
    unlink(lock);
    chmod(fixture->path, 0444);
    chmod(fixture->directory, 0777);
    assert_false(opens_as_nobody(fixture, "read-only"));
    chmod(fixture->path, 0666);
    chmod(fixture->directory, 0555);
    assert_false(opens_as_nobody(fixture, "Permission denied"));
    chmod(fixture->directory, 0777);
    assert_true(opens_as_nobody(fixture, "nothing"));
}

static const char SCHEMA[] = "SELECT name, sql FROM sqlite_schema ORDER BY name";

static void each_older_schema_is_brought_up_to_date(void **state) {
    struct fixture *fixture = *state;
    unsigned steps;
    migrations_table(&steps);
    store_close(fixture_open(fixture, STORE_CREATE));
    char *want = fixture_sql(fixture, SCHEMA);
    for (unsigned from = 1; from < steps; from++) {
        unlink(fixture->path);
        fixture_make_older(fixture, from);
        char command[512];
        snprintf(command, sizeof command, "run `originscan db --db %s migrate`", fixture->path);
        assert_refused(fixture, STORE_READ, "older originscan");
        assert_refused(fixture, STORE_READ, command);
        struct store *store = fixture_open(fixture, STORE_WRITE);
        assert_int_equal(store_migrated(store), steps - from);
        store_close(store);
        FIXTURE_SQL_IS(fixture, SCHEMA, want);
    }
    free(want);
}

/* Rows in which `off` stood for no advice are settled anew; a zone without a row has one in the view. */
static void zones_without_advice_say_none(void **state) {
    struct fixture *fixture = *state;
    enum { STEPS_BEFORE = 6 }; /* "a zone without advice says none" is the next */
    fixture_make_older(fixture, STEPS_BEFORE);
    fixture_write_sql(
        fixture->path,
        "INSERT INTO zone (id, name) VALUES (1, 'advised'), (2, 'new'), (3, 'old');"
        "INSERT INTO zone_setting (zone_id, setting, first_share, groups, reason, since,"
        " evidence_scans, valid_until, stage_percent) VALUES"
        " (1, 'off', 29, '29,23', 'tls12-only', 1, 3, 9000, 100),"
        " (3, 'off', 29, '29,23', 'no-evidence', 1, 0, NULL, 100)");
    store_close(fixture_open(fixture, STORE_WRITE));
    FIXTURE_SQL_IS(fixture,
                   "SELECT zone, setting, groups, reason, evidence_scans FROM v_zone_setting",
                   "advised|off|X25519,P-256|tls12-only|3\n"
                   "new|none|NULL|no-evidence|0\n"
                   "old|off|X25519,P-256|no-evidence|0\n");
    FIXTURE_SQL_IS(fixture, "SELECT zone_id FROM zone_touched", "3\n");
}

static void fail_on_problem(void *arg, const char *text) {
    (void)arg;
    fail_msg("%s", text);
}

/* Each origin is in the zone that it was in, with its weight, its wish and its traffic. */
static void an_origin_becomes_a_member_of_its_zone(void **state) {
    struct fixture *fixture = *state;
    enum { STEPS_BEFORE = 12 }; /* "an origin may be in several zones" is the next */
    uint64_t n;
    fixture_make_older(fixture, STEPS_BEFORE);
    fixture_write_sql(
        fixture->path,
        "INSERT INTO zone (id, name) VALUES (1, 'shop'), (2, 'mail'), (3, 'ordered');"
        "INSERT INTO lever (zone_id, name, value, set_at) VALUES (3, 'pin', 'off', 1);"
        "INSERT INTO origin (id, zone_id, host, port, sni, address, weight, due_at, status, unseen,"
        " visits, kept, last_scan, verdict, proof_share, proof_dual) VALUES"
        " (1, 2, 'm.example', 443, '=', '', 1, 5, NULL, 1, 0, 0, NULL, NULL, NULL, 0),"
        " (2, 1, 's.example', 443, '=', '', 0.25, 7, 'complete', 0, 2, 0, NULL, 'ready', 23, 1),"
        " (4, 1, 't.example', 8443, '', '192.0.2.1', 3, 6, NULL, 1, 0, 0, NULL, NULL, NULL, 0);"
        "INSERT INTO origin_traffic VALUES (2, 12.5, 99);"
        "INSERT INTO failure (origin_id, position, verdict, probe, outcome, stage) VALUES"
        " (2, 0, 'ready', 'classical', 'reset', 'hello');"
        "INSERT INTO evidence VALUES (2, x'01');");
    char *before = fixture_sql(fixture, "SELECT * FROM v_origin ORDER BY host");
    char *failures = fixture_sql(fixture, "SELECT * FROM v_failure");
    struct store *store = fixture_open(fixture, STORE_WRITE);
    FIXTURE_SQL_IS(fixture, "SELECT * FROM v_origin ORDER BY host", before);
    FIXTURE_SQL_IS(fixture, "SELECT * FROM v_failure", failures);
    FIXTURE_SQL_IS(
        fixture, "SELECT zone_id, origin_id, weight, proof_share, proof_preferred FROM membership",
        "1|2|0.25|23|1\n1|4|3.0|NULL|0\n2|1|1.0|NULL|0\n");
    FIXTURE_SQL_IS(fixture, "SELECT * FROM origin_traffic", "1|2|12.5|99\n");
    FIXTURE_SQL_IS(fixture, "SELECT zone_id, value FROM lever", "3|off\n");
    FIXTURE_SQL_IS(fixture, "SELECT memo FROM evidence WHERE origin_id = 2", "\x01\n");
    FIXTURE_OK(store_check(store, NULL, fail_on_problem, NULL, &n, &err));
    struct store_claim claims[3];
    assert_int_equal(fixture_claim_some(store, 8, 3, claims), 3);
    assert_string_equal(claims[0].origin.zone, "mail");
    assert_int_equal(claims[2].proof_share, 23);
    assert_true(claims[2].proof_dual);
    fixture_import(store, "mail", "s.example");
    FIXTURE_SQL_IS(fixture, "SELECT zone FROM v_origin WHERE host = 's.example' ORDER BY 1",
                   "mail\nshop\n");
    store_close(store);
    free(before);
    free(failures);
}

/* How long handshakes take is not known of what an older version scanned, until the next scan. */
static void an_older_scan_has_no_handshake_time(void **state) {
    struct fixture *fixture = *state;
    enum { STEPS_BEFORE = 13 }; /* "how long a handshake takes" is the next */
    fixture_make_older(fixture, STEPS_BEFORE);
    fixture_write_sql(
        fixture->path,
        "INSERT INTO zone (id, name) VALUES (1, 'shop');"
        "INSERT INTO origin (id, host, port, sni, address, due_at, status, unseen, visits, kept,"
        " scanned_at, conclusive, verdict) VALUES"
        " (1, 's.example', 443, '=', '', 7, 'complete', 0, 2, 0, 5, 1, 'ready');"
        "INSERT INTO membership (zone_id, origin_id, weight) VALUES (1, 1, 1)");
    char *before = fixture_sql(fixture, "SELECT * FROM v_origin");
    struct store *store = fixture_open(fixture, STORE_WRITE);
    FIXTURE_SQL_IS(fixture, "SELECT * FROM v_origin", before);
    FIXTURE_SQL_IS(fixture, "SELECT handshake_us, connect_us FROM origin", "NULL|NULL\n");
    struct store_claim claim = fixture_claim(store, 8);
    struct fixture_scan made;
    fixture_ready(&made, &claim.origin, 8);
    fixture_commit(store, claim.origin_id, &made);
    FIXTURE_SQL_IS(fixture, "SELECT handshake_us, connect_us FROM origin", "40002|20011\n");
    store_close(store);
    free(before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_new_store_is_ours),
        FIXTURE_TEST(the_schema_is_as_it_was),
        FIXTURE_TEST(views_have_the_columns_of_the_contract),
        FIXTURE_TEST(files_that_are_no_database),
        FIXTURE_TEST(zones_without_advice_say_none),
        FIXTURE_TEST(an_origin_becomes_a_member_of_its_zone),
        FIXTURE_TEST(an_older_scan_has_no_handshake_time),
        FIXTURE_TEST(databases_of_other_programs),
        FIXTURE_TEST(a_missing_file_is_made_only_on_request),
        FIXTURE_TEST(a_newer_database),
        FIXTURE_TEST(a_newer_database_whose_version_is_in_the_log),
        FIXTURE_TEST(damaged_databases),
        FIXTURE_TEST(a_database_that_another_program_locks),
        FIXTURE_TEST(a_database_that_another_originscan_writes),
        FIXTURE_TEST(read_only_files_and_directories),
        FIXTURE_TEST(each_older_schema_is_brought_up_to_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
